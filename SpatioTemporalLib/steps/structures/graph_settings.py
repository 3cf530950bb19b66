"""How a patient with drawn structures is shown to a network on graphs."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import ParameterError

MOST_STEPS = 200


@dataclass(frozen=True)
class GraphSettings:
    """Settings of graphs and of what is asked about them.

    image, unit : of the images that structures are drawn on. gate : mm that a
    lesion may move from visit to visit. endpoints : names of outcomes, each with
    columns ``NAME_time`` and ``NAME_event``. steps, step_months : into which the
    time after the last visit is divided. covariates_after : whether what is known
    only afterwards is learned from. shape, spacings : of images, of which a graph has none.
    """

    image: str = "ct"
    unit: str = "HU"
    gate: float = 20.0
    endpoints: tuple[str, ...] = ()
    steps: int = 12
    step_months: float = 12.0
    covariates_after: bool = False
    shape: tuple[int, ...] = ()
    spacings: tuple[tuple[float, ...], ...] = ()

    def __post_init__(self):
        if not (1 <= self.steps <= MOST_STEPS and self.step_months > 0 and self.gate > 0):
            raise ParameterError(
                "E-PARAMETER",
                f"{self.steps} steps of {self.step_months:g} months, a gate of {self.gate:g} mm",
                fix=f"Give 1 to {MOST_STEPS} steps, and a length and a gate above 0.",
            )

    @property
    def horizons(self) -> tuple[float, ...]:
        """Months after the last visit at which steps end."""
        return tuple(self.step_months * (n + 1) for n in range(self.steps))
