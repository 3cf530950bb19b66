"""Endpoints of a cohort, and the clinical facts that may be learned from beside them."""

from __future__ import annotations

from ...data.curve import Table
from ...errors import InputError
from ...steps.follow_up.covariates import Covariate, learned_covariates
from ...steps.survival.clinical_table import clinical_columns, design_matrix, learned_design, refuse_outcome_in_disguise
from ...steps.survival.survival_table import followed


def endpoints_of(cohort, wanted: str = "") -> tuple[str, ...]:
    """Names of the endpoints that are asked for, or of all that the participants have."""
    columns = cohort.participants.columns
    pairs = [name.removesuffix("_time") for name in columns if name.endswith("_time")]
    pairs = [name for name in pairs if f"{name}_event" in columns]
    pairs += ["event"] if {"time", "event"} <= set(columns) else []
    chosen = tuple(filter(None, wanted.split(","))) or tuple(pairs)
    missing = [name for name in chosen if name not in pairs]
    if missing or not chosen:
        raise InputError(
            "E-LABEL",
            f"of the endpoint {missing[0] if missing else ''!r} time and event are not known; known are "
            f"{', '.join(pairs) or 'none'}",
            where=cohort.name,
            fix="Add columns recurrence_time [months] and recurrence_event (1 or 0), or those of another endpoint, to "
            "participants.csv; name the endpoint with --label.",
        )
    return chosen


def clinical_covariates(cohort, plan, learning: list[int]) -> tuple[Covariate, ...]:
    """Those that are named, or all that vary, were known beforehand, and are not the outcome under another name."""
    people = cohort.participants
    outcome_names = {name for endpoint in endpoints_of(cohort) for name in outcome_columns(endpoint)}
    time, event = outcome_columns(plan.shown.endpoints[0])
    rest = Table(
        {n: c for n, c in people.columns.items() if n not in outcome_names - {time, event}},
        {n: u for n, u in people.units.items() if n not in outcome_names - {time, event}}, people.name,
    )  # fmt: skip
    if plan.covariates == ():
        return ()
    names, _ = clinical_columns(
        rest, plan.covariates or (), (), with_afterwards=plan.shown.covariates_after, outcome=(time, event)
    )
    if not names:
        return ()
    patients = followed(rest, time, event)
    design = learned_design(rest, names, learning)
    refuse_outcome_in_disguise(patients, design_matrix(design, rest, patients.rows), design.names, cohort.name)
    return learned_covariates(people, names, learning)


def outcome_columns(endpoint: str) -> tuple[str, str]:
    """The columns of an endpoint's time and event."""
    return (f"{endpoint}_time", f"{endpoint}_event") if endpoint != "event" else ("time", "event")
