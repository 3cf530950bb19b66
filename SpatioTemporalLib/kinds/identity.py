"""What a value is recognised by: SHA-256 of all that it holds, and some facts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass

import numpy as np

NOT_CONTENT = ("name", "findings")


def fields_identity(value: object, look: Callable[[], None]) -> dict[str, object]:
    """SHA-256 of all fields of a dataclass but its name and findings."""
    digest = hashlib.sha256()
    _add(digest, value, look)
    return {"sha256": digest.hexdigest()}


def image_identity(value: object, look: Callable[[], None]) -> dict[str, object]:
    """SHA-256 of values, times or settings, and place; shape and unit beside it."""
    digest = hashlib.sha256()
    add_image(digest, value, look)
    return {"sha256": digest.hexdigest(), "shape": list(value.values.shape), "unit": getattr(value, "unit", "label")}


def text_identity(value: object) -> dict[str, object]:
    """SHA-256 of how Python writes something."""
    return {"sha256": hashlib.sha256(repr(value).encode()).hexdigest()}


def add_image(digest, value: object, look: Callable[[], None]) -> None:
    """Add values, times or settings, and place to a digest; `look` is called before each frame is read."""
    values = value.values
    for frame in values if values.ndim == 4 else [values]:
        look()
        digest.update(np.ascontiguousarray(frame).data)
    for other in ("times", "settings", "durations"):
        if getattr(value, other, None) is not None:
            digest.update(np.ascontiguousarray(getattr(value, other)).data)
    if hasattr(value, "geometry"):
        digest.update(np.ascontiguousarray(value.geometry.affine).data)


def _add(digest, value: object, look: Callable[[], None]) -> None:
    if isinstance(value, np.ndarray):
        look()
        digest.update(f"{value.dtype.str}{value.shape}".encode())
        for part in value if value.ndim > 3 else [value]:
            digest.update(np.ascontiguousarray(part).data if not value.dtype.hasobject else repr(part).encode())
    elif is_dataclass(value):
        for field in fields(value):
            if field.name not in NOT_CONTENT:
                digest.update(field.name.encode())
                _add(digest, getattr(value, field.name), look)
    elif isinstance(value, Mapping):
        for key, part in value.items():
            digest.update(repr(key).encode())
            _add(digest, part, look)
    elif isinstance(value, tuple):
        for part in value:
            _add(digest, part, look)
    else:
        digest.update(repr(value).encode())
