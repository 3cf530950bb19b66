"""CPU seconds that each kinetic analysis takes for 10,000 voxels, on one thread.

    python Testing/benchmarks/kinetic_speed.py [--only WORD ...] [--seconds 2] [--out TABLE.csv]

Of the voxels three in five have a noise of a twentieth of their peak, one in
five of a fifth, and one in five nothing but noise. What an analysis takes
however few the voxels (tables, checks, the curves of regions) is a column of
its own. Runs grow until one takes as long as --seconds.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import SpatioTemporalLib as st
from SpatioTemporalLib import registry
from SpatioTemporalLib.context import Context
from SpatioTemporalLib.numerics.bolus.population_input_functions import parker_blood_concentration
from SpatioTemporalLib.numerics.kinetics.tracer_models import two_tissue_curves
from SpatioTemporalLib.numerics.kinetics.two_compartment.models import two_compartment_concentration
from SpatioTemporalLib.numerics.signal.exponential_convolution import exponential_convolution
from SpatioTemporalLib.numerics.signal.frame_sampling import over_intervals
from SpatioTemporalLib.numerics.signal.tabulated_exponentials import tabulate_exponentials

HEADINGS = ("analysis", "settings", "frames", "voxels", "s per 10,000 voxels", "s however few")
FEW, MOST = 16, 65536
TIMES = np.arange(120) * 2.0
PLASMA = parker_blood_concentration(TIMES, arrival=20.0) / 0.58
PORTAL = 0.1 * exponential_convolution(TIMES + 8.0, PLASMA, 0.1, TIMES)
STARTS = np.concatenate([np.arange(12) * 10.0, 120 + np.arange(8) * 60.0, 600 + np.arange(10) * 300.0])
SAMPLING = over_intervals(STARTS)
TRACER = parker_blood_concentration(SAMPLING.times / 4, arrival=5.0)
CONVERSION = ("arterial_input_function", "concentration", "linearise_ultrasound", "transverse_relaxation_change")


def tissue(rng: np.random.Generator, count: int) -> np.ndarray:
    """(count, T) concentrations of tissue whose plasma and interstitium exchange, mmol/L."""
    ranges = {"fp": (10, 90), "ps": (0.01, 0.4), "ve": (0.08, 0.5), "vp": (0.02, 0.15)}
    truth = {name: rng.uniform(*limits, count) for name, limits in ranges.items()}
    return two_compartment_concentration(TIMES, PLASMA, TIMES, **truth)


def activity(rng: np.random.Generator, count: int) -> np.ndarray:
    """(count, T) activities of tissue with two compartments, kBq/mL."""
    ranges = ((0.05, 0.5), (0.05, 0.4), (0.01, 0.1), (0.01, 0.05), (0.02, 0.08))
    truth = np.array([rng.uniform(*limits, count) for limits in ranges]) / np.array([[60.0]] * 4 + [[1.0]])
    return two_tissue_curves(tabulate_exponentials(SAMPLING.times, TRACER, SAMPLING), SAMPLING.frames(TRACER), truth)


def bubbles(rng: np.random.Generator, count: int) -> np.ndarray:
    """(count, T) linear intensities of a bolus."""
    later = np.maximum(TIMES - rng.uniform(8, 20, count)[:, None], 0.0) / rng.uniform(8, 25, count)[:, None]
    return 10.0 * later**2 * np.exp(2 * (1 - later))


def first_pass(rng: np.random.Generator, count: int) -> np.ndarray:
    """(count, T) signals of a first pass, as a fall below one."""
    return np.exp(-0.6 * bubbles(rng, count) / 10.0) - 1.0


def with_noise(curves: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    size = np.abs(curves).max(axis=1, keepdims=True)
    kind = np.arange(len(curves)) % 5
    level = np.select([kind == 3, kind == 4], [0.2, 0.05], 0.05)[:, None]
    return np.where(kind == 4, 0.0, 1.0)[:, None] * curves + level * size * rng.normal(size=curves.shape)


def inputs_of(analysis, count: int) -> dict:
    """A square of about so many voxels and what else an analysis needs."""
    rng, names = np.random.default_rng(0), {item.name for item in analysis.inputs}
    made_for = next(item.made_for for item in analysis.inputs if item.name == "series")[0]
    side = int(np.sqrt(count))
    source: Callable = {"pet": activity, "ceus": bubbles, "dsc": first_pass}.get(made_for, tissue)
    curves = with_noise(source(rng, side * side), rng).T
    times = STARTS if made_for == "pet" else TIMES
    facts = {"pet": {"unit": "kBq/mL"}, "dce": {"unit": "mmol/L"}}.get(made_for, {"unit": "a.u."})
    if analysis.id in ("kinetics.brix", "kinetics.enhancement", "kinetics.ultrafast"):
        curves, facts = 1 + curves, {"unit": "a.u."}
    if made_for == "dsc":
        curves, facts = 100 * (1 + curves), {"unit": "a.u.", "acquisition": st.Acquisition(echo_time=0.03)}
    if made_for == "ceus":
        curves = curves + 1
    values = curves.reshape(len(times), 1, side, side)
    geometry = st.Geometry.from_spacing(values.shape[1:])
    given = {"series": st.Series(values, times, geometry, **facts)}
    first = np.arange(side * side).reshape(values.shape[1:]) % 5 == 0
    own = {
        "reference_mask": st.LabelMap(first, geometry),
        "aif": st.Curve(TIMES, PLASMA, "mmol/L", "plasma"),
        "portal_vein": st.Curve(TIMES, PORTAL, "mmol/L", "vein"),
        "plasma": st.Curve(SAMPLING.times, TRACER, "kBq/mL", "plasma"),
    }
    given |= {name: value for name, value in own.items() if name in names}
    if made_for == "dsc" or analysis.id == "kinetics.perfusion_by_deconvolution":
        given["aif_mask"] = own["reference_mask"]
    return given


def settings_of(analysis) -> list[dict]:
    """Parameters that let an analysis run on what is simulated here, and those that make it another computation."""
    fields = {field.name for field in analysis.parameters}
    plain = {"curve_is": "plasma"} if "curve_is" in fields and "aif" in {item.name for item in analysis.inputs} else {}
    if analysis.id == "kinetics.brix":
        plain = {"arrival": 20.0, "baseline_frames": 9}
    with_delay = {
        "kinetics.tofts",
        "kinetics.extended_tofts",
        "kinetics.two_compartment_exchange",
        "kinetics.two_tissue",
    }
    return [plain, plain | {"delay": "fit"}] if analysis.id in with_delay else [plain]


def measured(analysis, settings: dict, seconds: float) -> tuple[int, float, float]:
    """Voxels, CPU seconds for 10,000 of them, and those that few take."""

    def cpu(count: int) -> float:
        given = inputs_of(analysis, count)
        started = time.process_time()
        st.run(analysis.id, context=Context(threads=1), **given, **settings)
        return time.process_time() - started

    cpu(FEW)  # Modules are imported.
    few, count = cpu(FEW), FEW
    taken = few
    while taken < seconds + few and count < MOST:
        count *= 4
        taken = cpu(count)
    voxels = int(np.sqrt(count)) ** 2
    return voxels, max(taken - few, 0.0) / (voxels - FEW) * 1e4, few


def rows(words: list[str], seconds: float):
    for id, analysis in sorted(registry.analyses().items()):
        is_fit = id.startswith("kinetics.") and not id.endswith(("_t1", *CONVERSION))
        if not is_fit or words and not any(word in id for word in words):
            continue
        for settings in settings_of(analysis):
            voxels, rate, few = measured(analysis, settings, seconds)
            said = " ".join(f"{name}={value}" for name, value in settings.items() if name == "delay")
            pet = any(item.made_for[:1] == ("pet",) for item in analysis.inputs if item.name == "series")
            yield id, said, len(STARTS if pet else TIMES), voxels, f"{rate:.3g}", f"{few:.2g}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", default=[], help="words, of which an analysis' id must have one")
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    table = []
    for row in rows(given.only, given.seconds):
        table.append(row)
        print("{:<40} {:<10} {:>4} frames {:>6} voxels {:>8} s per 10,000 {:>6} s however few".format(*row), flush=True)
    if given.out:
        with given.out.open("w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerows([HEADINGS, *table])


if __name__ == "__main__":
    main()
