"""The patients of a cohort as graphs of their structures, with what became of them."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from ...context import Context
from ...data.cohort import Cohort
from ...data.curve import Table
from ...data.units import factor_between
from ...errors import InputError
from ...steps.follow_up.covariates import Covariate, coded
from ...steps.structures.graph_arrays import GraphArrays, graph_arrays
from ...steps.structures.graph_settings import GraphSettings
from ...steps.structures.structure_table import structure_table
from .endpoints import outcome_columns
from .graph_batch import GraphBatch
from .participants import of_each, splits_of

TABLE = "structures"


@dataclass(frozen=True, eq=False)
class GraphCases:
    """N patients.

    Attributes
    ----------
    ids, splits : N texts
    graphs : N `GraphArrays`
    covariates, known : (N, C) codes, and whether they are known
    outcomes : (N, E, 2) months until each event, or until last seen, and 1 or 0; NaN where it is not known
    marks : N texts that tell each patient's graph from all others
    """

    ids: list[str]
    splits: list[str]
    graphs: list[GraphArrays]
    covariates: np.ndarray
    known: np.ndarray
    outcomes: np.ndarray
    marks: list[str]

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def files(self) -> list[Path]:
        """By name, what tells the patients apart; nothing lies on disk."""
        return [Path(mark) for mark in self.marks]

    @property
    def times(self) -> np.ndarray:
        """(N, T) days of the visits, 0 where one has fewer."""
        most = max(len(graph.days) for graph in self.graphs)
        return np.stack([np.pad(graph.days, (0, most - len(graph.days))) for graph in self.graphs])

    @property
    def observed(self) -> np.ndarray:
        """(N, T) bool"""
        most = max(len(graph.days) for graph in self.graphs)
        return np.arange(most) < np.array([len(graph.days) for graph in self.graphs])[:, None]

    def subset(self, rows: Sequence[int]) -> GraphCases:
        """The patients of some row numbers."""
        rows = list(rows)
        lists = {name: [getattr(self, name)[n] for n in rows] for name in ("ids", "splits", "graphs", "marks")}
        arrays = {name: getattr(self, name)[rows] for name in ("covariates", "known", "outcomes")}
        return replace(self, **lists, **arrays)

    def digests(self) -> list[str]:
        return self.marks

    def batch(self, rows: Sequence[int]) -> GraphBatch:
        """Patients side by side, padded to the most visits and lesions among them."""
        rows = list(rows)
        return batch_of([self.graphs[n] for n in rows], self.covariates[rows], self.known[rows])


def batch_of(graphs: Sequence[GraphArrays], covariates: np.ndarray, known: np.ndarray) -> GraphBatch:
    """B graphs as networks are given them; the last visit of each stands last."""
    visits, lesions = (max(g.seen.shape[axis] for g in graphs) for axis in (0, 1))

    def padded(name: str, lesion_axes: tuple[int, ...]) -> torch.Tensor:
        parts = []
        for graph in graphs:
            values = getattr(graph, name)
            room = [(visits - len(values), 0)] + [
                (0, lesions - values.shape[a]) if a in lesion_axes else (0, 0) for a in range(1, values.ndim)
            ]
            parts.append(np.pad(values, room))
        stacked = torch.from_numpy(np.stack(parts))
        return stacked if stacked.dtype == torch.bool else stacked.float()

    there = np.stack([np.arange(visits) >= visits - len(g.days) for g in graphs])
    return GraphBatch(
        lesions=padded("lesions", (1,)),
        seen=padded("seen", (1,)),
        organs=padded("organs", ()),
        drawn=padded("drawn", ()),
        scans=padded("scans", ()),
        mask=torch.from_numpy(there),
        near=padded("near", (1, 2)),
        at=padded("at", (1,)),
        covariates=torch.from_numpy(np.asarray(covariates)).float(),
        covariate_mask=torch.from_numpy(np.asarray(known, dtype=bool)),
    )


def prepare_graphs(
    cohort: Cohort,
    settings: GraphSettings,
    covariates: tuple[Covariate, ...],
    *,
    context: Context,
    rows: Sequence[int] | None = None,
) -> GraphCases:
    """The graphs of participants, from the cohort's table of structures or from what is drawn on its images.

    Raises
    ------
    InputError
        ``E-COHORT``: one error that tells what is wrong with each participant.
    """
    rows = list(range(len(cohort)) if rows is None else rows)
    tables = _tables(cohort)
    found = of_each(cohort, rows, "graph", lambda n: _read(cohort, n, settings, covariates, tables), context)
    graphs, codes, known, marks = (list(part) for part in zip(*found))
    outcomes = outcomes_of(cohort.participants, settings.endpoints)[rows]
    shape = (len(rows), len(covariates))
    return GraphCases(
        [cohort.ids[n] for n in rows], splits_of(cohort, rows), graphs, np.array(codes).reshape(shape),
        np.array(known, dtype=bool).reshape(shape), outcomes, marks,
    )  # fmt: skip


def outcomes_of(people: Table, endpoints: Sequence[str]) -> np.ndarray:
    """(N, E, 2) months until each event or until last seen, and whether it happened; NaN where not known."""
    found = np.full((people.row_count, len(endpoints), 2), np.nan)
    for e, endpoint in enumerate(endpoints):
        time, event = outcome_columns(endpoint)
        if time not in people.columns:
            continue
        factor = factor_between(people.units.get(time, ""), "months")
        if factor is None:
            raise InputError(
                "E-INPUT-UNIT",
                f"the column {time} has no unit of time",
                where=people.name,
                fix=f"Head it {time} [months] in participants.csv.",
            )
        for column, place, scale in ((time, 0, factor), (event, 1, 1.0)):
            for n, cell in enumerate(people.columns[column]):
                if cell not in ("", None):
                    found[n, e, place] = scale * float(cell)
    return found


def _tables(cohort: Cohort) -> dict[str, Table]:
    """Each participant's part of the cohort's table of structures, where it has one."""
    whole = cohort.tables.get(TABLE)
    if whole is None:
        return {}
    rows: dict[str, list[int]] = defaultdict(list)
    for row, own in enumerate(whole.columns["participant_id"]):
        rows[own].append(row)
    return {
        own: Table({name: [cells[n] for n in places] for name, cells in whole.columns.items()}, whole.units, whole.name)
        for own, places in rows.items()
    }


def _read(cohort: Cohort, n: int, settings: GraphSettings, covariates, tables: dict[str, Table]):
    own = cohort.ids[n]
    if tables and own not in tables:
        raise InputError("E-STRUCTURES", "has no row in structures.csv", fix="Add its structures.")
    table = (
        tables[own] if tables else structure_table(_one_image(cohort.case(n), settings), Context(), settings.gate)[0]
    )
    arrays = graph_arrays(table)
    values = {
        c.name: cohort.participants.columns[c.name][n] for c in covariates if c.name in cohort.participants.columns
    }
    codes, known, _ = coded(covariates, values)
    digest = hashlib.sha256()
    for part in (arrays.days, np.nan_to_num(arrays.lesions, nan=-1e9)):
        digest.update(np.ascontiguousarray(np.round(part, 6)).tobytes())
    return arrays, codes, known, digest.hexdigest()[:16]


def _one_image(patient, settings: GraphSettings):
    return patient if all(len(v.images) == 1 for v in patient.visits) else patient.with_image(settings.image)
