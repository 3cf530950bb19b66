"""Recurrence after treatment from segments of visits and clinical facts, by a trained network on their graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.curve import Curve, Table
from ...data.follow_up import FollowUp
from ...data.graph import Graph
from ...data.report import Report
from ...data.volumes import Label, LabelMap
from ...declare import Advanced, Described, FileOrFolder, Help, Input, NamedValues, Output, Range, Unit, analysis
from ...steps.follow_up.known_covariates import known_covariates
from ...steps.structures.drawn import drawn_structures
from ...steps.structures.roles import ORGANS, TUMOUR
from ...steps.structures.structure_graph import structure_graph
from ...steps.structures.structure_table import DAYS, LESION, STRUCTURE, structure_table
from ...system.packages import require

TASK = "survival"
ADDS = "adds"
RED, BLUE, GREY = np.array([0.84, 0.15, 0.16]), np.array([0.17, 0.35, 0.72]), np.array([0.8, 0.8, 0.8])
YEARS = (1, 2, 3, 5)
MONTHS_A_YEAR = 12.0


def _described(bundle: str) -> Described:
    # Imported when a bundle is chosen: listing the analyses must stay quick.
    from ...networks.bundle.metadata import described_bundle

    return described_bundle(bundle, TASK)


@dataclass(frozen=True)
class RecurrenceParameters:
    bundle: Annotated[
        str,
        Help("Folder or .zip of a trained network; liver-demo is shipped, trained on simulated livers."),
        FileOrFolder(endings=(".zip",), words=("liver-demo",), describe=_described),
    ] = "liver-demo"
    covariates: Annotated[
        tuple[str, ...],
        Help("What is known of the patient, comma-separated, as age=63, sex=1; the bundle says what it takes."),
        NamedValues(source="bundle"),
    ] = ()
    confidence: Annotated[float, Unit("%"), Range(50, 99.9), Help("Of the bands.")] = 95.0
    samples: Annotated[int, Range(2, 10000), Help("Of dropout, of each network, for the bands."), Advanced()] = 50


@analysis(
    id="prognosis.recurrence",
    title="Recurrence from lesions over time",
    citation="Zhu et al., STG, arXiv 2505.03123v1 (2025), of which what is not told was chosen here; or the network of "
    "the bundle",
    inputs=[
        Input(
            "visits",
            FollowUp,
            own_grid=True,
            help="One examination or several, with segments named liver, remnant, portal, hepatic, and tumour for each "
            "lesion; segments may overlap.",
        ),
        Input("patient", Table, optional=True, help="One row: what is known of the patient, a column each."),
    ],
    outputs=[
        Output("prediction", Table, help="Of each endpoint: risk, survival with its band, expected time."),
        Output("survival", Curve, help="Chance of being without the event, with its band, from the last visit on."),
        Output("contributions", Table, help="What each lesion, structure and clinical fact adds to the log hazard."),
        Output("lesions", LabelMap, help="Lesions of the last visit: red add to the risk, blue take from it."),
        Output("graph", Graph, help="Lesions and structures of the last visit, coloured alike, drawn in 3D."),
        Output("structures", Table, help="What was measured of each structure and lesion."),
        Output("report", Report, help="All of it on one page, with pictures."),
    ],
    parameters=RecurrenceParameters,
)
def recurrence(visits, patient=None, *, parameters, context):
    r"""Risk and time of recurrence, with the chance of being without it over the years, and what it rests on.

    Notes
    -----
    .. math:: S(t_k) = \frac1M \sum_m \prod_{j \le k} (1 - \sigma(a_{mj}))

    a are the hazard logits that the M networks of the bundle give for steps of
    time after the last visit; between their ends the hazard is constant. Bands are
    quantiles over samples of dropout of all networks. A part adds to the log
    hazard what the networks' log-risk falls by when it is left out.
    """
    require("torch", package="torch", extra="networks", purpose="A network")
    from ...networks.bundle.reading import read_bundle
    from ...networks.bundle.shipped import bundle_path
    from ...networks.inference.recurrence import prognosis
    from ...networks.inference.recurrence_report import RecurrencePage, recurrence_report

    context.progress(0.0, "reading the bundle")
    bundle = read_bundle(bundle_path(parameters.bundle), TASK)
    shown = bundle.facts.shown
    structures, odd = structure_table(visits, context.part(0.05, 0.5), shown.gate)
    names = [covariate.name for covariate in bundle.facts.covariates]
    values = known_covariates(names, visits, patient, parameters.covariates)
    found = prognosis(bundle, structures, values, parameters.samples, context.part(0.5, 0.95))
    confidence = parameters.confidence / 100
    prediction = _prediction(bundle, found, confidence)
    curves = _curves(shown, found, confidence)
    parts = _contributions(bundle, found)
    findings = (*odd, *found.findings, *bundle.warnings)
    graph = _graph(structures, parts, visits.name)
    return {
        "prediction": prediction,
        "survival": curves,
        "contributions": parts,
        "lesions": _coloured(visits, structures, parts),
        "graph": graph,
        "structures": structures,
        "report": recurrence_report(RecurrencePage(bundle, prediction, parts, curves, findings)),
        "findings": findings,
    }


def _prediction(bundle, found, confidence: float) -> Table:
    """A row an endpoint and quantity; where the network is from stands in every row."""
    facts = bundle.facts
    horizons, rows = np.array(facts.shown.horizons), []
    source = {"network": facts.architecture.name, "bundle": bundle.name, "trained on": facts.training.data}
    nothing = float("nan")
    for e, endpoint in enumerate(facts.shown.endpoints):
        low, high = found.band(e, confidence)
        told = [("log-risk", float(found.scores[:, e, 0].mean()), nothing, nothing, "1")]
        told.append(("expected time", found.expected(e, horizons), nothing, nothing, "months"))
        for year in YEARS:
            at = np.flatnonzero(np.abs(horizons - year * MONTHS_A_YEAR) < 1e-6)
            for n in at:
                told.append(
                    (f"without it after {year} y", float(found.survival(e)[n]), float(low[n]), float(high[n]), "1")
                )
        for quantity, value, lower, upper, unit in told:
            row = {"endpoint": endpoint, "quantity": quantity, "value": value, "lower": lower, "upper": upper}
            rows.append(row | {"unit": unit} | source)
    return Table({key: [row[key] for row in rows] for key in rows[0]}, name="prediction")


def _curves(shown, found, confidence: float) -> tuple[Curve, ...]:
    months = np.array([0.0, *shown.horizons])
    curves = []
    for e, endpoint in enumerate(shown.endpoints):
        low, high = found.band(e, confidence)
        half = np.concatenate([[0.0], (high - low) / 2])
        values = np.concatenate([[1.0], found.survival(e)])
        name = f"without {endpoint}"
        curves.append(
            Curve(months, values, "1", name, spread=half, axis="time after the last visit [months]", drawn="line")
        )
    return tuple(curves)


def _contributions(bundle, found) -> Table:
    """A row a part of the first endpoint, what adds most first; how far the networks disagree in `spread`."""
    parts = found.parts[0]
    rows = []
    drawn = [organ for organ, there in zip(ORGANS, np.isfinite(parts.organs).all(axis=0)) if there]
    facts = [c.name for c, known in zip(bundle.facts.covariates, found.known) if known]
    kinds = (
        ("lesion", [f"lesion {n}" for n in found.graph.names], parts.lesions),
        ("structure", drawn, parts.organs[:, np.isfinite(parts.organs).all(axis=0)]),
        ("clinical", facts, parts.covariates[:, found.known]),
    )
    for kind, names, values in kinds:
        for name, own in zip(names, values.T):
            spread = float(own.std(ddof=1)) if len(own) > 1 else float("nan")
            mean = float(own.mean())
            rows.append({"part": name, "kind": kind, ADDS: mean, "spread": spread, "hazard ratio": float(np.exp(mean))})
    rows.sort(key=lambda row: -row[ADDS])
    return Table({key: [row[key] for row in rows] for key in rows[0]}, name="contributions")


def _added(parts: Table) -> dict[int, float]:
    """What each lesion adds, by its number."""
    rows = zip(parts.columns["part"], parts.columns["kind"], parts.columns[ADDS])
    return {int(part.removeprefix("lesion ")): adds for part, kind, adds in rows if kind == "lesion"}


def _graph(structures: Table, parts: Table, name: str) -> Graph:
    columns, last = structures.columns, max(structures.columns[DAYS])
    rows = [row for row, day in enumerate(columns[DAYS]) if day == last]
    own, added = {key: [cells[row] for row in rows] for key, cells in columns.items()}, _added(parts)
    by_part = dict(zip(parts.columns["part"], parts.columns[ADDS]))
    own[ADDS] = [
        added.get(int(lesion), 0.0) if kind == TUMOUR else by_part.get(kind, 0.0)
        for kind, lesion in zip(own[STRUCTURE], own[LESION])
    ]
    return structure_graph(Table(own, structures.units, structures.name), name, colour_by=ADDS)


def _coloured(visits: FollowUp, structures: Table, parts: Table) -> LabelMap:
    """Lesions of the last visit on the grid of its image, as red or blue as they add to the risk or take from it."""
    visit = visits.visits[-1]
    grid = next(iter(visit.images.values())).geometry
    added = _added(parts)
    most = max(map(abs, added.values()), default=0.0) or 1.0
    numbers = [
        int(lesion)
        for lesion, kind, day in zip(*(structures.columns[c] for c in (LESION, STRUCTURE, DAYS)))
        if kind == TUMOUR and day == visit.days
    ]
    lesions = [drawn for drawn in drawn_structures(visit)[0] if drawn.role == TUMOUR]
    values, labels = np.zeros(grid.shape, dtype=np.uint16), {}
    for number, drawn in zip(numbers, lesions):
        ras = drawn.geometry.ijk_to_ras(np.argwhere(drawn.mask)[:, ::-1].astype(float))
        index = np.rint(grid.ras_to_ijk(ras)).astype(int)
        i, j, k = index[((index >= 0) & (index < np.array(grid.shape[::-1]))).all(axis=1)].T
        values[k, j, i] = number
        share = added.get(number, 0.0) / most
        colour = GREY * (1 - abs(share)) + (RED if share > 0 else BLUE) * abs(share)
        labels[number] = Label(f"{drawn.name}: {added.get(number, 0.0):+.2f}", tuple(float(c) for c in colour))
    return LabelMap(values, grid, labels, "lesions")
