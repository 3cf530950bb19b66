"""One patient at several dates."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from ..errors import Finding, InputError, counted
from ..system.plain_text import for_message
from .volumes import LabelMap, Map

MOST_SHOWN = 2000  # letters


@dataclass(frozen=True, eq=False)
class Visit:
    """Images, masks and covariates of one date.

    Attributes
    ----------
    days : float
        Since the first visit.
    images : dict of name to Map
        Each with a geometry of its own.
    masks : dict of name to LabelMap
    covariates : dict of name to number or text
    """

    days: float
    images: dict[str, Map] = field(default_factory=dict)
    masks: dict[str, LabelMap] = field(default_factory=dict)
    covariates: dict[str, float | str] = field(default_factory=dict)

    @property
    def mask(self) -> LabelMap | None:
        """The mask of the visit whatever its name, the first of several; None without one."""
        return next(iter(self.masks.values()), None)

    def __str__(self) -> str:
        parts = [f"day {self.days:g}: images {', '.join(self.images) or 'none'}"]
        if self.masks:
            parts.append(f"masks {', '.join(self.masks)}")
        parts += [f"{name} = {value}" for name, value in self.covariates.items()]
        return for_message("; ".join(parts), MOST_SHOWN)


@dataclass(frozen=True, eq=False)
class FollowUp:
    """One patient's visits in order of time.

    Attributes
    ----------
    patient : str
        A pseudonym, never a name.
    visits : tuple of Visit
        The first at day 0, the others strictly later.
    findings : tuple of Finding

    Raises
    ------
    InputError
        ``E-VISIT-ORDER`` when days do not begin at 0 and rise strictly.
    """

    patient: str
    visits: tuple[Visit, ...]
    findings: tuple[Finding, ...] = ()

    def __post_init__(self):
        visits = tuple(self.visits)
        if not str(self.patient).strip():
            raise InputError("E-PATIENT", "a follow-up needs a pseudonym", fix="Give the patient a short code.")
        where = self.called
        if not visits:
            raise InputError("E-VISIT-NONE", "has no visit", where=where, fix="Give at least one visit.")
        problem = order_problem([visit.days for visit in visits])
        if problem:
            raise InputError(
                "E-VISIT-ORDER",
                problem,
                where=where,
                fix="Correct the dates; days count from the first visit, which is day 0.",
            )
        object.__setattr__(self, "visits", visits)
        object.__setattr__(self, "findings", tuple(self.findings))

    @property
    def days(self) -> np.ndarray:
        """(N,) days of the visits since the first."""
        return np.array([visit.days for visit in self.visits], dtype=np.float64)

    @property
    def name(self) -> str:
        """The pseudonym: what messages and provenance call the follow-up."""
        return self.patient

    @property
    def called(self) -> str:
        """What messages call the patient: "patient 007", and no second "patient" before a pseudonym that says it."""
        return self.patient if self.patient.lower().startswith("patient") else f"patient {self.patient}"

    @property
    def unit(self) -> str:
        """Unit of the first visit's first image, "" without one; `run` asks that all visits have the same."""
        return next((image.unit for visit in self.visits for image in visit.images.values()), "")

    def with_image(self, name: str) -> FollowUp:
        """The same visits with one image each, under this name.

        Where a visit has no image of that name, its only one is taken.

        Raises
        ------
        InputError
            ``E-VISIT-IMAGE`` when a visit has no such image, or several others.
        """
        return replace(self, visits=tuple(self._with_image(visit, name) for visit in self.visits))

    def _with_image(self, visit: Visit, name: str) -> Visit:
        image = visit.images.get(name)
        if image is None and len(visit.images) == 1:
            (image,) = visit.images.values()
        if image is None:
            raise InputError(
                "E-VISIT-IMAGE",
                f"the visit at day {visit.days:g} has no image called {name} "
                f"(it has {', '.join(visit.images) or 'none'})",
                where=self.called,
                fix=f"Give each visit one image, or name the one that is meant {name}.",
            )
        return replace(visit, images={name: image})

    def __str__(self) -> str:
        days = ", ".join(f"{d:g}" for d in self.days)
        head = f"{for_message(self.called)}: {counted(len(self.visits), 'visit')}, days {days}"
        return "\n".join([head, *(f"  {visit}" for visit in self.visits), *(f"  {f}" for f in self.findings)])


def order_problem(days: list[float]) -> str:
    """What is wrong with days since the first visit, "" when nothing is."""
    days = np.array(days, dtype=np.float64)
    if not np.isfinite(days).all():
        return "a visit has no day"
    if len(days) and days[0] != 0:
        return f"the first visit is at day {days[0]:g}, not 0"
    wrong = np.flatnonzero(np.diff(days) <= 0)
    if wrong.size:
        return f"visit {wrong[0] + 2} is at day {days[wrong[0] + 1]:g}, not after day {days[wrong[0]]:g}"
    return ""
