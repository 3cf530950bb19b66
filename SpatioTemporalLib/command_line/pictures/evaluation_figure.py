"""The picture of an evaluation: ROC curves, and probabilities against what was true."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...data.curve import Table
from ...errors import MissingPackageError
from ...numerics.statistics.roc import roc_area, roc_curve
from ...pictures.figures import CURVE_COLOURS, new_figure, save_figure


def write_evaluation_figure(path: Path, predictions: Table, calibration: Table) -> None:
    """Write the picture where matplotlib is there; say how to get it where it is not."""
    try:
        evaluation_figure(path, predictions, calibration)
    except MissingPackageError as error:
        print(f"no picture: {error}")


def evaluation_figure(path: Path, predictions: Table, calibration: Table) -> Path:
    """Write the picture of a table of probabilities with its labels; gives its path.

    Parameters
    ----------
    predictions : column ``label`` of 1 and 0, and columns named probability...
    calibration : as `prediction.classification` gives it
    """
    figure = new_figure(9.5, 4.5)
    left, right = figure.subplots(1, 2)
    labels = np.array([str(label) for label in predictions.columns["label"]])
    for n, name in enumerate(c for c in predictions.columns if c.startswith("probability")):
        values, colour = np.array(predictions.columns[name], dtype=float), CURVE_COLOURS[n % len(CURVE_COLOURS)]
        there = (labels != "") & np.isfinite(values)
        positive = labels[there] == "1"
        area, curve = roc_area(positive, values[there]), roc_curve(positive, values[there])
        text = f"{name}: AUC {area.auc:.3f} ({area.low:.3f} to {area.high:.3f})"
        left.plot(curve.false_positive_rate, curve.sensitivity, color=colour, label=text)
        own = [row for row, model in enumerate(calibration.columns["model"]) if model == name]
        means, shares = (np.array(calibration.columns[c])[own] for c in ("mean probability", "share positive"))
        right.plot(means, shares, "o-", color=colour, markersize=4, label=name)
    left.set(xlabel="1 - specificity", ylabel="sensitivity", title="Receiver operating characteristic")
    right.set(xlabel="mean probability", ylabel="share of positive cases", title="Calibration")
    for axes in (left, right):
        axes.plot([0, 1], [0, 1], color="#999999", linewidth=0.8, linestyle="--")
        axes.set_aspect("equal")
        axes.legend(fontsize="small", frameon=False, loc="lower right")
    return save_figure(figure, path)
