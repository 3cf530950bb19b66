"""What an input is recognised by, for the provenance of results."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np

from ..data.curve import Table
from ..data.follow_up import FollowUp
from ..data.point import Point
from ..data.series import Series


def identity(value: object, look: Callable[[], None] = lambda: None) -> dict[str, object]:
    """Name, SHA-256 and size of an input; `look` is called before each frame is read."""
    facts: dict[str, object] = {"name": value.name, "kind": type(value).__name__}
    if isinstance(value, Table):
        return facts | {"rows": value.row_count, "sha256": hashlib.sha256(repr(value.columns).encode()).hexdigest()}
    if isinstance(value, Point):
        return facts | {"ras": list(value.ras), "sha256": hashlib.sha256(repr(value.ras).encode()).hexdigest()}
    digest = hashlib.sha256()
    if isinstance(value, FollowUp):
        _add_visits(digest, value, look)
        facts |= {"visits": len(value.visits), "days": value.days.tolist(), "unit": value.unit}
        return facts | {"sha256": digest.hexdigest()}
    _add(digest, value, look)
    facts |= {"sha256": digest.hexdigest(), "shape": list(value.values.shape), "unit": getattr(value, "unit", "label")}
    if isinstance(value, Series):
        facts["time_source"] = value.time_source
    return facts


def _add(digest, value: object, look: Callable[[], None]) -> None:
    values = value.values
    for frame in values if values.ndim == 4 else [values]:
        look()
        digest.update(np.ascontiguousarray(frame).data)
    for other in ("times", "settings", "durations"):
        if getattr(value, other, None) is not None:
            digest.update(np.ascontiguousarray(getattr(value, other)).data)
    if hasattr(value, "geometry"):
        digest.update(np.ascontiguousarray(value.geometry.affine).data)


def _add_visits(digest, value: FollowUp, look: Callable[[], None]) -> None:
    digest.update(value.days.data)
    for visit in value.visits:
        for name, image in (visit.images | visit.masks).items():
            digest.update(name.encode())
            _add(digest, image, look)
        digest.update(repr(visit.covariates).encode())
