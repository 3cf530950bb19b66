"""How a training run went, as a table and a picture."""

from __future__ import annotations

from pathlib import Path

from ...data.curve import Table
from ...errors import MissingPackageError
from ...io.tables.file import write_table
from ...pictures.figures import new_figure, save_figure
from .checkpoint import Progress

MEASURES = {"loss": ("training loss", "validation loss"), "AUC": ("validation AUC",)}


def write_history(progress: Progress, folder: Path) -> None:
    """Write curves.csv and, where matplotlib is there, curves.png."""
    rows = progress.history
    write_table(folder / "curves.csv", Table({key: [row[key] for row in rows] for key in rows[0]}, name="curves"))
    try:
        figure = new_figure(9, 3.6)
    except MissingPackageError:
        # The table has all the numbers.
        return
    for axes, (measure, names) in zip(figure.subplots(1, len(MEASURES)), MEASURES.items()):
        for name in names:
            axes.plot([row["epoch"] for row in rows], [row[name] for row in rows], label=name)
        axes.axvline(progress.best_epoch, color="#999999", linewidth=0.8, label=f"best epoch {progress.best_epoch}")
        axes.set_xlabel("epoch")
        axes.set_ylabel(measure)
        axes.legend(fontsize="small", frameon=False)
    save_figure(figure, folder / "curves.png")
