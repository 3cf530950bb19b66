"""How good many segmentations are: overlap, distances, lesions, and whether they agree over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.curve import Curve, Table
from ...declare import Advanced, Choices, FileOrFolder, Help, Input, Output, Range, Unit, analysis
from ...errors import Finding, InputError, Severity, counted
from ...steps.segmentations.assessed_cases import Assessed, MeasureSettings, assess
from ...steps.segmentations.assessment_tables import (
    Statistics,
    case_table_of,
    comparison_rows,
    froc_rows,
    measure_rows,
)
from ...steps.segmentations.case_table import case_table
from ...steps.segmentations.given_overlaps import given_overlaps, look_alike_rows, named_columns
from ...steps.segmentations.time_consistency import consistency_means, consistency_rows
from ...steps.table_columns import cells_of, word_of

DRAWN, REFERENCE, SCORES = "segmentation", "reference", "probability"
FEWEST, FEW_PATIENTS = 2, 10


@dataclass(frozen=True)
class SegmentationParameters:
    folder: Annotated[
        str, FileOrFolder(), Help("In which the files lie that the table names; the working folder when empty.")
    ] = ""
    patient: Annotated[
        str, Help("Column that says whose a row is: participant_id or patient when empty, else each row is a patient.")
    ] = ""
    tolerance: Annotated[
        float | None, Unit("mm"), Range(0, 100),
        Help("Within which surfaces agree; a voxel's diagonal when empty. Best the distance between two readers."),
    ] = None  # fmt: skip
    overlap: Annotated[
        float, Range(0, 0.99), Help("Intersection over union above which two lesions are the same.")
    ] = 0.1  # fmt: skip
    empty: Annotated[
        str, Choices("left out", "right"),
        Help("What a structure counts that neither has: nothing, or an overlap of 1."), Advanced(),
    ] = "left out"  # fmt: skip
    compared: Annotated[
        tuple[str, ...], Help("Measures in which models are compared, comma-separated.")
    ] = ("Dice", "HD95", "NSD", "lesion F1", "absolute volume error")  # fmt: skip
    subgroups: Annotated[
        tuple[str, ...], Help("Columns that divide the patients, comma-separated, as sex or scanner.")
    ] = ()
    floor: Annotated[
        float, Range(0, 1), Help("Probability from which on connected voxels are a candidate for a lesion."), Advanced()
    ] = 0.1  # fmt: skip
    confidence: Annotated[float, Unit("%"), Range(50, 99.9), Help("Of the intervals.")] = 95.0
    resamples: Annotated[int, Range(100, 20000), Help("Of the bootstrap over patients."), Advanced()] = 2000


@analysis(
    id="prediction.segmentation",
    title="Assessment of segmentations",
    citation="Taha and Hanbury, BMC Med Imaging 15:29 (2015), doi 10.1186/s12880-015-0068-x; Nikolov et al., J Med "
    "Internet Res 23:e26151 (2021) for the surface Dice; Maier-Hein, Reinke et al., Metrics reloaded, Nat Methods "
    "21:195 (2024); Field and Welsh, J R Stat Soc B 69:369 (2007) for the bootstrap of patients; Setio et al., Med "
    "Image Anal 42:1 (2017), arXiv 1612.08012, for the FROC score; Sakoe and Chiba, IEEE Trans Acoust 26:43 (1978), "
    "doi 10.1109/TASSP.1978.1163055, for the warped distance",
    inputs=[
        Input(
            "table", Table,
            help="One row a case: files in the columns reference and segmentation (or segmentation and a name for each "
            "model), as wanted probability (and a name), participant_id, days or time of the case. Or overlaps in "
            "columns Dice, with how many look-alikes there are and were found.",
        )
    ],
    outputs=[
        Output(
            "measures", Table,
            help="Mean with the interval of the patient bootstrap, and median, of each model, structure and measure; "
            "how many were missed, and added where the reference has none.",
        ),
        Output("cases", Table, optional=True, help="All measures of each case, model and structure."),
        Output(
            "comparison", Table, optional=True,
            help="Each model against the last on the same cases: mean difference with interval, and p of the patient "
            "bootstrap and of Wilcoxon's test, also for all rows together (Holm).",
        ),
        Output("over_time", Table, optional=True, help="Whether a patient's visits or frames agree with one another."),
        Output("froc", Curve, optional=True, unit="1", help="Lesions found over false alarms a case."),
        Output("subgroups", Table, optional=True, help="The measures in each part of the patients."),
    ],
    parameters=SegmentationParameters,
)  # fmt: skip
def segmentation(table, *, parameters, context):
    r"""Overlap, distances, volumes and lesions of many segmentations, with intervals by patient and paired tests.

    Notes
    -----
    Each case is measured as `segmentation.comparison` does, one at a time, structure by structure and never with the
    background. A structure that was missed, or that the reference does not have, overlaps by 0 and is as far off as the
    image's diagonal is long: it can never improve a mean. One that neither has is left out. The mean of what the
    reference has is taken in each case first.

    Patients are drawn with replacement together with all their cases (2000 times by default), by percentiles up to 30
    patients and BCa above; models are compared by the same draws, and by Wilcoxon's signed ranks of the patients' mean
    differences. A row without a segmentation is left out, and told.

    With scores, connected voxels (26 neighbours) from the floor on are candidates, as likely as their highest score,
    and one lesion at most; the FROC score is the mean sensitivity at 1/8 to 8 false alarms a case. With times, V are
    the volumes of a patient's cases, of the model (A) and of the reference (B), and

    .. math::
       \frac{\int |V_A - V_B| \, dt}{\int V_B \, dt}, \qquad
       \frac{\overline{|V_{t-1} - 2 V_t + V_{t+1}|}}{\bar V}

    are the error of the volume curve and the flicker, told beyond that of the reference; the warped distance (band of
    a tenth) is by volume and case. Lesions are new that touch none of the visit before on the same grid.
    """
    statistics = Statistics(parameters.confidence / 100, parameters.resamples, context.seed)
    found = _assessed(table, parameters, context.part(0.0, 0.8))
    if not found.values:
        raise InputError(
            "E-LABEL", "no case has a segmentation and a reference with a segment", where=table.name,
            fix="Check the columns and the files they name.",
        )  # fmt: skip
    everybody = np.ones(table.row_count, dtype=bool)
    context.progress(0.8, "drawing patients")
    rows = measure_rows(found, everybody, statistics)
    rows += look_alike_rows(table, found, everybody, statistics.confidence)
    measured = bool(named_columns(table, DRAWN))
    over_time = consistency_rows(found) if measured and found.times is not None else []
    more, curves = froc_rows(found, statistics)
    rows += more + consistency_means(over_time, statistics)
    context.progress(0.9, "comparing models")
    divided, small = _subgroups(table, found, parameters, statistics)
    return {
        "measures": _table(rows, "measures"),
        "cases": case_table_of(found) if measured else None,
        "comparison": _table(comparison_rows(found, parameters.compared, statistics), "comparison"),
        "over_time": _table(over_time, "over_time"),
        "froc": curves or None,
        "subgroups": _table(divided, "subgroups"),
        "findings": (*found.findings, *small, *_not_compared(found, parameters, table.name), *_few(found, table.name)),
    }


def _assessed(table: Table, parameters: SegmentationParameters, context) -> Assessed:
    drawn, scores = named_columns(table, DRAWN), named_columns(table, SCORES)
    if not drawn:
        return given_overlaps(table, case_table(table, [], "", parameters.patient))
    columns = [REFERENCE, *drawn.values(), *scores.values()]
    cases = case_table(table, columns, parameters.folder, parameters.patient)
    settings = MeasureSettings(parameters.tolerance, parameters.overlap, parameters.empty == "right", parameters.floor)
    return assess(cases, REFERENCE, drawn, scores, settings, context)


def _subgroups(table: Table, found: Assessed, parameters, statistics: Statistics) -> tuple[list[dict], list[Finding]]:
    rows, small = [], []
    for column in parameters.subgroups:
        cells = np.array([word_of(cell) for cell in cells_of(table, column)])
        for word in sorted(set(cells)):
            here = cells == word
            if len(np.unique(found.patients[here])) < FEWEST:
                small.append(f"{column} = {word or 'empty'}")
                continue
            part = measure_rows(found, here, statistics)
            part += look_alike_rows(table, found, here, statistics.confidence)
            rows += [{"subgroup": column, "is": word, **row} for row in part]
    text = f"too few patients to measure anything: {', '.join(dict.fromkeys(small))}"
    return rows, [Finding("W-SUBGROUP", Severity.MASK, text, table.name)] if small else []


def _not_compared(found: Assessed, parameters: SegmentationParameters, where: str) -> list[Finding]:
    """Measures that nobody knows; those that are compared by default need not be there, as of given overlaps."""
    known = list(dict.fromkeys(name for measures in found.values.values() for name in measures))
    unknown = [name for name in parameters.compared if name not in (*known, *SegmentationParameters.compared)]
    if not unknown or len(found.models) < 2:
        return []
    text = f"models are not compared in {', '.join(unknown)}, which no measure is called; there are {', '.join(known)}"
    return [Finding("W-MEASURE", Severity.WARN, text, where)]


def _few(found: Assessed, where: str) -> list[Finding]:
    count = len(np.unique(found.patients))
    if count >= FEW_PATIENTS:
        return []
    text = f"{counted(count, 'patient')} only; intervals of fewer than {FEW_PATIENTS} are too narrow"
    return [Finding("W-FEW-PATIENTS", Severity.WARN, text, where)]


def _table(rows: list[dict[str, object]], name: str) -> Table | None:
    return Table({key: [row[key] for row in rows] for key in rows[0]}, name=name) if rows else None
