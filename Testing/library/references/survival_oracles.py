"""Writes survival_oracles.json: what scikit-survival and lifelines make of three small sets of patients.

Run as a program in an environment that has both packages; the tests read the
file, and compute it again where the packages are installed.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

FILE = Path(__file__).with_suffix(".json")


def patients() -> dict[str, dict[str, list]]:
    """Sets of patients: with many equal times, with few events, and all with an event."""
    rng, made = np.random.default_rng(20), {}
    for name, count, step, censored in (
        ("ties", 90, 3.0, 0.4),
        ("few events", 120, 0.0, 0.85),
        ("all events", 40, 0.0, 0.0),
    ):
        x = np.column_stack([rng.normal(0, 1, count), rng.integers(0, 2, count), rng.normal(60, 10, count)])
        eta = x @ [0.7, -0.5, 0.02]
        times = rng.weibull(1.3, count) * 30 * np.exp(-(eta - eta.mean()) / 1.3) + 0.5
        limit = np.quantile(times, 1 - censored) * rng.uniform(0.4, 1.6, count) if censored else np.full(count, np.inf)
        seen = np.minimum(times, limit)
        seen = np.ceil(seen / step) * step if step else seen
        made[name] = {
            "times": np.round(seen, 4).tolist(),
            "events": (times <= limit).astype(int).tolist(),
            "x": np.round(x, 4).tolist(),
            "risk": np.round(eta + rng.normal(0, 0.7, count), 1 if step else 4).tolist(),
        }
    return made


def oracles(sets: dict[str, dict[str, list]]) -> dict[str, dict[str, object]]:
    """What both packages compute of each set, by the names of the quantities."""
    return {name: {**_scikit_survival(own), **_lifelines(own)} for name, own in sets.items()}


def _scikit_survival(own) -> dict[str, object]:
    from sksurv.metrics import (
        brier_score,
        concordance_index_censored,
        concordance_index_ipcw,
        cumulative_dynamic_auc,
        integrated_brier_score,
    )
    from sksurv.util import Surv

    times, events, risk = (np.array(own[key], float) for key in ("times", "events", "risk"))
    outcome = Surv.from_arrays(events.astype(bool), times)
    horizons = np.quantile(times, [0.2, 0.35, 0.5, 0.65])
    survival = np.exp(-np.outer(np.exp(0.5 * (risk - risk.mean())), horizons / np.median(times)))
    areas, mean_area = cumulative_dynamic_auc(outcome, outcome, risk, horizons)
    return {
        "horizons": horizons.tolist(),
        "survival": survival.tolist(),
        "harrell": concordance_index_censored(events.astype(bool), times, risk)[0],
        "uno": concordance_index_ipcw(outcome, outcome, risk, tau=float(horizons[-1]))[0],
        "auc": areas.tolist(),
        "mean auc": float(mean_area),
        "brier": brier_score(outcome, outcome, survival, horizons)[1].tolist(),
        "integrated brier": integrated_brier_score(outcome, outcome, survival, horizons),
    }


def _lifelines(own) -> dict[str, object]:
    import pandas
    from lifelines import CoxPHFitter, KaplanMeierFitter, WeibullAFTFitter
    from lifelines.statistics import multivariate_logrank_test, proportional_hazard_test

    times, events, x = (np.array(own[key], float) for key in ("times", "events", "x"))
    frame = pandas.DataFrame({"t": times, "e": events, "a": x[:, 0], "b": x[:, 1], "c": x[:, 2]})
    curve = KaplanMeierFitter().fit(times, events)
    cox = CoxPHFitter().fit(frame, "t", "e", fit_options={"precision": 1e-10})
    ridge = CoxPHFitter(penalizer=0.1).fit(frame, "t", "e", fit_options={"precision": 1e-10})
    weibull = WeibullAFTFitter().fit(frame, "t", "e")
    groups = np.digitize(x[:, 0], [-0.5, 0.5])
    test = multivariate_logrank_test(times, groups, events)
    hazards = proportional_hazard_test(cox, frame, time_transform="rank")
    return {
        "kaplan-meier times": curve.survival_function_.index.tolist(),
        "kaplan-meier": curve.survival_function_["KM_estimate"].tolist(),
        "kaplan-meier low": curve.confidence_interval_.iloc[:, 0].tolist(),
        "groups": groups.tolist(),
        "log-rank": float(test.test_statistic),
        "log-rank p": float(test.p_value),
        "cox": cox.params_.tolist(),
        "cox standard errors": cox.standard_errors_.tolist(),
        "cox log-likelihood": float(cox.log_likelihood_),
        "cox hazard": cox.baseline_cumulative_hazard_.iloc[:, 0].tolist(),
        "cox hazard times": cox.baseline_cumulative_hazard_.index.tolist(),
        "ridge": ridge.params_.tolist(),
        "proportional hazards": [float(v) for v in np.atleast_1d(hazards.test_statistic)],
        "weibull": [
            *weibull.params_["lambda_"][["Intercept", "a", "b", "c"]].tolist(),
            float(weibull.params_["rho_"]["Intercept"]),
        ],
        "weibull log-likelihood": float(weibull.log_likelihood_),
    }


def main() -> None:
    sets = patients()
    FILE.write_text(json.dumps({"patients": sets, "oracles": oracles(sets)}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
