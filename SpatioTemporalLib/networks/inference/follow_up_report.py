"""The page about one patient: what the network says, what it looked at, how the nodule grew."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...data.curve import Table
from ...data.report import Report
from ...errors import Finding, MissingPackageError, Severity
from ...pictures.figures import new_figure
from ...pictures.report_page import facts_of, heading, page, paragraph, picture, table_of
from ..bundle.reading import Bundle
from ..registry import networks
from .patient import Assessment

TITLES = {
    "layer_cam": "LayerCAM",
    "grad_cam": "Grad-CAM",
    "integrated_gradients": "Integrated gradients",
    "occlusion": "Occlusion",
}
SIGNED = {"integrated_gradients", "occlusion"}
HELPS = {
    "layer_cam": "where features that rose since the first visit speak for the outcome, at a fine map of the network "
    "(Jiang et al., IEEE Trans Image Process 30:5875, 2021)",
    "grad_cam": "where the network's last map speaks for the outcome; too coarse to tell a nodule from what "
    "lies beside it, and less to be trusted than the others "
    "(Selvaraju et al., ICCV 2017)",
    "integrated_gradients": "what each voxel adds to the log-odds, red for and blue against the outcome "
    "(Sundararajan et al., ICML 2017)",
    "occlusion": "how far the log-odds fall when a part is covered (Zeiler and Fergus, ECCV 2014)",
}


@dataclass(frozen=True, eq=False)
class Page:
    """What the page tells: the bundle, its assessment of the patient, and the tables made of it."""

    bundle: Bundle
    assessment: Assessment
    prediction: Table
    visits: Table
    growth: Table | None
    findings: tuple[Finding, ...]


def follow_up_report(content: Page) -> Report:
    """One page; pictures where matplotlib is there, a sentence that says how to get them where it is not."""
    facts = content.bundle.facts
    title = f"Probability of {facts.training.outcome} from follow-up images"
    parts = [paragraph("For research only, not for clinical use.", "warning")]
    if facts.training.simulated:
        text = "This network was trained on simulated data: its answer says nothing about a real patient."
        parts.append(paragraph(text, "warning"))
    parts += [paragraph(_answer(content), "large"), facts_of(content.prediction), *_pictures(content)]
    parts += [heading("Visits"), table_of(content.visits), paragraph(_influence(content.assessment), "small")]
    parts += [heading("Growth")]
    parts += [table_of(content.growth)] if content.growth else [paragraph("Not measured: no two visits have a mask.")]
    odd = [finding for finding in content.findings if finding.severity is not Severity.NOTE]
    parts += [heading("To be considered"), *(paragraph(str(finding), "warning") for finding in odd)] if odd else []
    parts += [heading("How this was made"), *(paragraph(text, "small") for text in _made(content))]
    return Report(title, page(title, parts))


def _answer(content: Page) -> str:
    assessment, outcome = content.assessment, content.bundle.facts.training.outcome
    low, high = assessment.interval
    spread = f" ({100 * low:.0f} to {100 * high:.0f} % over {assessment.spread_of})" if assessment.spread_of else ""
    return f"Probability of {outcome}: {100 * assessment.probability:.0f} %{spread}"


def _influence(assessment: Assessment) -> str:
    return (
        "Influence is the fall of the log-odds when the visit shows what the visit before it showed (the first: what "
        "the second did); large values mean that the answer rests on what is new in that visit."
    )


def _made(content: Page) -> list[str]:
    facts = content.bundle.facts
    card = networks()[facts.architecture.name]
    shape, crops = "×".join(str(n) for n in facts.crops.shape[::-1]), facts.crops
    return [
        f"Network: {facts.architecture.name} ({card.citation}), bundle {content.bundle.name}, on "
        f"{content.assessment.device}.",
        f"Trained on: {facts.training.data}, {facts.training.patients} cases, visits {facts.training.days[0]:.0f} to "
        f"{facts.training.days[1]:.0f} days apart. Calibration: {facts.calibration.note}.",
        f"Seen: {shape} voxels (I×J×K) around the nodule, {crops.window[0]:g} to {crops.window[1]:g} {crops.unit}; "
        f"registration: {crops.registration}.",
        *(f"{TITLES[name]}: {HELPS[name]}." for name in content.assessment.maps),
    ]


def _pictures(content: Page) -> list[str]:
    try:
        figure = visits_figure(content.assessment)
    except MissingPackageError as error:
        return [paragraph(f"No pictures: {error}", "small")]
    return [heading("What the network saw, and what its answer rests on"), picture(figure, "visits and attributions")]


def visits_figure(assessment: Assessment):
    """A row of pictures for the images and for each map, a column for each visit, in the slice that tells most."""
    rows: dict[str, np.ndarray | None] = {"image": None, **assessment.maps}
    days = assessment.crops.days
    figure = new_figure(2.6 * len(days) + 1.2, 2.5 * len(rows))
    for axes_of_row, (name, maps) in zip(figure.subplots(len(rows), len(days), squeeze=False), rows.items()):
        for visit, axes in enumerate(axes_of_row):
            shown = _draw_visit(axes, assessment, visit, name, maps)
        axes_of_row[0].set_ylabel(TITLES.get(name, name))
        label = "0 to 1 over the window" if maps is None else "log-odds" if name in SIGNED else "a.u."
        figure.colorbar(shown, ax=list(axes_of_row), fraction=0.03, pad=0.02, label=label)
        if maps is None:
            for axes, day in zip(axes_of_row, days):
                axes.set_title(f"day {day:g}")
    return figure


def _draw_visit(axes, assessment: Assessment, visit: int, name: str, maps: np.ndarray | None):
    """The image of one visit, with a map over it; gives what the colour bar is of."""
    chosen = _telling_slice(assessment)
    spacing = assessment.crops.grids[0].spacing
    layout = {"origin": "lower", "aspect": spacing[1] / spacing[0], "interpolation": "nearest"}
    shown = axes.imshow(assessment.crops.images[visit, 0, chosen], cmap="gray", vmin=0, vmax=1, **layout)
    if maps is not None:
        shown = _draw_map(axes, name, maps, maps[visit, chosen], layout)
    # Last: every image that is drawn sets the direction of the axes anew.
    _name_sides(axes)
    return shown


def _name_sides(axes) -> None:
    """Turn a picture whose columns run to the patient's right as radiologists look at it, and write the sides on it."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.invert_xaxis()
    for side, place in (("R", (0.04, 0.5)), ("L", (0.96, 0.5)), ("A", (0.5, 0.96))):
        axes.text(*place, side, transform=axes.transAxes, color="#ffdd55", size=8, ha="center", va="center")


def _telling_slice(assessment: Assessment) -> int:
    """The slice that the first map points at most, or the middle one."""
    if not assessment.maps:
        return assessment.crops.images.shape[2] // 2
    maps = next(iter(assessment.maps.values()))
    return int(np.abs(maps).sum(axis=(0, 2, 3)).argmax())


def _draw_map(axes, name: str, maps: np.ndarray, values: np.ndarray, layout: dict):
    """One map over its image: strong values opaque, weak ones clear; one scale for all visits."""
    most = float(np.percentile(np.abs(maps), 99.9)) or 1.0
    opacity = np.clip(np.abs(values) / most, 0, 1) * 0.8
    low, colours = (-most, "coolwarm") if name in SIGNED else (0.0, "inferno")
    return axes.imshow(values, cmap=colours, vmin=low, vmax=most, alpha=opacity, **layout)
