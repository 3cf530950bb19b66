"""What predicted conversion is worth by how many visits are known and how many values are missing.

``python Testing/experiments/progression.py --out Resources/Validation/progression.csv`` writes the table;
``make experiments`` compares it with what is said of it.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT)]

import SpatioTemporalLib as st  # noqa: E402
from SpatioTemporalLib.simulation.progression_tables import RANGES, visits_table  # noqa: E402
from SpatioTemporalLib.simulation.progression_visits import VisitPlan, simulated_course  # noqa: E402

PEOPLE, SEEDS, HORIZON = 150, ((1, 2), (3, 4), (5, 6)), 4.0
KNOWN, MISSING, WRONG = (1, 2, 3), (0.0, 0.2, 0.4, 0.6), (0.0, 0.1)
ASKED = {"ranges": RANGES, "conversion_score": "cognition", "conversion_threshold": 21.0}
SHOWN = {
    "mean absolute error of converters": "mean absolute error [years]",
    "hinge error of the others": "hinge error [years]",
    "correlation of age at conversion": "correlation",
    f"AUC at {HORIZON:g} years": "AUC at 4 years",
}


def measured(known=KNOWN, missing=MISSING, wrong=WRONG, seeds=SEEDS) -> st.Table:
    """A row a method, number of known visits, and share of missing and of wrong values; means over seeds."""
    rows = []
    for visits in known:
        for part, spoilt in ((m, w) for m in missing for w in wrong):
            found: dict[str, list] = {}
            for seed in seeds:
                for method, values in _errors(visits, part, spoilt, seed).items():
                    found.setdefault(method, []).append(values)
            for method, values in found.items():
                means = np.round(np.mean(values, axis=0), 3)
                rows.append((method, visits, part, spoilt, *means.tolist()))
    headings = ("method", "known visits", "missing values", "wrong values", *SHOWN.values())
    return st.Table(dict(zip(headings, map(list, zip(*rows)))), name="progression")


def _errors(known: int, missing: float, wrong: float, seeds: tuple[int, int]) -> dict[str, list[float]]:
    plan = VisitPlan(visits=8, before=3.0, missing=missing)
    others, new = (_spoilt(visits_table(_simulated(plan, seed)), wrong, seed) for seed in seeds)
    # What happened is told from the scores as they were.
    truth = visits_table(_simulated(VisitPlan(visits=8, before=3.0), seeds[1]))
    found = {}
    for method in ("course", "robust"):
        given = {"visits": others, "new_patients": new, "first_visits": known, **ASKED}
        table = st.run(f"progression.{method}", **given).conversion
        seen = st.run(f"progression.{method}", visits=truth, **ASKED).conversion.columns
        columns = table.columns | {name: _of(table, seen, name) for name in ("converted", "seen after", "seen by")}
        for name in ("predicted", "carried forward"):
            measures = st.run(
                "prediction.conversion", table=st.Table(columns), columns=name, horizon=HORIZON, resamples=100
            ).measures.columns
            values = dict(zip(measures["measure"], measures["value"]))
            found[method if name == "predicted" else name] = [values[measure] for measure in SHOWN]
    return found


def _simulated(plan: VisitPlan, seed: int):
    return simulated_course(PEOPLE, np.random.default_rng(seed), plan)


def _of(table: st.Table, seen: dict[str, list], name: str) -> list:
    """What was seen of the people of a table."""
    whole = dict(zip(seen["participant_id"], seen[name]))
    return [whole[person] for person in table.columns["participant_id"]]


def _spoilt(table: st.Table, wrong: float, seed: int) -> st.Table:
    """So many values of each score in the place of others of the same score."""
    rng, columns = np.random.default_rng(100 + seed), dict(table.columns)
    for name in list(columns)[2:]:
        values = np.array(columns[name])
        at = rng.random(len(values)) < wrong
        columns[name] = np.where(at & np.isfinite(values), rng.permutation(values), values).tolist()
    return st.Table(columns, table.units, table.name)


def test_a_course_of_others_tells_who_converts_sooner_better_than_a_straight_line(worst_error):
    columns = measured(known=(2,), missing=(0.0, 0.4), seeds=SEEDS[:2]).columns
    keys = list(zip(columns["method"], columns["missing values"], columns["wrong values"]))
    error = dict(zip(keys, columns["mean absolute error [years]"]))
    late = dict(zip(keys, columns["hinge error [years]"]))
    order = dict(zip(keys, columns["AUC at 4 years"]))
    for missing, wrong in ((m, w) for m in (0.0, 0.4) for w in WRONG):
        line = ("carried forward", missing, wrong)
        for method in ("course", "robust"):
            assert order[method, missing, wrong] > order[line] and late[method, missing, wrong] < late[line]
        worst_error(f"predicted conversion, {missing:.0%} missing, years", error["course", missing, wrong], 1.6)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True, metavar="FILE.csv")
    arguments = parser.parse_args()
    result = measured()
    st.write_table(arguments.out, result)
    print(result)
