"""Kinetic analyses against digital reference objects and published values.

Results of different packages are known not to agree, so every installation can
show what it makes of data whose truth others laid down.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..context import Context
from ..data.curve import Curve
from ..data.geometry import Geometry
from ..data.series import Acquisition, Series
from ..data.volumes import ImageStack, LabelMap
from ..io import read_labels, read_series
from ..numerics.bolus.population_input_functions import parker_blood_concentration
from ..run import run
from ..sample_data import sample_file
from .checks import Comparison

# Seconds and mmol/L of the OSIPI code collection's reference for Parker's input function.
PARKER = ((0.0, 0.08038467), (6.0, 2.75255974), (12.0, 5.45203893), (30.0, 1.22472041), (120.0, 0.74960428))
# Concentration that PkModeling publishes for these signals on a baseline of 10.
CONCENTRATIONS = ((50.0, 0.7673), (100.0, 3.4819))
# Signals at 2, 5 and 12 degrees, TR 5.4 ms, and R1 in 1/s by OSIPI's in-vivo reference fits.
RELAXATION = (((367, 605, 458), 0.91428), ((365, 609, 451), 0.89652), ((358, 615, 468), 0.96413))
QIBA_KTRANS = np.array([0.01, 0.02, 0.05, 0.1, 0.2, 0.35])
QIBA_VE = np.array([0.01, 0.05, 0.1, 0.2, 0.5])


def check_kinetics(context: Context) -> list[Comparison]:
    """Run every check of the kinetic analyses."""
    checks = (_parker, _concentration, _relaxation, _tofts, _extended_tofts)
    found = []
    for number, check in enumerate(checks):
        context.progress(number / len(checks), check.__name__.strip("_").replace("_", " "))
        found += check()
    context.progress(1.0, "done")
    return found


def _parker() -> Iterator[Comparison]:
    for time, reference in PARKER:
        estimate = float(parker_blood_concentration(np.array([time]))[0])
        quantity = f"blood at {time:g} s"
        yield Comparison("Parker input", quantity, "mmol/L", estimate, reference, 1e-4 + 0.01 * reference, "OSIPI")


def _concentration() -> Iterator[Comparison]:
    signals = np.array([10.0] * 8 + [signal for signal, _ in CONCENTRATIONS])
    series = Series.from_curves(
        np.arange(len(signals), dtype=float), signals, acquisition=Acquisition(flip_angle=15, repetition_time=0.003984)
    )
    result = run("kinetics.concentration", series=series, t1_baseline=1.6, relaxivity=4.9, baseline_frames=8)
    for (signal, reference), estimate in zip(CONCENTRATIONS, result["concentration"].values.ravel()[8:]):
        quantity = f"signal {signal:g} on baseline 10"
        # The reference has four decimals.
        yield Comparison("concentration", quantity, "mmol/L", float(estimate), reference, 5e-5, "PkModeling")


def _relaxation() -> Iterator[Comparison]:
    signals = np.array([signals for signals, _ in RELAXATION], dtype=float).T[:, None, None, :]
    stack = ImageStack(signals, [2.0, 5.0, 12.0], Geometry.from_spacing(signals.shape[1:]))
    t1 = run("kinetics.variable_flip_angle_t1", stack=stack, repetition_time=0.0054)["t1"].values.ravel()
    for number, ((_, reference), estimate) in enumerate(zip(RELAXATION, t1), start=1):
        quantity = f"R1, white matter {number}"
        yield Comparison(
            "T1 by flip angles", quantity, "1/s", 1 / float(estimate), reference, 0.05 + 0.05 * reference, "OSIPI"
        )


def _tofts() -> Iterator[Comparison]:
    from scipy.io import loadmat

    data = loadmat(sample_file("reference/qiba6.mat"))
    times = data["t"].ravel()
    acquisition = Acquisition(flip_angle=30, repetition_time=0.005)
    series = Series.from_curves(times, data["DCEdata"].reshape(len(times), -1), acquisition=acquisition)
    aif = Curve(times, data["Cp"].ravel(), "mmol/L", "plasma")
    facts = {"t1_baseline": 1.0, "relaxivity": 4.5, "baseline_frames": 60, "curve_is": "plasma"}
    result = run("kinetics.tofts", series=series, aif=aif, **facts)
    ktrans = result["ktrans"].values.reshape(QIBA_KTRANS.size, QIBA_VE.size)
    ve = result["ve"].values.reshape(ktrans.shape)
    for row, reference in enumerate(QIBA_KTRANS):
        # At ve = 0.01 the signal changes by a few integer steps only.
        worst = ktrans[row, 1:][np.abs(ktrans[row, 1:] - reference).argmax()]
        yield Comparison(
            "Tofts, QIBA v6", "Ktrans, worst of four", "1/min", float(worst), reference, 0.01 * reference, "QIBA"
        )
    for column, reference in enumerate(QIBA_VE):
        worst = ve[:, column][np.abs(ve[:, column] - reference).argmax()]
        yield Comparison("Tofts, QIBA v6", "ve, worst of six", "1", float(worst), reference, 0.02 * reference, "QIBA")


def _extended_tofts() -> Iterator[Comparison]:
    series = read_series(sample_file("reference/DRO3min5secinf.nrrd"))
    row, column = np.meshgrid(np.arange(12), np.arange(15), indexing="ij")
    truth = {
        "ktrans": np.array([0.05, 0.1, 0.2, 0.3, 0.4])[column // 3],
        "ve": np.array([0.15, 0.25, 0.35])[row // 4],
        "vp": np.array([0.0, 0.01, 0.02, 0.03])[row % 4],
        "delay": np.array([0.0, 2.0, 4.0])[column % 3],
    }
    inside = np.zeros(series.geometry.shape, dtype=np.uint8)
    inside[0, 1:, 1:] = 1
    result = run(
        "kinetics.extended_tofts",
        series=series,
        mask=LabelMap(inside, series.geometry),
        aif_mask=read_labels(sample_file("reference/DRO-AIF.nrrd")),
        hematocrit=0.45,
        relaxivity=3.7,
        t1_baseline=1.434,
        # Not the 1.6 s of the object's description: see the README beside it.
        t1_blood=1.6285,
        frame_values="average",
        delay="fit",
        largest_delay=8,
    )
    units = {"ktrans": "1/min", "ve": "1", "vp": "1", "delay": "s"}
    allowed = {
        "ktrans": lambda value: 0.01 * value,
        "ve": lambda _: 0.005,
        "vp": lambda _: 0.0025,
        "delay": lambda _: 0.25,
    }
    for name, values in truth.items():
        estimates = result[name].values[0, 1:, 1:]
        for value in np.unique(values):
            median = float(np.median(estimates[values == value]))
            quantity = f"{name}, median of {np.count_nonzero(values == value)}"
            yield Comparison(
                "extended Tofts, DRO", quantity, units[name], median, float(value), allowed[name](value), "PkModeling"
            )
