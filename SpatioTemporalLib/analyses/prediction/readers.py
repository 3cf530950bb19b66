"""How far readers agree over many cases, and whether a model is as near to them as they are to one another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ...data.curve import Table
from ...declare import Advanced, FileOrFolder, Help, Input, Output, Range, Unit, analysis
from ...errors import Finding, InputError, Severity, counted
from ...steps.segmentations.assessment_tables import Statistics
from ...steps.segmentations.case_table import case_table
from ...steps.segmentations.given_overlaps import named_columns
from ...steps.segmentations.reader_study import FEWEST_CASES, gather, pair_study_rows, study_rows, volume_rows

READER, MODEL = "reader", "model"
FEWEST = 2


@dataclass(frozen=True)
class ReadersParameters:
    folder: Annotated[
        str, FileOrFolder(), Help("In which the files lie that the table names; the working folder when empty.")
    ] = ""
    patient: Annotated[
        str, Help("Column that says whose a row is: participant_id or patient when empty, else each row is a patient.")
    ] = ""
    overlap: Annotated[
        float, Range(0, 0.99), Help("Intersection over union above which two lesions are the same.")
    ] = 0.1  # fmt: skip
    confidence: Annotated[float, Unit("%"), Range(50, 99.9), Help("Of the intervals.")] = 95.0
    resamples: Annotated[int, Range(100, 20000), Help("Of the bootstrap over patients."), Advanced()] = 2000


@analysis(
    id="prediction.readers",
    title="Agreement of readers over many cases",
    citation="Shrout and Fleiss, Psychol Bull 86:420 (1979), and McGraw and Wong, Psychol Methods 1:30 (1996), for the "
    "intraclass correlations; Fleiss, Psychol Bull 76:378 (1971); Gwet, Br J Math Stat Psychol 61:29 (2008); Bland and "
    "Altman, Lancet 327:307 (1986); Field and Welsh, J R Stat Soc B 69:369 (2007) for the bootstrap of patients",
    inputs=[
        Input(
            "table", Table,
            help="One row a case: files of label maps in columns reader and a name, two or more; as wanted model, and "
            "participant_id.",
        )
    ],
    outputs=[
        Output(
            "agreement", Table,
            help="Of each structure: mean Dice of pairs and with the majority of the others, that of the model with "
            "the same, intraclass correlation of the volumes, kappa of voxels and lesions.",
        ),
        Output("pairs", Table, help="Of each two readers: Dice, kappa, difference of volumes and its limits."),
        Output("volumes", Table, help="What each reader measured in each case."),
    ],
    parameters=ReadersParameters,
)  # fmt: skip
def readers(table, *, parameters, context):
    r"""Agreement of several readers' segmentations over many cases, and of a model with what the others agree on.

    Notes
    -----
    Cases are read one at a time, those of a patient are drawn together. With the mean squares between cases (R),
    readers (C) and of the rest (E) of n cases by k readers, the intraclass correlation of one reader's volumes is

    .. math::
       ICC(2,1) = \frac{MS_R - MS_E}{MS_R + (k - 1) MS_E + k (MS_C - MS_E) / n}, \quad
       ICC(3,1) = \frac{MS_R - MS_E}{MS_R + (k - 1) MS_E}

    of readers in general, and of these very readers whatever each adds to all volumes; intervals are by F (McGraw and
    Wong 1996) and take cases for independent. Kappa is over the voxels of all boxes around what was marked, and over
    the lesions that at least one marked, which is low by construction. The model and the reader who is left out are
    both compared with the majority of the other readers: where the difference's interval holds 0, nothing tells them
    apart.
    """
    named = named_columns(table, READER)
    if len(named) < FEWEST or (MODEL in named and READER in named.values()):
        raise InputError(
            "E-TABLE",
            f"two columns or more called reader and a name are needed; the columns are {', '.join(table.columns)}",
            where=table.name,
            fix="Head the files of each reader with reader and a name, as reader A, reader B.",
        )
    model = MODEL if MODEL in table.columns else ""
    cases = case_table(table, [*named.values(), *([model] if model else [])], parameters.folder, parameters.patient)
    study = gather(cases, named, model, parameters.overlap, context.part(0.0, 0.9))
    if not study.regions:
        raise InputError(
            "E-LABEL", "no case has a segment of every reader", where=table.name,
            fix="Check the columns and the files they name.",
        )  # fmt: skip
    statistics = Statistics(parameters.confidence / 100, parameters.resamples, context.seed)
    findings = [*study.findings]
    if len(study.rows) < FEWEST_CASES:
        text = f"{counted(len(study.rows), 'case')} only; intraclass correlations need {FEWEST_CASES}"
        findings.append(Finding("W-FEW-CASES", Severity.WARN, text, table.name))
    context.progress(0.9, "drawing patients")
    pair_units = dict.fromkeys(("volume difference", "limit below", "limit above"), "mL")
    return {
        "agreement": _table(study_rows(study, statistics), "agreement"),
        "pairs": _table(pair_study_rows(study, statistics), "pairs", pair_units),
        "volumes": _table(volume_rows(study, cases.cases), "volumes", dict.fromkeys(study.readers, "mL")),
        "findings": tuple(findings),
    }


def _table(rows: list[dict[str, object]], name: str, units: dict[str, str] | None = None) -> Table:
    return Table({key: [row[key] for row in rows] for key in rows[0]}, units or {}, name)
