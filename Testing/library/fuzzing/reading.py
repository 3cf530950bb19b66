"""What was read, as plain facts that can be compared, and which of them no examination has."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

import numpy as np

from SpatioTemporalLib import Curve, FollowUp, ImageStack, LabelMap, Map, Series, Table

LARGEST_PLACE_MM = 1e5
SPACING_MM = (1e-4, 1e3)
LONGEST_S = 1e7
FACTS = {
    "repetition_time": (0, 3600),
    "echo_time": (0, 60),
    "inversion_time": (0, 600),
    "flip_angle": (0, 360),
    "field_strength": (0, 50),
    "dose": (0, 100),
    "half_life": (0, 1e12),
}


@dataclass(frozen=True, eq=False)
class Reading:
    """facts : by name; numbers, texts, arrays or containers of them. findings : what the reader said was odd."""

    facts: dict[str, object]
    findings: tuple[str, ...] = ()
    absurd: tuple[str, ...] = field(default=())


def reading_of(value: object) -> Reading:
    """A value of the library as facts."""
    findings = tuple(str(finding) for finding in getattr(value, "findings", ()))
    facts = _facts(value)
    return Reading(facts, findings, tuple(_absurd(facts)))


def differences(true: object, found: object) -> list[str]:
    """Names of the facts that differ."""
    if not (isinstance(true, Reading) and isinstance(found, Reading)):
        return [] if true == found else ["all"]
    names = sorted(set(true.facts) | set(found.facts))
    return [name for name in names if not same(true.facts.get(name), found.facts.get(name))]


def same(a: object, b: object) -> bool:
    """Whether two facts are equal; NaN equals NaN."""
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        if a.shape != b.shape or a.dtype.kind != b.dtype.kind:
            return False
        return np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float) and isinstance(b, float) and np.isnan(a) and np.isnan(b):
        return True
    return type(a) is type(b) and a == b


def _facts(value: object) -> dict[str, object]:
    if isinstance(value, FollowUp):
        return _facts_of_visits(value)
    if isinstance(value, Curve):
        return {"times": value.times, "values": value.values, "unit": value.unit, "name": value.name}
    if isinstance(value, Table):
        return {"columns": dict(value.columns), "units": dict(value.units), "order": list(value.columns)}
    facts = {"values": np.array(value.values), "affine": np.array(value.geometry.affine), "name": value.name}
    if isinstance(value, (Series, Map, ImageStack)):
        facts["unit"] = value.unit
    if isinstance(value, (Series, ImageStack)):
        facts |= {f"fact {k}": v for k, v in value.acquisition.known().items()}
    if isinstance(value, Series):
        facts |= {"times": value.times, "source": value.time_source, "durations": value.durations}
    if isinstance(value, ImageStack):
        facts |= {"settings": value.settings, "setting": value.setting}
    if isinstance(value, LabelMap):
        facts["labels"] = {number: asdict(label) for number, label in value.labels.items()}
    return facts


def _facts_of_visits(value: FollowUp) -> dict[str, object]:
    facts: dict[str, object] = {"patient": value.patient, "days": value.days}
    for n, visit in enumerate(value.visits):
        facts[f"covariates {n}"] = dict(visit.covariates)
        for name, image in (*visit.images.items(), *visit.masks.items()):
            facts |= {f"{n} {name} {key}": fact for key, fact in _facts(image).items()}
    return facts


def _absurd(facts: dict[str, object]):
    """What no examination has: a reader has to refuse it or tell."""
    for name, fact in facts.items():
        if name.endswith("affine"):
            spacing = np.linalg.norm(fact[:3, :3], axis=0)
            if not (np.abs(fact[:3, 3]) <= LARGEST_PLACE_MM).all():
                yield f"{name}: place {fact[:3, 3]}"
            if spacing.min() < SPACING_MM[0] or spacing.max() > SPACING_MM[1]:
                yield f"{name}: spacing {spacing}"
        if name == "times" and not (np.abs(fact) <= LONGEST_S).all():
            yield f"times up to {np.abs(fact).max()}"
        low, high = FACTS.get(name.removeprefix("fact "), (-np.inf, np.inf))
        if isinstance(fact, float) and not low <= fact <= high:
            yield f"{name} = {fact}"
