"""What several readers drew of one image: how far they agree, what they agree on, and a model beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.curve import Table
from ...data.result import Display
from ...data.volumes import Label, LabelMap, Map
from ...declare import Help, Input, Output, Range, Unit, analysis
from ...errors import Finding, Severity
from ...numerics.spatial.consensus import EstimatedTruth, majority, staple
from ...steps.segmentations.reading_tables import (
    ALL,
    MOST,
    PAIR_UNITS,
    agreement_rows,
    lesion_list,
    pair_rows,
    reader_rows,
)
from ...steps.segmentations.readings import RegionReadings, reader_names, readings_of

READERS = ("first", "second", "third", "fourth", "fifth", "sixth")
MORE = "As drawn by another reader, on the same grid."


@dataclass(frozen=True)
class ReadersParameters:
    overlap: Annotated[
        float, Range(0, 0.99), Help("Intersection over union above which two lesions are the same.")
    ] = 0.1  # fmt: skip
    least_dice: Annotated[
        float, Range(0, 1), Help("Overlap of two readers below which a structure is to be decided together.")
    ] = 0.7  # fmt: skip
    tolerance: Annotated[
        float | None, Unit("mm"), Range(0, 100), Help("Within which surfaces agree; a voxel's diagonal when empty.")
    ] = None  # fmt: skip


@analysis(
    id="segmentation.readers",
    title="Agreement and consensus of readers",
    citation="Warfield et al., IEEE Trans Med Imaging 23:903 (2004), doi 10.1109/TMI.2004.828354, for STAPLE; Cohen, "
    "Educ Psychol Meas 20:37 (1960); Fleiss, Psychol Bull 76:378 (1971); Gwet, Br J Math Stat Psychol 61:29 (2008)",
    inputs=[
        Input("first", LabelMap, may_be_empty=True, help="As drawn by one reader; segments are known by their names."),
        Input("second", LabelMap, may_be_empty=True, help="As drawn by another reader, on the same grid."),
        *(Input(name, LabelMap, optional=True, may_be_empty=True, help=MORE) for name in READERS[2:]),
        Input(
            "model", LabelMap, optional=True, may_be_empty=True,
            help="As found by a model or a further reader, who takes no part in the consensus.",
        ),
    ],
    outputs=[
        Output("consensus", LabelMap, help="What more than half of the readers marked."),
        Output("staple", LabelMap, help="What is more likely than not, by STAPLE."),
        Output(
            "agreement", Map, unit="%", help="Share of the readers that marked a voxel as any structure.",
            display=Display(window=(0, 100)), range=(0, 100),
        ),
        Output("summary", Table, help="Of each structure: overlap of pairs, kappa of voxels and of lesions, volumes."),
        Output("pairs", Table, help="Of each two readers: overlap, distances of surfaces, kappa of voxels."),
        Output(
            "readers", Table,
            help="Of each reader: volume, sensitivity and specificity by STAPLE, and overlap with what the others "
            "agree on; that of the model with the same.",
        ),
        Output("lesions", Table, optional=True, help="Each lesion, how many marked it and who: a list to decide by."),
    ],
    parameters=ReadersParameters,
)  # fmt: skip
def readers(first, second, third=None, fourth=None, fifth=None, sixth=None, model=None, *, parameters, context):
    r"""What readers of one image agree on by majority and by STAPLE, how far they agree, and who marked which lesion.

    Notes
    -----
    The consensus of a voxel is what more than half of the readers marked: of two readers both, of three two. STAPLE
    finds the truth T and the sensitivity p and specificity q of each reader that make what was drawn most likely, by
    expectation and maximisation (Warfield 2004), structure by structure, within the box around all marks and three
    voxels more: in a whole image specificity is 1 for everybody. Kappa and AC1 are of voxels in the same box,

    .. math:: \kappa = \frac{p_o - p_e}{1 - p_e}

    with the share of readings that agree and that expected by chance. Lesions are connected parts (26 neighbours); two
    readers' are the same by the largest overlap, and so are those that are the same as a third one. Kappa of lesions is
    over those that at least one marked: as none is marked by nobody, it is low or negative where readers differ.

    Each reader is compared with the majority of the others, and the model with the same: whether it is as near to what
    the others drew as the reader who was left out.
    """
    drawn = [one for one in (first, second, third, fourth, fifth, sixth) if one is not None]
    names = reader_names(drawn)
    context.progress(0.05, "pairing segments")
    every, findings = readings_of(drawn if model is None else [*drawn, model])
    readings = [RegionReadings(whole.name, whole.masks[: len(drawn)], whole.geometry) for whole in every]
    tables: dict[str, list[dict]] = {"summary": [], "pairs": [], "readers": [], "lesions": []}
    truths = []
    for n, (whole, region) in enumerate(zip(every, readings)):
        context.progress(0.1 + 0.85 * n / len(every), whole.name)
        truths.append(staple(region.masks))
        pairs = pair_rows(region, names, parameters.tolerance)
        lesions, marked = lesion_list(region, names, parameters.overlap)
        tables["pairs"] += pairs
        tables["lesions"] += lesions
        tables["readers"] += reader_rows(region, names, truths[-1], None if model is None else whole.masks[-1])
        tables["summary"] += agreement_rows(region, pairs, marked)
        findings += _to_decide(region.name, pairs, lesions, parameters.least_dice)
    lesion_units = {"mean volume": "mL", "smallest": "mL", "largest": "mL", "R": "mm", "A": "mm", "S": "mm"}
    return {
        "consensus": _labels(readings, [majority(region.masks) for region in readings], drawn, "consensus"),
        "staple": _labels(readings, _likeliest(truths), drawn, "STAPLE"),
        "agreement": _shares(readings),
        "summary": _table(tables["summary"], "summary"),
        "pairs": _table(tables["pairs"], "pairs", PAIR_UNITS),
        "readers": _table(tables["readers"], "readers", {"volume": "mL"}),
        "lesions": _table(tables["lesions"], "lesions", lesion_units) if tables["lesions"] else None,
        "findings": tuple(findings),
    }


def _to_decide(name: str, pairs: list[dict], lesions: list[dict], least: float) -> list[Finding]:
    """What the readers have to look at together."""
    found = []
    for row in pairs:
        if row["Dice"] < least:
            text = (
                f"{row['reader']} and {row['other']} overlap by {row['Dice']:.2f}, less than {least:g}; decide together"
            )
            found.append(Finding("N-DISCORDANT", Severity.NOTE, text, name))
    open_ones = [str(row["lesion"]) for row in lesions if row["marked by"] not in (ALL, MOST)]
    if open_ones:
        text = f"at most half of the readers marked lesion {', '.join(open_ones)}; decide together"
        found.append(Finding("N-DISCORDANT", Severity.NOTE, text, name))
    return found


def _likeliest(truths: list[EstimatedTruth]) -> list[np.ndarray]:
    """(K, J, I) bool of each structure, where it is more likely than not and likelier than any other."""
    probabilities = np.stack([truth.probability for truth in truths])
    best = probabilities.argmax(axis=0)
    return [(best == n) & (probabilities[n] > 0.5) for n in range(len(truths))]


def _labels(readings: list[RegionReadings], masks: list[np.ndarray], drawn: list[LabelMap], name: str) -> LabelMap:
    values = np.zeros(readings[0].masks.shape[1:], np.uint8 if len(masks) < 256 else np.int16)
    labels = {}
    known = {label.name.strip().lower(): label for one in reversed(drawn) for label in one.labels.values()}
    for number, (region, mask) in enumerate(zip(readings, masks), start=1):
        values[mask] = number
        own = known.get(region.name.strip().lower())
        labels[number] = Label(region.name, own.colour, own.category, own.type) if own else Label(region.name)
    return LabelMap(values, readings[0].geometry, labels, name)


def _shares(readings: list[RegionReadings]) -> np.ndarray:
    """(K, J, I) % of the readers that marked a voxel as anything; no voxel has two labels of one reader."""
    marks = sum(region.masks.sum(axis=0, dtype=np.uint8) for region in readings)
    return (100.0 * marks / len(readings[0].masks)).astype(np.float32)


def _table(rows: list[dict], name: str, units: dict[str, str] | None = None) -> Table:
    return Table({key: [row[key] for row in rows] for key in rows[0]}, units or {}, name)
