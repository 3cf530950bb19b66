"""What a graph of lesions over time is worth for the time until recurrence, in simulated patients.

The hazard hangs on how fast each lesion grows and how near the portal vein it lies: a table of counts, sums and means
does not hold that product, a graph does. Beside it: the patient's true hazard (the oracle), Cox's model of such a
table, the light version, and networks that see no growth, no distances to the portal vein, or outcomes of others.

``python Testing/experiments/liver_prognosis.py --out Resources/Validation/prognosis.csv`` writes the table;
``make experiments`` compares a smaller run.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[2]))

import SpatioTemporalLib as st
from SpatioTemporalLib.context import Context
from SpatioTemporalLib.networks.cases.graphs import GraphCases
from SpatioTemporalLib.networks.explanation.left_out import contributions
from SpatioTemporalLib.networks.hazards.predicted import predicted_columns
from SpatioTemporalLib.networks.inference.graphs import scores_of
from SpatioTemporalLib.networks.registry import build, parameter_counts
from SpatioTemporalLib.networks.tasks.survival import SURVIVAL
from SpatioTemporalLib.networks.training.loop import Exercise, train_network
from SpatioTemporalLib.networks.training.settings import TrainingSettings
from SpatioTemporalLib.numerics.survival.concordance import harrell_c
from SpatioTemporalLib.numerics.survival.cox import fit_cox
from SpatioTemporalLib.numerics.survival.outcomes import Outcomes
from SpatioTemporalLib.simulation.liver_cohort import structure_rows
from SpatioTemporalLib.simulation.liver_metastases import PORTAL_THICKNESS_MM, USUAL, LiverPatient, draw_patient
from SpatioTemporalLib.steps.structures.graph_arrays import graph_arrays

COUNT, FOLDS, SEED = 2000, 5, 7
MEMBERS = 2
VALIDATION = 0.2
HORIZONS = tuple(12.0 * (n + 1) for n in range(12))
SETTINGS = TrainingSettings(**{**SURVIVAL.usual, "patience": 10}, epochs=60, augment=False)
RIDGE = 0.05
NETWORKS = {
    "STG": ("default", {}),
    "STG, light": ("light", {}),
    "STG, without growth and next": ("without_time", {}),
    "STG, without portal distances": ("without_portal", {}),
}


@dataclass(frozen=True, eq=False)
class Study:
    """Simulated patients as cases, and what is known of them because they are."""

    patients: list[LiverPatient]
    cases: GraphCases
    table: np.ndarray

    @property
    def outcomes(self) -> np.ndarray:
        return self.cases.outcomes[:, 0]


def simulated(count: int, seed: int, effects=USUAL) -> Study:
    """So many patients with their graphs, and the table of bag features that Cox's model is given."""
    rng = np.random.default_rng(seed)
    patients = [draw_patient(rng, effects) for _ in range(count)]
    names = list(patients[0].clinical)
    clinical = np.array([[p.clinical[name] for name in names] for p in patients])
    codes = ((clinical - clinical.mean(axis=0)) / clinical.std(axis=0)).astype(np.float32)
    graphs = []
    for patient in patients:
        rows = structure_rows("p", patient)
        graphs.append(graph_arrays(st.Table({c: [row[c] for row in rows] for c in rows[0]})))
    outcomes = np.array([[[p.time, p.event]] for p in patients], dtype=float)
    marks = [f"simulated {seed} {n}" for n in range(count)]
    cases = GraphCases(marks, ["train"] * count, graphs, codes, np.ones(codes.shape, bool), outcomes, marks)
    return Study(patients, cases, np.column_stack([np.stack([bag(p) for p in patients]), clinical]))


def bag(patient: LiverPatient) -> np.ndarray:
    """Counts, sums, means and extremes over the lesions of a patient: all that a table of one row can hold."""
    volumes, months = np.exp(patient.log_volumes), 90 / (365.25 / 12)
    growth = (patient.log_volumes[-1] - patient.log_volumes[0]) / months
    distance = np.maximum(patient.portal_distance - PORTAL_THICKNESS_MM / 2 - np.cbrt(volumes[-1] * 750 / np.pi), 0)
    return np.array(
        [
            np.log(len(growth)), np.log(volumes[-1].sum()), np.log(volumes[-1].max()), growth.mean(), growth.max(),
            np.maximum(growth, 0).sum(), distance.min(), distance.mean(),
        ]
    )  # fmt: skip


