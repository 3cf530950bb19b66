"""Whether what was read stands in a damaged text, so that a reader is not blamed for what the damage says."""

from __future__ import annotations

import json
import re

import numpy as np
from library.fuzzing.reading import Reading

NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
# Seconds of milliseconds and the like.
SCALES = (1.0, 1e-3, 1e-6, 60.0, 3600.0, 10.0, 1000.0, 86400.0)


def stands_in(text: str, facts: dict[str, object], found: Reading) -> bool:
    """Whether every number and word of some facts stands in the text, and none of them is absurd."""
    if found.absurd:
        return False
    numbers = np.array([float(word) for word in NUMBER.findall(text.replace(",", " ")) if len(word) < 300])
    # Decimal commas, and words of letters between numbers, are looked at both ways.
    numbers = np.append(
        numbers, [float(w.replace(",", ".")) for w in re.findall(r"[-+]?\d+,\d+", text) if len(w) < 300]
    )
    numbers = numbers[np.isfinite(numbers)]
    return all(_stands(text, numbers, fact) for fact in facts.values())


def _stands(text: str, numbers: np.ndarray, fact: object) -> bool:
    if fact is None or isinstance(fact, (bool, np.bool_)):
        return True
    if isinstance(fact, dict):
        return all(_stands(text, numbers, item) for item in fact.values())
    if isinstance(fact, (list, tuple)):
        return all(_stands(text, numbers, item) for item in fact)
    if isinstance(fact, str):
        written = {
            fact,
            json.dumps(fact)[1:-1],
            fact.replace("\\", "\\\\").replace("\n", "\\n"),
            fact.replace('"', '""'),
        }
        # A backslash too many or too few makes another escape of the next.
        return any(form.strip() in text for form in written) or fact.replace("\\", "") in text.replace("\\", "")
    values = np.asarray(fact, dtype=np.float64).ravel()
    values = np.unique(values[np.isfinite(values)])
    if not values.size:
        return True
    known = np.concatenate([numbers * scale for scale in SCALES] + [[0.0]])
    nearest = np.abs(known[None] - values[:, None]).min(axis=1)
    return bool((nearest <= 1e-9 * np.maximum(1.0, np.abs(values))).all())


def changed(true: Reading, found: Reading, besides: tuple[str, ...] = ()) -> dict[str, object]:
    """The facts that differ, without those that are judged otherwise."""
    from library.fuzzing.reading import differences

    return {name: found.facts.get(name) for name in differences(true, found) if name not in besides}
