"""The kinds by name, and how one of them becomes another."""

from __future__ import annotations

import functools
from typing import Any

from ..errors import InputError
from ..system.declarations import Found, declarations
from .kind import Files, Given, Kind, Nodes

ENTRY_POINT_GROUP = "spatiotemporal.kinds"


@functools.cache
def found_kinds() -> Found[Kind]:
    """All kinds, each in a module of `kinds.declared` or offered by another package, and what is broken of these.

    Raises
    ------
    TypeError
        If two claim the same name.
    """
    return declarations(Kind, f"{__package__}.declared", what="kind", group=ENTRY_POINT_GROUP)


def known_kinds() -> dict[str, Kind]:
    """All kinds by name, sorted."""
    return found_kinds().declared


def is_input(data: type) -> bool:
    """Whether an analysis can take this."""
    return any(kind.data is data and kind.is_input for kind in known_kinds().values())


def is_output(data: type) -> bool:
    """Whether an analysis can give this."""
    return any(kind.data is data and kind.is_output for kind in known_kinds().values())


def kind_of(data: type) -> Kind:
    """The kind with this class."""
    return next(kind for kind in known_kinds().values() if kind.data is data)


def files_of(data: type) -> Files:
    """How a kind is given in files: as it says, or as the one it is made of."""
    kind = kind_of(data)
    return kind.files or files_of(kind.made.of)


def nodes_of(data: type) -> Nodes:
    """The nodes that can hold a kind: as it says, or as the one it is made of; none where neither says any."""
    kind = kind_of(data)
    if kind.nodes is None and kind.made is not None:
        return nodes_of(kind.made.of)
    return kind.nodes or Nodes(())


def read(data: type, given: Given) -> Any:
    """The value of a kind that was given."""
    return as_kind(files_of(data).read(given), data)


def result_kind(data: type) -> str:
    """What outputs that can be inputs of a kind are called in the results of a run; "" where there are none."""
    kind = kind_of(data)
    if kind.is_output:
        return kind.name
    return result_kind(kind.made.of) if kind.made is not None and kind.files is None else ""


def as_kind(value: Any, data: type) -> Any:
    """A value as one of a kind, made where it is of the kind from which that is made; any other as it is.

    Raises
    ------
    InputError
        When the value cannot be one of the kind; names the value.
    """
    made = kind_of(data).made
    if isinstance(value, data) or made is None:
        return value
    value = as_kind(value, made.of)
    if not isinstance(value, made.of):
        return value
    try:
        return made.by(value)
    except InputError as error:
        where = error.where or getattr(value, "name", "")
        raise InputError(error.code, error.message, where=where, fix=error.fix) from error
