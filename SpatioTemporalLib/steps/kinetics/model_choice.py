"""Of several kinetic models, for each curve the one that it supports."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...data.volumes import Label
from ...numerics.statistics.model_comparison import (
    akaike_criterion,
    bayesian_criterion,
    chosen_by_f_tests,
    floored_sse,
    relative_weights,
)
from ..voxels.fit_status import FitStatus
from .kinetic_model import Estimates, KineticModel

CHOICE, WEIGHT = "chosen_model", "weight"


@dataclass(frozen=True)
class Candidate:
    """One model that may be chosen.

    code : its value in the map of chosen models. contains : codes of the models that are special cases of it.
    """

    code: int
    label: Label
    model: KineticModel
    contains: tuple[int, ...] = ()


def no_uptake_model() -> KineticModel:
    """Nothing but noise around zero."""

    def fit(curves):
        power = np.einsum("tn,tn->n", *[np.asarray(curves, float)] * 2)
        return Estimates({}, {}, power, np.full(power.shape, FitStatus.NO_UPTAKE, np.uint8))

    return KineticModel({}, 0, lambda input_times, plasma, sampling: fit, _nothing)


def choosing_model(candidates: list[Candidate], *, criterion: str, significance: float) -> KineticModel:
    """All candidates as one model whose parameters are those of the candidate that is chosen, NaN where it lacks them.

    Its further values are the code of the chosen candidate and its weight among them.

    Parameters
    ----------
    criterion : str
        ``AICc``, ``BIC`` or ``F test``.
    significance : float
        Level of the F tests.
    """
    candidates = sorted(candidates, key=lambda candidate: candidate.model.degrees)
    models = {candidate.code: candidate.model for candidate in candidates}
    units = {name: unit for model in models.values() for name, unit in model.units.items()}

    def prepare(input_times, plasma, sampling):
        fits = [model.prepare(input_times, plasma, sampling) for model in models.values()]

        def fit(curves):
            found = [fit_one(curves) for fit_one in fits]
            power = np.einsum("tn,tn->n", *[np.asarray(curves, float)] * 2)
            sse = floored_sse(np.stack([estimates.sse for estimates in found]), power)
            # Frames of weight zero say nothing.
            frames = len(curves) if sampling.scale is None else np.count_nonzero(sampling.scale)
            chosen = _choice(sse, frames, candidates, criterion, significance)
            return _taken(found, chosen, candidates, list(units), frames)

        return fit

    def curve(input_times, plasma, times, values):
        curves = np.zeros((len(values[CHOICE]), len(times)))
        for code in np.unique(values[CHOICE]).astype(int):
            here = values[CHOICE] == code
            own = {name: values[name][here] for name in models[code].units}
            curves[here] = models[code].curve(input_times, plasma, times, own)
        return curves

    most = max(model.degrees for model in models.values())
    cost = sum(model.cost for model in models.values())
    return KineticModel(units | {CHOICE: "1", WEIGHT: "1"}, most, prepare, curve, cost=cost)


def _nothing(input_times, plasma, times, values) -> np.ndarray:
    return np.zeros((1, len(times)))


def _choice(sse, frames: int, candidates: list[Candidate], criterion: str, significance: float):
    """(n,) index of the chosen candidate, and its weight."""
    degrees = [candidate.model.degrees for candidate in candidates]
    measure = bayesian_criterion if criterion == "BIC" else akaike_criterion
    weights = relative_weights(np.stack([measure(s, frames, p) for s, p in zip(sse, degrees)]))
    if criterion == "F test":
        nested = np.array([[a.code in b.contains for b in candidates] for a in candidates])
        choice = chosen_by_f_tests(sse, frames, degrees, nested, significance)
    else:
        # The first of equals: candidates are in the order of their number of parameters.
        choice = weights.argmax(axis=0)
    return choice, weights[choice, np.arange(sse.shape[1])]


def _taken(found: list[Estimates], chosen: tuple, candidates: list[Candidate], names, frames: int) -> Estimates:
    """The estimates of the chosen candidates; chosen : their indices and weights."""
    choice, weight = chosen
    count, most = len(choice), max(candidate.model.degrees for candidate in candidates)
    values = {name: np.full(count, np.nan) for name in names}
    errors = {name: np.zeros(count) for name in (*names, CHOICE, WEIGHT)}
    sse, status, code = np.empty(count), np.empty(count, np.uint8), np.empty(count)
    for n, (candidate, estimates) in enumerate(zip(candidates, found)):
        here = choice == n
        sse[here], status[here], code[here] = estimates.sse[here], estimates.status[here], candidate.code
        # The shared fit divides by the degrees of freedom of the largest candidate.
        own = np.sqrt((frames - most) / (frames - candidate.model.degrees))
        for name in candidate.model.units:
            values[name][here] = estimates.values[name][here]
            errors[name][here] = estimates.errors[name][here] * own
    return Estimates(values | {CHOICE: code, WEIGHT: weight}, errors, sse, status)