def folds_of(study: Study) -> np.ndarray:
    """(N,) fold of each patient, events spread evenly."""
    rng, fold = np.random.default_rng(SEED), np.empty(len(study.cases), dtype=int)
    for event in (0, 1):
        rows = rng.permutation(np.flatnonzero(study.outcomes[:, 1] == event))
        fold[rows] = np.arange(len(rows)) % FOLDS
    return fold


def network_scores(study: Study, fold: np.ndarray, preset: str, arguments: dict, told, shuffled: bool = False):
    """(N, 1, 2 + K) mean scores of each patient by the networks of other folds, and these (folds, members)."""
    cases, scores, networks = study.cases, None, []
    if shuffled:
        order = np.random.default_rng(SEED).permutation(len(cases))
        cases = replace(cases, outcomes=cases.outcomes[order])
    for n in range(FOLDS):
        others = np.random.default_rng(SEED + n).permutation(np.flatnonzero(fold != n))
        held = int(VALIDATION * len(others))
        learning, watched = cases.subset(others[held:]), cases.subset(others[:held])
        members = [_trained(preset, arguments, learning, watched, 100 * n + member) for member in range(MEMBERS)]
        rows = np.flatnonzero(fold == n)
        own = np.mean([scores_of(network, cases.subset(rows)) for network, _ in members], axis=0)
        scores = np.empty((len(cases), *own.shape[1:])) if scores is None else scores
        scores[rows] = own
        networks.append([network for network, _ in members])
        told(f"fold {n + 1}: the best epochs {', '.join(str(epoch) for _, epoch in members)}")
    return scores, networks


def _trained(preset: str, arguments: dict, learning: GraphCases, watched: GraphCases, seed: int):
    """A network and its best epoch."""
    torch.manual_seed(SEED + seed)
    network = build("stg", preset, {"levels": [0] * learning.covariates.shape[1], **arguments})
    exercise = Exercise(SURVIVAL, learning, watched, (), replace(SETTINGS, seed=seed))
    with tempfile.TemporaryDirectory() as folder:
        progress = train_network(network, exercise, Path(folder), Context())
    return network, progress.best_epoch


def cox_scores(study: Study, fold: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N,) log-risk and (N, K) survival of each patient by Cox's model of the table of other folds."""
    risk, survival = np.empty(len(fold)), np.empty((len(fold), len(HORIZONS)))
    for n in range(FOLDS):
        rows = fold == n
        outcomes = Outcomes(study.outcomes[~rows, 0], study.outcomes[~rows, 1])
        model = fit_cox(outcomes, study.table[~rows], penalty=RIDGE)
        risk[rows] = model.log_risk(study.table[rows])
        survival[rows] = model.survival(study.table[rows], HORIZONS)
    return risk, survival


def measured(study: Study, fold: np.ndarray, predicted: dict[str, list], outcomes=None) -> dict[str, float]:
    """Mean of the folds' C, and what `prediction.survival` measures of all patients."""
    outcomes = study.outcomes if outcomes is None else outcomes
    columns = {"time": outcomes[:, 0].tolist(), "event": outcomes[:, 1].astype(int).tolist(), **predicted}
    table = st.Table(columns, {"time": "months"})
    result = st.run("prediction.survival", table=table, resamples=100, horizons=(12.0, 36.0, 60.0))
    found = {(m, h): v for m, h, v in zip(*(result["measures"].columns[c] for c in ("measure", "horizon", "value")))}
    by_name = {m: v for (m, _), v in found.items()}
    risk = np.array(predicted["risk"])
    each = [harrell_c(Outcomes(*outcomes[fold == n].T), risk[fold == n])[0] for n in range(FOLDS)]
    wanted = {
        "Harrell C": float(np.mean(each)),
        "calibration slope": by_name["calibration slope"],
        "D-calibration p": by_name.get("D-calibration p", np.nan),
        "integrated Brier, gain": by_name.get("integrated Brier, gain", np.nan),
        "time-adjacent accuracy": by_name.get("time-adjacent accuracy", np.nan),
        "mean absolute error": by_name.get("mean absolute error [months]", np.nan),
    }
    return wanted


def drivers_named(study: Study, fold: np.ndarray, networks: list, most: int = 400) -> float:
    """Share of patients with two lesions or more in whom the lesion that drives the risk most is named first."""
    right = []
    for n, patient in enumerate(study.patients):
        if len(patient.drivers) < 2 or len(right) >= most:
            continue
        own = contributions(networks[fold[n]], study.cases.graphs[n], study.cases.covariates[n], study.cases.known[n])
        right.append(int(own.lesions.mean(axis=0).argmax()) == int(patient.drivers.argmax()))
    return float(np.mean(right))


