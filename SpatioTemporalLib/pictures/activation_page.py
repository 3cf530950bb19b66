"""The page about a run's activation: what was modelled, what was asked, what was found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..data.curve import Table
from ..data.report import Report
from ..data.result import Display
from ..data.series import Series
from ..data.volumes import Map
from ..errors import Finding, MissingPackageError, Severity
from ..numerics.bold.design import Design
from ..steps.bold.active_clusters import Active
from ..steps.bold.contrasts import Contrast
from .figures import anatomy_of, draw_map, new_figure
from .report_page import heading, page, paragraph, picture, table_of

MOST_SLICES, MOST_NAMES = 6, 40


@dataclass(frozen=True, eq=False)
class ActivationPage:
    """What the page tells."""

    design: Design
    contrasts: list[Contrast]
    found: dict[str, Active]
    clusters: Table
    z: dict[str, Map]
    series: Series
    degrees: int
    findings: tuple[Finding, ...]


def activation_report(content: ActivationPage) -> Report:
    """One page; pictures where matplotlib is there, a sentence that says how to get them where it is not."""
    title = "Task activation"
    frames = len(content.design.times)
    text = (
        f"{frames} frames, {content.design.matrix.shape[1]} columns, {content.degrees} degrees of freedom. Maps lie "
        "over the mean image; thresholds are |z|."
    )
    parts = [paragraph("For research only, not for clinical use.", "warning"), paragraph(text)]
    parts += [paragraph(str(f), "warning") for f in content.findings if f.severity is not Severity.NOTE]
    for contrast in content.contrasts:
        active = content.found[contrast.text]
        parts.append(heading(contrast.text))
        parts.append(paragraph(_found(active, contrast)))
        parts += _pictured(lambda c=contrast, a=active: active_figure(content, c, a), contrast.text)
        parts += [table_of(active.table)] if active.table.row_count else []
    parts.append(heading("Design"))
    parts += _pictured(lambda: design_figure(content.design, content.contrasts), "design matrix")
    return Report(title, page(title, parts))


def _found(active: Active, contrast: Contrast) -> str:
    if not np.isfinite(active.threshold):
        return f"No voxel is active: no |z| of {contrast.statistic} is large enough for the threshold."
    count = active.table.row_count
    return f"{count} cluster{'' if count == 1 else 's'} above |z| = {active.threshold:.3g}."


def _pictured(draw, description: str) -> list[str]:
    try:
        return [picture(draw(), description)]
    except MissingPackageError as error:
        return [paragraph(f"No pictures: {error}", "small")]


def design_figure(design: Design, contrasts: list[Contrast]):
    """The design matrix as a picture, time downwards, with the weights of the contrasts below it."""
    figure = new_figure(max(5.0, 0.28 * min(len(design.names), MOST_NAMES) + 2), 6.5)
    above, below = figure.subplots(2, 1, height_ratios=[5, max(1, 0.4 * sum(len(c.rows) for c in contrasts))])
    largest = np.abs(design.matrix).max(axis=0)
    shown = design.matrix / np.where(largest > 0, largest, 1.0)
    end = design.times[-1]
    above.imshow(shown, aspect="auto", cmap="gray", vmin=-1, vmax=1, extent=(-0.5, len(design.names) - 0.5, end, 0))
    above.set_ylabel("time [s]")
    above.set_xticks([])
    rows = np.concatenate([contrast.rows for contrast in contrasts])
    limit = float(np.abs(rows).max()) or 1.0
    below.imshow(rows, aspect="auto", cmap="coolwarm", vmin=-limit, vmax=limit)
    below.set_yticks(range(len(rows)), [c.text for c in contrasts for _ in c.rows], fontsize=6)
    below.set_xticks(range(len(design.names)), design.names, rotation=90, fontsize=6)
    return figure


def active_figure(content: ActivationPage, contrast: Contrast, active: Active):
    """z above the threshold over the mean image, in the slices that hold most of it."""
    z = content.z[contrast.name]
    above = np.abs(np.nan_to_num(z.values)) > active.threshold
    in_slice = above.sum(axis=(1, 2))
    count = min(MOST_SLICES, max(int((in_slice > 0).sum()), 1), z.geometry.shape[0])
    slices = np.sort(np.argsort(-in_slice, kind="stable")[:count])
    figure = new_figure(2.6 * count + 1.2, 3.0)
    shown = Map(np.where(above, z.values, np.nan), z.geometry, "1", "z")
    background = anatomy_of(content.series)
    limit = float(np.nanmax(np.abs(z.values), initial=0.0)) or 1.0
    for axes, number in zip(figure.subplots(1, count, squeeze=False)[0], slices):
        draw_map(axes, shown, Display((-limit, limit), "coolwarm", symbol="z"), int(number), background)
        axes.set_title(f"slice {number + 1}", fontsize=8)
    return figure
