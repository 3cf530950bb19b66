"""Patients with liver metastases whose hazard is known: it hangs on which lesion grows and how near the portal vein.

Nothing here was fitted to patients: the numbers are chosen so that what only a
graph of lesions over time can tell is worth something, and known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LIVER_RADIUS_MM, PORTAL_THICKNESS_MM = 80.0, 7.0
SCANS_DAYS = (0.0, 45.0, 90.0)
DAYS_PER_MONTH = 365.25 / 12
MOST_LESIONS = 8
PORTAL_DECAY_MM = 25.0
GROWTH_PER_MONTH = 0.15
LITTLE_ML = 1e-3
SHAPE, SCALE_MONTHS = 1.3, 46.0
# Of 6,000 patients: mean and standard deviation by which terms of the hazard are standardised.
LOG_VOLUME, GRAPH_TERM = (2.645, 1.009), (0.361, 0.616)


@dataclass(frozen=True)
class Effects:
    """Log hazard ratios of one standard deviation, or of a yes.

    graph : of the growth of lesions weighted by how near the portal vein they lie.
    """

    volume: float = 0.45
    graph: float = 0.44
    cea: float = 0.35
    nodes: float = 0.45
    extrahepatic: float = 0.7
    age: float = 0.2

    def only_graph(self) -> Effects:
        """Twice the effect of the graph, and none of clinical facts."""
        return Effects(self.volume, 2 * self.graph, 0.0, 0.0, 0.0, 0.0)


USUAL = Effects()


@dataclass(frozen=True, eq=False)
class LiverPatient:
    """One simulated patient.

    places : (L, 3) mm from the middle of the liver. growth : (L,) in standard units. log_volumes : (T, L) ln mL as
    measured. clinical : by name. log_hazard : against that of the mean patient. drivers : (L,) how far it
    would fall without each lesion. time, event : months, and whether it happened then.
    """

    places: np.ndarray
    growth: np.ndarray
    log_volumes: np.ndarray
    clinical: dict[str, float]
    log_hazard: float
    drivers: np.ndarray
    time: float
    event: bool

    @property
    def portal_distance(self) -> np.ndarray:
        """(L,) mm from the plane of the portal trunk."""
        return np.abs(self.places[:, 2])


def draw_patient(rng: np.random.Generator, effects: Effects = USUAL) -> LiverPatient:
    """A patient with lesions at three scans, and what became of them."""
    count = min(1 + rng.poisson(1.2), MOST_LESIONS)
    direction = rng.normal(0, 1, (count, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    places = direction * LIVER_RADIUS_MM * np.cbrt(rng.uniform(0, 1, count))[:, None]
    growth = rng.normal(0, 0.9) + rng.normal(0, 0.5, count)
    months = np.array(SCANS_DAYS)[:, None] / DAYS_PER_MONTH
    first = rng.normal(np.log(6.0), 1.0, count)
    true = first + GROWTH_PER_MONTH * growth * months
    log_volumes = true + rng.normal(0, 0.06, true.shape)
    clinical = {
        "age": rng.normal(60, 11),
        "log_cea": rng.normal(2.3, 1.2),
        "nodes_positive": float(rng.random() < 0.55),
        "extrahepatic": float(rng.random() < 0.12),
        "sex": float(rng.random() < 0.4),
        "body_mass_index": rng.normal(27, 4),
    }
    terms = np.maximum(growth, 0) * np.exp(-np.abs(places[:, 2]) / PORTAL_DECAY_MM)
    volumes = np.exp(true[0])
    hazard = effects.volume * (np.log(volumes.sum()) - LOG_VOLUME[0]) / LOG_VOLUME[1]
    hazard += effects.graph * (terms.sum() - GRAPH_TERM[0]) / GRAPH_TERM[1]
    rest = np.maximum(volumes.sum() - volumes, LITTLE_ML)
    drivers = effects.graph * terms / GRAPH_TERM[1] + effects.volume * np.log(volumes.sum() / rest) / LOG_VOLUME[1]
    hazard += effects.cea * (clinical["log_cea"] - 2.3) / 1.2 + effects.age * (clinical["age"] - 60) / 11
    hazard += effects.nodes * (clinical["nodes_positive"] - 0.55)
    hazard += effects.extrahepatic * (clinical["extrahepatic"] - 0.12)
    # Weibull in proportional hazards: the scale shrinks by exp(-hazard / shape).
    happens = SCALE_MONTHS * np.exp(-hazard / SHAPE) * rng.weibull(SHAPE)
    seen = min(rng.uniform(36, 180), rng.exponential(220))
    time, event = max(min(happens, seen), 0.01), bool(happens <= seen)
    return LiverPatient(places, growth, log_volumes, clinical, float(hazard), drivers, float(time), event)
