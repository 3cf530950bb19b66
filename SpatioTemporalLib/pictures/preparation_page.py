"""The page about a prepared functional run: what was done, how the head moved, and what became of the signal."""

from __future__ import annotations

import numpy as np

from ..data.report import Report
from ..data.result import Display
from ..data.volumes import Map
from ..errors import MissingPackageError, Severity
from ..steps.bold.preprocessing.whole_preparation import Prepared
from .figures import CURVE_COLOURS, draw_map, new_figure
from .report_page import facts_of, heading, page, paragraph, picture

MOST_SLICES, CARPET_VOXELS, CARPET_LIMIT = 5, 1200, 2.0
MOVED = "#d55e00"


def preparation_report(found: Prepared, snr: tuple[Map, Map], fd_threshold: float) -> Report:
    """One page; pictures where matplotlib is there, a sentence that says how to get them where it is not."""
    title = "Quality of a functional run"
    parts = [paragraph("For research only, not for clinical use.", "warning")]
    parts += [paragraph(str(f), "warning") for f in found.findings if f.severity is not Severity.NOTE]
    parts += [heading("What was done"), *(paragraph(step) for step in found.steps), facts_of(found.summary)]
    parts += [heading("Motion"), *_pictured(lambda: motion_figure(found, fd_threshold), "motion of the head")]
    text = (
        "Each row is a voxel, time goes from left to right; grey is its mean, white and black are two standard "
        "deviations above and below. Stripes that go through all rows at once are no activity of nerve cells."
    )
    parts += [heading("All voxels over time"), paragraph(text)]
    parts += _pictured(lambda: carpet_figure(found), "voxels over time before and after")
    text = "Mean over standard deviation in time, before without a straight line, after by the degrees of freedom left."
    parts += [heading("Temporal signal-to-noise ratio"), paragraph(text)]
    parts += _pictured(lambda: snr_figure(snr), "temporal signal-to-noise ratio before and after")
    return Report(title, page(title, parts))


def _pictured(draw, description: str) -> list[str]:
    try:
        return [picture(draw(), description)]
    except MissingPackageError as error:
        return [paragraph(f"No pictures: {error}", "small")]


def motion_figure(found: Prepared, threshold: float):
    """Shifts, rotations, framewise displacement and DVARS below one another, censored frames marked."""
    figure = new_figure(8.0, 6.4)
    axes = figure.subplots(4, 1, sharex=True)
    times, columns = found.series.times, found.moved.table.columns
    for n, axis in enumerate("RAS"):
        axes[0].plot(times, found.moved.parameters[:, n], color=CURVE_COLOURS[n], label=axis)
        axes[1].plot(times, np.degrees(found.moved.parameters[:, 3 + n]), color=CURVE_COLOURS[n], label=axis)
    axes[2].plot(times, columns["framewise_displacement"], color="#333333")
    axes[3].plot(times[1:], columns["dvars"][1:], color="#333333")
    if threshold > 0:
        axes[2].axhline(threshold, color=MOVED, linewidth=0.8, linestyle="--")
    for own, name in zip(axes, ("shift [mm]", "rotation [deg]", "displacement [mm]", "DVARS [%]")):
        own.set_ylabel(name, fontsize=8)
        own.tick_params(labelsize=7)
        own.margins(x=0)
        for time in times[found.censored]:
            own.axvline(time, color=MOVED, linewidth=0.8, alpha=0.5)
    axes[0].legend(fontsize=7, frameon=False, ncol=3, loc="upper right")
    axes[3].set_xlabel("time [s]")
    return figure


def carpet_figure(found: Prepared):
    """Voxels over time, before above and after below; the same voxels in the same order."""
    chosen = np.unique(np.linspace(0, found.before.shape[1] - 1, CARPET_VOXELS).astype(int))
    before, after = (_standardised(matrix[:, chosen]) for matrix in (found.before, found.after))
    # Those that go with the mean before are above, so that what they share is seen as stripes.
    order = np.argsort(-(before.mean(axis=1) @ before), kind="stable")
    figure = new_figure(8.0, 5.6)
    end = float(found.series.times[-1])
    for own, matrix, name in zip(figure.subplots(2, 1, sharex=True), (before, after), ("before", "after")):
        own.imshow(
            matrix[:, order].T, aspect="auto", cmap="gray", vmin=-CARPET_LIMIT, vmax=CARPET_LIMIT,
            extent=(float(found.series.times[0]), end, len(order), 0), interpolation="nearest",
        )  # fmt: skip
        own.set_ylabel(f"{name}\nvoxels", fontsize=8)
        own.set_yticks([])
        own.tick_params(labelsize=7)
    own.set_xlabel("time [s]")
    return figure


def _standardised(matrix: np.ndarray) -> np.ndarray:
    centred = matrix.astype(np.float64) - matrix.mean(axis=0, dtype=np.float64)
    spread = centred.std(axis=0)
    return np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 0)


def snr_figure(snr: tuple[Map, Map]):
    """The maps before and after, in the same colours, in slices spread over the mask."""
    there = np.flatnonzero(np.isfinite(snr[0].values).any(axis=(1, 2)))
    # Not the outermost ones, where there are others.
    spread = np.linspace(0, len(there) - 1, MOST_SLICES + 2)[1:-1]
    slices = there[np.unique(spread.round().astype(int))]
    figure = new_figure(2.1 * len(slices) + 1.2, 4.6)
    high = float(np.nanpercentile(np.concatenate([m.values[np.isfinite(m.values)] for m in snr]), 98)) or 1.0
    for row, map, name in zip(figure.subplots(2, len(slices), squeeze=False), snr, ("before", "after")):
        for own, number in zip(row, slices):
            draw_map(own, map, Display((0.0, high), "viridis", symbol="tSNR"), int(number))
            own.set_title(f"{name}, slice {number + 1}", fontsize=8)
            if own is not row[-1]:
                own.images[-1].colorbar.remove()
    return figure
