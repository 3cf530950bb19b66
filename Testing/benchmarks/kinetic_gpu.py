"""Extended Tofts of a whole breast on a GPU: the solver with the way there and back, and all of `run`.

    python Testing/benchmarks/kinetic_gpu.py [--slices 64] [--device cuda]

256×256×slices voxels of 60 frames: noise of a twentieth of the peak in three of five, of a fifth in one, nothing but
noise in one. Prints seconds, the same for the processors of the machine, and how far both are apart: the excess of the
sum of squares of one over the other, and the Ktrans that differ by more than 1e-4.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch

import SpatioTemporalLib as st
from SpatioTemporalLib.context import Context
from SpatioTemporalLib.numerics.bolus.population_input_functions import parker_blood_concentration
from SpatioTemporalLib.numerics.kinetics.tofts_models import extended_tofts_concentration, tofts_family
from SpatioTemporalLib.numerics.least_squares.separable.solver import solve
from SpatioTemporalLib.numerics.signal.frame_sampling import at_instants
from SpatioTemporalLib.steps.voxels.device_blocks import device_block_size, on_device

TIMES = np.arange(60) * 5.0
PLASMA = parker_blood_concentration(TIMES, arrival=27.0) / 0.58
FAMILY = tofts_family(TIMES, PLASMA, at_instants(TIMES), kep_bounds=(1e-3, 20.0), vp_max=1.0)
REPEATS, SAMPLE, NEAR = 3, 65536, 1e-4


def breast(slices: int) -> np.ndarray:
    """(60, slices, 256, 256) float32 concentrations, mmol/L; a slice's curves are those of the others, turned."""
    rng = np.random.default_rng(0)
    count = 256 * 256
    ktrans, ve, vp = (rng.uniform(low, high, count) for low, high in ((0.01, 0.5), (0.1, 0.6), (0.0, 0.1)))
    clean = extended_tofts_concentration(TIMES, PLASMA, TIMES, ktrans=ktrans, ve=ve, vp=vp).T
    noise, kind = rng.normal(size=clean.shape), np.arange(count) % 5
    spread = clean.max(axis=0) * np.choose(kind, [0.05, 0.05, 0.05, 0.2, 0.2])
    curves = (np.where(kind == 4, 0.0, clean) + spread * noise).astype(np.float32)
    return np.stack([np.roll(curves, 977 * n, axis=1).reshape(60, 256, 256) for n in range(slices)], axis=1)


def solved(curves: np.ndarray, device: str) -> np.ndarray:
    """(3, n) Ktrans in 1/s, kep in 1/s and vp, found on a device and brought back."""
    size, parts = device_block_size(len(curves), device), []
    for begin in range(0, curves.shape[1], size):
        found = solve(on_device(curves[:, begin : begin + size], device), FAMILY)
        parts.append(torch.stack([found.linear, found.theta, found.fixed]).float().cpu().numpy())
    return np.concatenate(parts, axis=1)


def fastest(work, *given):
    """What a function gives, and the seconds of its fastest of some runs; the first warms up."""
    taken = []
    for _ in range(REPEATS + 1):
        started = time.perf_counter()
        found = work(*given)
        taken.append(time.perf_counter() - started)
    return found, min(taken[1:])


def told_apart(ours: np.ndarray, curves: np.ndarray) -> str:
    """How far the first curves' results are from those of the processor."""
    curves = curves[:, :SAMPLE].astype(float)
    theirs = solve(curves, FAMILY)
    theirs = np.stack([theirs.linear, theirs.theta, theirs.fixed])

    def squares(found):
        fitted = extended_tofts_concentration(
            TIMES, PLASMA, TIMES, ktrans=60 * found[0], ve=found[0] / found[1], vp=found[2]
        ).T
        return ((fitted - curves) ** 2).sum(axis=0)

    excess = squares(ours[:, :SAMPLE].astype(float)) / squares(theirs) - 1
    apart = np.count_nonzero(np.abs(ours[0, :SAMPLE] - theirs[0]) > NEAR * theirs[0])
    return f"excess {excess.max():.0e}, Ktrans apart in {apart} of {curves.shape[1]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slices", type=int, default=64)
    parser.add_argument("--device", default="cuda")
    arguments = parser.parse_args()
    values = breast(arguments.slices)
    curves, voxels = values.reshape(60, -1), values[0].size
    name = torch.cuda.get_device_name() if arguments.device.startswith("cuda") else arguments.device
    found, seconds = fastest(solved, curves, arguments.device)
    print(f"{name}: solver with transfer {seconds:.3f} s, {voxels / seconds / 1e6:.2f} million voxels/s", flush=True)
    print(told_apart(found, curves), flush=True)
    series = st.Series(values, TIMES, st.Geometry.from_spacing(values.shape[1:]), "mmol/L", "breast")
    given = {"series": series, "aif": st.Curve(TIMES, PLASMA, "mmol/L", "plasma"), "curve_is": "plasma"}
    for device in (arguments.device, "cpu"):
        started = time.perf_counter()
        st.run("kinetics.extended_tofts", context=Context(device=device), **given)
        print(f"run on {device}: {time.perf_counter() - started:.1f} s", flush=True)


if __name__ == "__main__":
    main()
