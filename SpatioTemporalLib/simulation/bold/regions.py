"""Regions of a simulated functional run, and what is true of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...data.events import Events
from .courses import answer_to, fluctuation, irregular, regular

CONDITIONS = ("left hand", "right hand")
FALLOFF_MM = 2.0


@dataclass(frozen=True)
class Region:
    """A ball in the head.

    centre : mm R, A, S. radius : mm. effects : % of each condition. delay : s by which all it does comes late. course :
    "", "network 1", "network 2", "irregular" or "regular". strength : % of its course, standard deviation.
    """

    name: str
    centre: tuple[float, float, float]
    radius: float
    effects: tuple[float, float] = (0.0, 0.0)
    delay: float = 0.0
    course: str = ""
    strength: float = 0.0

    def part_at(self, points: np.ndarray) -> np.ndarray:
        """(...) 0..1 how much a place (3, ...) belongs to it."""
        place = points - np.array(self.centre).reshape(3, *[1] * (points.ndim - 1))
        return 0.5 * (1.0 + np.tanh((self.radius - np.sqrt((place**2).sum(axis=0))) / FALLOFF_MM))


REGIONS = (
    Region("motor right", (38.0, -8.0, 32.0), 13.0, (2.5, 0.0)),
    Region("motor left", (-38.0, -8.0, 32.0), 13.0, (0.0, 2.5)),
    Region("premotor", (0.0, 8.0, 46.0), 12.0, (2.0, 2.0), -1.0),
    Region("parietal", (28.0, -50.0, 28.0), 13.0, (1.5, 1.5), 1.5),
    Region("network 1 front", (-24.0, 56.0, 12.0), 14.0, course="network 1", strength=1.5),
    Region("network 1 back", (-22.0, -62.0, 16.0), 13.0, delay=1.0, course="network 1", strength=1.5),
    Region("network 2 left", (-54.0, 10.0, -6.0), 13.0, course="network 2", strength=1.5),
    Region("network 2 right", (54.0, 10.0, -6.0), 13.0, delay=0.5, course="network 2", strength=1.5),
    Region("irregular", (24.0, 58.0, 8.0), 14.0, course="irregular", strength=1.5),
    Region("regular", (26.0, -62.0, -12.0), 13.0, course="regular", strength=1.5),
)


def region_courses(
    regions: tuple[Region, ...], times: np.ndarray, events: Events, interval: float, rng: np.random.Generator
) -> np.ndarray:
    """(R, N) % of what each region adds over fine times; regions of a network share a course."""
    shared = {f"network {n}": fluctuation(times, rng) for n in (1, 2)}
    answers = {name: answer_to(times, events, name) for name in events.names}
    found = np.zeros((len(regions), len(times)))
    for n, region in enumerate(regions):
        course = {"irregular": lambda: irregular(times, interval, rng), "regular": lambda: regular(times, rng)}
        own = shared.get(region.course, course[region.course]() if region.course in course else np.zeros(len(times)))
        total = region.strength * own
        for effect, condition in zip(region.effects, CONDITIONS):
            if condition in answers:
                total = total + effect * answers[condition]
        found[n] = np.interp(times - region.delay, times, total)
    return found
