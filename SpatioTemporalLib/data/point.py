"""A place in the patient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..system.plain_text import for_message


@dataclass(frozen=True)
class Point:
    """One position, such as the middle of a lesion.

    ras : (R, A, S) in mm.
    """

    ras: tuple[float, float, float]
    name: str = "point"

    def __post_init__(self):
        try:
            ras = tuple(float(x) for x in self.ras)
        except (TypeError, ValueError):
            ras = ()
        if len(ras) != 3 or not np.isfinite(ras).all():
            raise InputError(
                "E-POINT",
                f"a point has three finite coordinates R, A, S in mm, found {self.ras}",
                where=self.name,
                fix="Give it as ras=(-12.5, 30, 41); Slicer shows R, A, S of a control point in the Markups module.",
            )
        object.__setattr__(self, "ras", ras)

    def __str__(self) -> str:
        return f"{for_message(self.name)}: R {self.ras[0]:g}, A {self.ras[1]:g}, S {self.ras[2]:g} mm"
