"""Matrices with named rows as pictures, and the page about how regions are connected."""

from __future__ import annotations

import numpy as np

from ..data.curve import Table
from ..data.report import Report
from ..errors import Finding, MissingPackageError, Severity
from .figures import new_figure
from .report_page import heading, page, paragraph, picture, table_of

MOST_NAMES, MOST_ROWS = 60, 20


def matrix_figure(matrix: np.ndarray, names: list[str], label: str, limits=(-1.0, 1.0), colours: str = "coolwarm"):
    """A matrix with the names of its rows where there is room for them."""
    size = float(np.clip(0.16 * len(names) + 2.5, 4.5, 12))
    figure = new_figure(size + 0.8, size)
    axes = figure.subplots()
    shown = axes.imshow(matrix, cmap=colours, vmin=limits[0], vmax=limits[1], interpolation="nearest")
    if len(names) <= MOST_NAMES:
        axes.set_xticks(range(len(names)), names, rotation=90, fontsize=6)
        axes.set_yticks(range(len(names)), names, fontsize=6)
    figure.colorbar(shown, ax=axes, fraction=0.04, pad=0.02, label=label)
    return figure


def connectivity_report(
    title: str,
    matrices: dict[str, tuple[np.ndarray, list[str], tuple[float, float]]],
    strongest: Table,
    text: str,
    findings: tuple[Finding, ...],
) -> Report:
    """One page: each matrix as a picture, and the strongest pairs."""
    parts = [paragraph("For research only, not for clinical use.", "warning"), paragraph(text)]
    parts += [paragraph(str(f), "warning") for f in findings if f.severity is not Severity.NOTE]
    for name, (matrix, names, limits) in matrices.items():
        parts.append(heading(name))
        try:
            parts.append(picture(matrix_figure(matrix, names, name, limits), name))
        except MissingPackageError as error:
            parts.append(paragraph(f"No pictures: {error}", "small"))
    first = {column: cells[:MOST_ROWS] for column, cells in strongest.columns.items()}
    parts += [heading("Strongest pairs"), table_of(Table(first, strongest.units, strongest.name))]
    return Report(title, page(title, parts))
