"""Arrays handed over to another process piece by piece, for a program that must not be held up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from .job_folder import JobFolder

PIECE = 2**24  # bytes; written in some milliseconds


@dataclass(frozen=True)
class SlowFolder(JobFolder):
    """A job's folder that notes which arrays belong into it; `writing` writes them."""

    waiting: dict[str, np.ndarray] = field(default_factory=dict)

    def save(self, name: str, array: np.ndarray) -> str:
        """Note an array and give back the name its file will have."""
        array = np.asanyarray(array)
        if array.dtype.hasobject:
            raise ValueError(f"{name} holds objects, which are not handed over")
        self.waiting[f"{name}.npy"] = array
        return f"{name}.npy"

    def writing(self) -> Iterator[None]:
        """Write the noted arrays, a piece a step."""
        for name, array in self.waiting.items():
            with open(self.path / name, "wb") as file:
                facts = {**np.lib.format.header_data_from_array_1_0(array), "fortran_order": False}
                np.lib.format.write_array_header_2_0(file, facts)
                for piece in _pieces(array):
                    file.write(np.ascontiguousarray(piece).data)
                    yield


def _pieces(array: np.ndarray) -> Iterator[np.ndarray]:
    """Parts of an array in the order of its values in memory, none larger than a piece unless it is one value."""
    if array.nbytes <= PIECE or array.ndim == 0:
        yield array
        return
    rows = max(1, PIECE // max(array[:1].nbytes, 1))
    for first in range(0, len(array), rows):
        part = array[first : first + rows]
        if rows == 1 and array.ndim > 1:
            yield from _pieces(part[0])
        else:
            yield part
