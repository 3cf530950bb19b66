"""Named columns."""

from __future__ import annotations

from collections.abc import Callable

from ...data.curve import Table
from ...io import read_table
from ..identity import text_identity
from ..kind import Files, Kind, Nodes


def _identity(value: Table, look: Callable[[], None]) -> dict[str, object]:
    return {"rows": value.row_count} | text_identity(value.columns)


TABLE = Kind(
    Table,
    called="table",
    files=Files(lambda given: given.in_unit(read_table(given.words[0])), "read_table"),
    nodes=Nodes(("vtkMRMLTableNode",)),
    identity=_identity,
    is_output=True,
)