def rows_of(count: int, told=print) -> list[dict[str, object]]:
    """A row a cohort and model."""
    rows = []
    for cohort, effects in (("usual", USUAL), ("graph effect doubled, clinical none", USUAL.only_graph())):
        study = simulated(count, SEED, effects)
        fold = folds_of(study)
        risk, survival = cox_scores(study, fold)
        table = {"risk": risk.tolist()} | {
            f"survival at {h:g}": survival[:, k].tolist() for k, h in enumerate(HORIZONS)
        }
        oracle = {"risk": [p.log_hazard for p in study.patients]}
        for name, predicted in (("true hazard", oracle), ("Cox, table", table)):
            rows.append({"cohort": cohort, "model": name, **measured(study, fold, predicted)})
        chosen = NETWORKS if cohort == "usual" else {"STG": NETWORKS["STG"]}
        for name, (preset, arguments) in chosen.items():
            told(f"{cohort}: {name}")
            scores, networks = network_scores(study, fold, preset, arguments, told)
            row = {"cohort": cohort, "model": name, **measured(study, fold, predicted_columns(scores, HORIZONS))}
            if name == "STG":
                row["driver named first"] = drivers_named(study, fold, networks)
            rows.append(row)
        if cohort == "usual":
            told("outcomes shuffled")
            scores, _ = network_scores(study, fold, "default", {}, told, shuffled=True)
            order = np.random.default_rng(SEED).permutation(len(study.cases))
            own = measured(study, fold, predicted_columns(scores, HORIZONS), study.outcomes[order])
            rows.append({"cohort": cohort, "model": "STG, outcomes shuffled", **own})
    return rows


def verdicts(rows: list[dict]) -> dict[str, bool]:
    """What was to be shown."""
    c = {(row["cohort"], row["model"]): row["Harrell C"] for row in rows}
    usual, doubled = dict.fromkeys(row["cohort"] for row in rows)
    full = next(row for row in rows if row["model"] == "STG")
    counts = parameter_counts("stg")
    return {
        "C within 0.04 of the true hazard's": c[usual, "STG"] >= c[usual, "true hazard"] - 0.04,
        "not below Cox's by more than 0.005": c[usual, "STG"] >= c[usual, "Cox, table"] - 0.005,
        "graph effect doubled: 0.02 above Cox's": c[doubled, "STG"] >= c[doubled, "Cox, table"] + 0.02,
        "lower without growth": c[usual, "STG, without growth and next"] < c[usual, "STG"] - 0.005,
        "lower without portal distances": c[usual, "STG, without portal distances"] < c[usual, "STG"] - 0.005,
        "outcomes shuffled: 0.50 +- 0.03": abs(c[usual, "STG, outcomes shuffled"] - 0.5) <= 0.03,
        "calibration slope 0.8 to 1.2": 0.8 <= full["calibration slope"] <= 1.2,
        "D-calibration p above 0.01": full["D-calibration p"] > 0.01,
        "light: 75 % fewer parameters": counts["light"] <= 0.25 * counts["default"],
        "light: loses 0.02 at most": c[usual, "STG, light"] >= c[usual, "STG"] - 0.02,
        "driver named first in 70 %": full["driver named first"] >= 0.7,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", default="prognosis.csv", help="table to write")
    parser.add_argument("--count", type=int, default=COUNT, help=f"patients (default {COUNT})")
    arguments = parser.parse_args()
    rows = rows_of(arguments.count, lambda text: print(text, flush=True))
    columns = list(dict.fromkeys(key for row in rows for key in row))
    table = st.Table(
        {c: [row.get(c, float("nan")) for row in rows] for c in columns}, {"mean absolute error": "months"}
    )
    st.write_table(arguments.out, table)
    print(table)
    found = verdicts(rows)
    for text, right in found.items():
        print(f"{'yes' if right else 'NO '}  {text}")
    return 0 if all(found.values()) else 1


def test_the_graph_is_worth_what_the_table_of_validation_says():
    rows = rows_of(600, lambda text: None)
    found = verdicts(rows)
    # Margins of a few thousandths say nothing of so few patients.
    open_questions = ("lower without", "driver", "Cox's")
    assert all(right for text, right in found.items() if not any(words in text for words in open_questions)), found


if __name__ == "__main__":
    sys.exit(main())
