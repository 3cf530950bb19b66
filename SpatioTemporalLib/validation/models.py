"""Kinetic models on curves whose parameters, and whose model, others laid down."""

from __future__ import annotations

import csv
from collections.abc import Iterator

import numpy as np

from ..context import Context
from ..data.curve import Curve
from ..data.series import Series
from ..run import run
from ..sample_data import sample_file
from .checks import Comparison

# Column of the file, analysis, and what its curve was made with: flow in mL/100mL/min, PS in 1/min.
CASES = (
    ("patlak 3", "patlak", {"ktrans": 0.15, "vp": 0.1}),
    ("patlak 6", "patlak", {"ktrans": 0.15, "vp": 0.2}),
    ("uptake 15", "two_compartment_uptake", {"fp": 25.0, "ps": 0.025, "vp": 0.05}),
    ("uptake 24", "two_compartment_uptake", {"fp": 25.0, "ps": 0.025, "vp": 0.1}),
    ("exchange 12", "two_compartment_exchange", {"fp": 40.0, "ps": 0.15, "ve": 0.2, "vp": 0.02}),
    ("exchange 22", "two_compartment_exchange", {"fp": 25.0, "ps": 0.15, "ve": 0.2, "vp": 0.1}),
)
UNITS = {"ktrans": "1/min", "ps": "1/min", "fp": "mL/100mL/min", "ve": "1", "vp": "1"}
# What the code collection's own tests allow: a part of the reference on top of a constant.
ALLOWED = {"ktrans": (0.005, 0.1), "ps": (0.005, 0.1), "fp": (5.0, 0.1), "ve": (0.05, 0.0), "vp": (0.025, 0.0)}
LABELS = {"patlak": "Patlak", "two_compartment_exchange": "two-compartment exchange"}


def check_models(context: Context) -> list[Comparison]:
    """Run every check of the models beyond those of Tofts."""
    checks = (_parameters, _chosen_models)
    found = []
    for number, check in enumerate(checks):
        context.progress(number / len(checks), check.__name__.strip("_").replace("_", " "))
        found += check()
    context.progress(1.0, "done")
    return found


def _parameters() -> Iterator[Comparison]:
    for column, analysis, truth in CASES:
        result = run(f"kinetics.{analysis}", series=_series([column]), aif=_plasma(), curve_is="plasma")
        for name, reference in truth.items():
            constant, part = ALLOWED[name]
            yield Comparison(
                "flow models, DRO",
                f"{name}, {column}",
                UNITS[name],
                float(result[name].values.item()),
                reference,
                constant + part * reference,
                "OSIPI",
            )


def _chosen_models() -> Iterator[Comparison]:
    """Part of the curves for which the model that made them is chosen.

    Both curves of the uptake model are left out: they fit the exchange model
    with an interstitium of the whole voxel better, and give the PS they were
    made with to 0.2 % only so. They hold some return.
    """
    cases = [case for case in CASES if case[1] in LABELS]
    series = _series([column for column, _, _ in cases])
    result = run("kinetics.model_selection", series=series, aif=_plasma(), curve_is="plasma", criterion="BIC")
    names = {code: label.name for code, label in result["chosen_model"].labels.items()}
    chosen = [names[int(code)] for code in result["chosen_model"].values.ravel()]
    right = [found == LABELS[analysis] for found, (_, analysis, _) in zip(chosen, cases)]
    yield Comparison("model selection, DRO", "models found", "%", 100 * float(np.mean(right)), 100.0, 0.0, "OSIPI")


def _columns() -> dict[str, np.ndarray]:
    with open(sample_file("reference/osipi_dce.csv"), newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    return {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}


def _series(names: list[str]) -> Series:
    columns = _columns()
    return Series.from_curves(columns["time [s]"], np.stack([columns[n] for n in names], axis=1), unit="mmol/L")


def _plasma() -> Curve:
    columns = _columns()
    return Curve(columns["time [s]"], columns["plasma [mmol/L]"], "mmol/L", "plasma")
