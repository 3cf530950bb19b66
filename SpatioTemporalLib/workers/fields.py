"""Dataclasses as JSON types and arrays in files, and back, field by field as their annotations say.

Nothing that is read can run code: which classes there are, the annotations say, not what was written.
"""

from __future__ import annotations

import functools
import typing
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import numpy as np

from ..data.geometry import Geometry
from .job_folder import JobFolder


def written(value: Any, hint: Any, folder: JobFolder, name: str) -> Any:
    """A value as JSON types; arrays are saved in a folder, in files that begin with this name.

    hint : its annotation.
    """
    hint = _only(hint)
    if value is None or hint is None:
        return value
    if hint is np.ndarray:
        return folder.save(name, value)
    if hint is Geometry:
        return {"shape": list(value.shape), "affine": value.affine.tolist()}
    if is_dataclass(hint):
        return {f: written(getattr(value, f), h, folder, f"{name}-{f}") for f, h in _hints(hint).items()}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(value).value
    inner = get_args(hint)
    if inner and _is(hint, Mapping):
        # Numbered, not named: the name of an image may be no name for a file.
        return {str(k): written(v, inner[1], folder, f"{name}-{n}") for n, (k, v) in enumerate(value.items())}
    if inner and _is(hint, Sequence):
        return [written(v, _nth(hint, n), folder, f"{name}-{n}") for n, v in enumerate(value)]
    return value


def read(described: Any, hint: Any, folder: JobFolder) -> Any:
    """The value that `written` described; raises whatever there is where it is not whole."""
    hint = _only(hint)
    if described is None or hint is None:
        return described
    if hint is np.ndarray:
        return folder.load(described)
    if hint is Geometry:
        return Geometry(tuple(described["shape"]), np.array(described["affine"]))
    if is_dataclass(hint):
        return hint(**{f: read(described[f], h, folder) for f, h in _hints(hint).items()})
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(described)
    inner = get_args(hint)
    if inner and _is(hint, Mapping):
        return {inner[0](key): read(part, inner[1], folder) for key, part in described.items()}
    if inner and _is(hint, Sequence):
        parts = [read(part, _nth(hint, n), folder) for n, part in enumerate(described)]
        return tuple(parts) if get_origin(hint) is tuple else parts
    return described


@functools.cache
def _hints(data: type) -> dict[str, Any]:
    """Annotations of the fields that the constructor takes."""
    hints = typing.get_type_hints(data)
    return {field.name: hints[field.name] for field in fields(data) if field.init}


def _only(hint: Any) -> Any:
    """An annotation without None; None where several things remain, which are plain numbers and texts then."""
    if get_origin(hint) not in (Union, UnionType):
        return hint
    others = [each for each in get_args(hint) if each is not NoneType]
    return others[0] if len(others) == 1 else None


def _nth(hint: Any, n: int) -> Any:
    inner = get_args(hint)
    return inner[0] if len(inner) == 1 or inner[-1] is Ellipsis else inner[n]


def _is(hint: Any, kind: type) -> bool:
    return isinstance(get_origin(hint), type) and issubclass(get_origin(hint), kind)
