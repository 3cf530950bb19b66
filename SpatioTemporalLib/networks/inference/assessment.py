"""A bundle on the patients of a cohort: a table of probabilities beside what was true."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from ...context import Context
from ...data.cohort import Cohort
from ...data.curve import Table
from ...errors import Finding, InputError, Severity, counted
from ..bundle.facts import far_from_training, visits_in_words
from ..bundle.reading import Bundle
from ..cases.regions import Cases, prepare_cases
from .prediction import differences_of


def predictions(
    bundle: Bundle,
    cohort: Cohort,
    rows: Sequence[int],
    *,
    label: str,
    cache: str | os.PathLike,
    device: str,
    context: Context,
) -> tuple[Table, tuple[Finding, ...]]:
    """One row a participant: identifier, label, probability, and the disagreement of an ensemble's members.

    Parameters
    ----------
    rows : numbers of the participants that are wanted
    label : column of the participants, "" when none is known

    Raises
    ------
    InputError
        ``E-LEAK`` when some of them were among the bundle's training patients,
        ``E-BUNDLE-VISITS`` when one has another number of visits.
    """
    facts = bundle.facts
    prepared = prepare_cases(
        cohort, facts.crops, facts.covariates, label, cache=cache, context=context.part(0.0, 0.7), rows=rows
    )
    _refuse_seen(bundle, prepared)
    _require_visits(bundle, prepared)
    differences = np.stack([differences_of(network, prepared, device) for network in bundle.networks])
    probability = facts.calibration.probability(differences.mean(axis=0))
    columns = {"participant_id": prepared.ids}
    if label:
        columns["label"] = ["" if np.isnan(x) else int(x) for x in prepared.labels]
    columns["probability"] = probability.tolist()
    if len(differences) > 1:
        columns["spread"] = facts.calibration.probability(differences).std(axis=0, ddof=1).tolist()
    return Table(columns, name="predictions"), _odd(bundle, prepared)


def _refuse_seen(bundle: Bundle, cases: Cases) -> None:
    seen = set(bundle.facts.training.digests)
    known = [own for own, digest in zip(cases.ids, cases.digests()) if digest in seen]
    if known:
        raise InputError(
            "E-LEAK",
            f"{len(known)} of {len(cases)} patients were among those it was trained on ({', '.join(known[:5])})",
            where=bundle.name,
            fix="Evaluate on patients that it has not seen: --split test, or another cohort.",
        )


def _require_visits(bundle: Bundle, cases: Cases) -> None:
    fewest, most = bundle.facts.visits
    counts = cases.observed.sum(axis=1)
    wrong = np.flatnonzero((counts < fewest) | (counts > most))
    if wrong.size:
        raise InputError(
            "E-BUNDLE-VISITS",
            f"{counted(wrong.size, 'patient has', 'patients have')} another number of visits than those of training, "
            f"{visits_in_words(bundle.facts.visits)}; {cases.ids[wrong[0]]} has {counts[wrong[0]]}",
            where=bundle.name,
            fix="Leave these patients out, or choose which of their visits stand in timepoints.csv.",
        )


def _odd(bundle: Bundle, cases: Cases) -> tuple[Finding, ...]:
    low, high = bundle.facts.training.days
    span = cases.times.max(axis=1) - cases.times.min(axis=1)
    outside = int(far_from_training(bundle.facts.training, span).sum())
    if not outside:
        return ()
    text = (
        f"{counted(outside, 'patient has', 'patients have')} visits far from the {low:.0f} to {high:.0f} "
        f"days of training"
    )
    return (Finding("W-INTERVAL", Severity.WARN, text, bundle.name),)
