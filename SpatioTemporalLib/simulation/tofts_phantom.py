"""A digital reference object: signal of tissue and artery made from known Ktrans, ve and vp."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..data.geometry import Geometry
from ..data.series import Acquisition, Series
from ..data.volumes import Label, LabelMap, Map
from ..numerics.bolus.population_input_functions import parker_blood_concentration
from ..numerics.kinetics.tofts_models import extended_tofts_concentration
from ..numerics.relaxation.spoiled_gradient_echo import spoiled_gradient_echo_signal

FINE_STEP = 0.1  # s; the artery is sampled so finely that its interpolation adds no error of its own


@dataclass(frozen=True)
class PhantomDesign:
    """What the phantom is made of; times in s, rates in 1/min, angles in degrees."""

    ktrans: tuple[float, ...] = (0.02, 0.05, 0.1, 0.2, 0.35)
    ve: tuple[float, ...] = (0.1, 0.2, 0.4)
    vp: tuple[float, ...] = (0.0, 0.05)
    patch: int = 8
    frame_interval: float = 1.5
    duration: float = 360.0
    noise: float = 0.0


@dataclass(frozen=True)
class Phantom:
    """The series and the truth behind it."""

    series: Series
    truth: dict[str, Map]
    tissue: LabelMap
    artery: LabelMap
    facts: dict[str, float]


def tofts_phantom(design: PhantomDesign, rng: np.random.Generator) -> Phantom:
    """A slice of square patches, one for each combination of ve and vp (rows) and Ktrans (columns).

    The last row of patches is artery. `facts` are the parameters an analysis
    needs to be told. Noise is Gaussian, given as a part of the tissue's
    baseline signal.
    """
    facts = {"hematocrit": 0.42, "relaxivity": 4.5, "t1_baseline": 1.4, "t1_blood": 1.65}
    acquisition = Acquisition(modality="MR", flip_angle=20.0, repetition_time=0.004)
    times = np.arange(0, design.duration, design.frame_interval)
    fine = np.arange(0, design.duration, FINE_STEP)
    blood = parker_blood_concentration(fine, arrival=30.0)
    ktrans, ve, vp, artery = _patches(design)
    tissue = extended_tofts_concentration(fine, blood / (1 - facts["hematocrit"]), times, ktrans=ktrans, ve=ve, vp=vp)
    concentration = np.where(artery[..., None], np.interp(times, fine, blood), tissue)
    r1 = (
        np.where(artery, 1 / facts["t1_blood"], 1 / facts["t1_baseline"])[..., None]
        + facts["relaxivity"] * concentration
    )
    signal = spoiled_gradient_echo_signal(r1, acquisition.flip_angle, acquisition.repetition_time, 1000.0)
    signal = signal + rng.normal(0.0, design.noise * signal[0, 0, 0], signal.shape) if design.noise else signal
    values = np.moveaxis(signal, -1, 0)[:, None].astype(np.float32)
    geometry = Geometry.from_spacing(values.shape[1:], (1.0, 1.0, 3.0))
    series = Series(values, times, geometry, name="phantom", acquisition=acquisition, time_source="simulated")
    units = {"ktrans": ("1/min", ktrans), "ve": ("1", ve), "vp": ("1", vp)}
    return Phantom(
        series=series,
        truth={name: Map(v[None], geometry, unit, f"true {name}") for name, (unit, v) in units.items()},
        tissue=LabelMap(~artery[None], geometry, {1: Label("tissue")}, "tissue"),
        artery=LabelMap(artery[None], geometry, {1: Label("artery")}, "artery"),
        facts=facts,
    )


def _patches(design: PhantomDesign) -> tuple[np.ndarray, ...]:
    """(rows, columns) Ktrans, ve, vp, and where the artery is."""
    rows = [(ve, vp) for ve in design.ve for vp in design.vp]
    ktrans = np.tile(np.array(design.ktrans), (len(rows) + 1, 1))
    ve = np.array([ve for ve, _ in rows] + [1.0])[:, None] + 0 * ktrans
    vp = np.array([vp for _, vp in rows] + [0.0])[:, None] + 0 * ktrans
    artery = np.zeros(ktrans.shape, dtype=bool)
    artery[-1] = True
    return tuple(np.kron(a, np.ones((design.patch, design.patch), a.dtype)) for a in (ktrans, ve, vp, artery))
