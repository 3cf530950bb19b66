"""The page of a batch: failures with reasons, distributions with what lies far off, and a picture of each case."""

from __future__ import annotations

import html
import os
from collections import defaultdict
from pathlib import Path

import numpy as np

from ...data.curve import Table
from ...errors import MissingPackageError, counted
from ...io.files.atomic import atomic_path
from ...io.tables.delimited import as_number, read_delimited
from ...pictures.figures import new_figure
from ...pictures.report_page import heading, page, paragraph, picture, table_of
from ..plan import BatchPlan
from .collected import PAGE, Finished

PICTURES = ("maps.png",)
# Robust standard deviations from the median (Iglewicz and Hoaglin 1993).
FAR = 3.5
FEWEST = 5
MOST_PANELS, MOST_OUTLIERS, MOST_FAILURES = 24, 200, 500
GROUPS = ("region", "quantity", "measure", "contrast", "structure")
VALUES = ("median", "mean", "value", "of mean curve", "volume")


def write_page(plan: BatchPlan, finished: list[Finished], failures: list[tuple], results: Path | None) -> Path:
    """Write ``index.html`` of a batch; pictures where matplotlib is there."""
    parts = [paragraph("For research only, not for clinical use.", "warning")]
    told = (
        f"{counted(len(plan.cases), 'case')} of {plan.table.where}: {len(finished)} finished, {len(failures)} failed."
    )
    parts.append(paragraph(told))
    if failures:
        shown = sorted(failures)[:MOST_FAILURES]
        columns = {n: [row[k] for row in shown] for k, n in enumerate(("row", "case", "code", "why", "attempts"))}
        parts += [heading("Failures"), table_of(Table(columns))]
    if results is not None:
        parts += _distributions(results)
    parts += _thumbnails(plan, finished)
    path = plan.out / PAGE
    with atomic_path(path) as temporary:
        temporary.write_text(page(f"Batch: {plan.pipeline.title}", parts), encoding="utf-8")
    return path


def distributions_of(results: Path) -> dict[str, list[tuple[str, float]]]:
    """Values of all cases by what was measured of which region, (case, value) each."""
    table = read_delimited(results)
    place = {name.partition(" [")[0].partition(" (")[0]: n for n, name in reversed(list(enumerate(table.headings)))}
    groups = [place[name] for name in GROUPS if name in place]
    found: dict[str, list[tuple[str, float]]] = defaultdict(list)
    value = next((name for name in VALUES if name in place), None)
    for _, cells in table.rows:
        if value is not None:
            unit = f" [{cells[place['unit']]}]" if "unit" in place and cells[place["unit"]] else ""
            name = ", ".join(cells[n] for n in groups) or value
            _add(found, f"{name}{unit}", cells[0], cells[place[value]])
            continue
        for n, heading_ in enumerate(table.headings[1:], start=1):
            _add(found, ", ".join([*(cells[g] for g in groups), heading_]), cells[0], cells[n])
    return {name: values for name, values in found.items() if len(values) > 1}


def outliers_of(values: list[tuple[str, float]]) -> list[tuple[str, float, float]]:
    """(case, value, robust z) of what lies more than 3.5 robust standard deviations from the median."""
    numbers = np.array([value for _, value in values])
    median = np.median(numbers)
    spread = 1.4826 * np.median(np.abs(numbers - median))
    if len(values) < FEWEST or spread <= 0:
        return []
    z = (numbers - median) / spread
    return [(values[n][0], float(numbers[n]), float(z[n])) for n in np.flatnonzero(np.abs(z) > FAR)]


def _add(found: dict, name: str, case: str, cell: str) -> None:
    number = as_number(cell)
    if number is not None and np.isfinite(number):
        found[name].append((case, number))


def _distributions(results: Path) -> list[str]:
    found = distributions_of(results)
    if not found:
        return []
    parts = [heading("Distributions")]
    try:
        parts.append(picture(_figure(found), "values of all cases, those far off in red"))
    except MissingPackageError as error:
        parts.append(paragraph(f"No pictures: {error}", "small"))
    if len(found) > MOST_PANELS:
        parts.append(
            paragraph(f"The first {MOST_PANELS} of {len(found)} are drawn; all are in {results.name}.", "small")
        )
    far = [(case, name, value, z) for name, values in found.items() for case, value, z in outliers_of(values)]
    if far:
        far = sorted(far, key=lambda row: -abs(row[3]))[:MOST_OUTLIERS]
        columns = ("case", "what", "value", "robust standard deviations from the median")
        parts += [heading("Far off"), table_of(Table({n: [row[k] for row in far] for k, n in enumerate(columns)}))]
    return parts


def _figure(found: dict[str, list[tuple[str, float]]]):
    chosen = list(found.items())[:MOST_PANELS]
    columns = min(3, len(chosen))
    rows = -(-len(chosen) // columns)
    figure = new_figure(4.2 * columns, 1.35 * rows + 0.3)
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes, (name, values) in zip(grid.flat, chosen):
        numbers = np.array([value for _, value in values])
        # Spread by their order, so that the picture is the same each time.
        height = (np.arange(len(numbers)) * 0.6180339887) % 1 - 0.5
        far = np.isin([case for case, _ in values], [case for case, _, _ in outliers_of(values)])
        low, median, high = np.percentile(numbers, (25, 50, 75))
        axes.axvspan(low, high, 0.2, 0.8, color="#dddddd", linewidth=0)
        axes.axvline(median, 0.2, 0.8, color="#333333", linewidth=1)
        axes.scatter(numbers[~far], 0.35 * height[~far], s=6, color="#0072b2", alpha=0.6)
        axes.scatter(numbers[far], 0.35 * height[far], s=12, color="#d55e00")
        axes.set_yticks([])
        axes.set_ylim(-0.6, 0.6)
        axes.tick_params(labelsize=7)
        axes.set_title(name, fontsize=7)
    for axes in grid.flat[len(chosen) :]:
        axes.set_axis_off()
    return figure


def _thumbnails(plan: BatchPlan, finished: list[Finished]) -> list[str]:
    shown = []
    for case in finished:
        places = [case.folder] if plan.pipeline.single else [case.folder / step.name for step in plan.pipeline.steps]
        pictures = [place / name for place in reversed(places) for name in PICTURES if (place / name).is_file()]
        link = html.escape(os.path.relpath(case.folder, plan.out).replace(os.sep, "/"), quote=True)
        image = ""
        if pictures:
            source = html.escape(os.path.relpath(pictures[0], plan.out).replace(os.sep, "/"), quote=True)
            image = f'<img loading="lazy" src="{source}" alt="" style="width:100%">'
        shown.append(
            f'<figure style="display:inline-block;width:300px;margin:6px;vertical-align:top"><a href="{link}">{image}'
            f"<figcaption>{html.escape(case.name)}</figcaption></a></figure>"
        )
    return [heading("Cases"), f"<div>{''.join(shown)}</div>"] if shown else []
