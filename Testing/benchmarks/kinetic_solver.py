"""The solver of the Tofts family alone, in few coordinates and in brackets, on one thread and the same curves.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python Testing/benchmarks/kinetic_solver.py [--curves 65536]

For each kind of curve: curves per second of both searches, their ratio, by how
much the sum of squares of the model at the quick search's optimum exceeds that
of the other, and how many Ktrans differ by more than 1e-4 of it. Of those, the
largest is given as a part of its standard error.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

from SpatioTemporalLib.numerics.bolus.population_input_functions import parker_blood_concentration
from SpatioTemporalLib.numerics.kinetics.tofts_models import extended_tofts_concentration, tofts_family
from SpatioTemporalLib.numerics.least_squares.separable.bracketed_search import solve_in_brackets
from SpatioTemporalLib.numerics.least_squares.separable.curve_family import CurveFamily
from SpatioTemporalLib.numerics.least_squares.separable.solution import Solution
from SpatioTemporalLib.numerics.least_squares.separable.solver import solve
from SpatioTemporalLib.numerics.signal.frame_sampling import at_instants

TIMES = np.arange(60) * 5.0
PLASMA = parker_blood_concentration(TIMES, arrival=27.0) / 0.58
BLOCK = 8192
REPEATS = 3
NEAR = 1e-4
FAMILIES = {
    "Tofts": tofts_family(TIMES, PLASMA, at_instants(TIMES), kep_bounds=(1e-3, 20.0)),
    "extended Tofts": tofts_family(TIMES, PLASMA, at_instants(TIMES), kep_bounds=(1e-3, 20.0), vp_max=1.0),
}


def tissue(ktrans, ve, vp) -> np.ndarray:
    """(T, n) concentrations of the extended Tofts model."""
    return extended_tofts_concentration(TIMES, PLASMA, TIMES, ktrans=ktrans, ve=ve, vp=vp).T


def populations(count: int) -> dict[str, np.ndarray]:
    """(T, n) curves by kind."""
    rng = np.random.default_rng(0)
    ktrans, ve, vp = (rng.uniform(low, high, count) for low, high in ((0.01, 0.5), (0.1, 0.6), (0.0, 0.1)))
    clean, without_plasma, noise = tissue(ktrans, ve, vp), tissue(ktrans, ve, 0.0), rng.normal(size=(len(TIMES), count))
    noisy = {f"SNR {snr}": clean + clean.max(axis=0) / snr * noise for snr in (50, 15, 5)}
    half = noisy["SNR 15"].copy()
    half[:, ::2] = 0.1 * noise[:, ::2]
    edges = [(2.0, 1.6, 0.0), (0.2, 0.3, -0.05), (0.0, 0.3, 0.05), (0.3, 0.004, 0.02), (0.001, 0.9, 0.0)]
    on_bounds = np.stack([tissue(*edges[n % len(edges)]) for n in range(count)], axis=1)
    return {
        "no noise": clean,
        **noisy,
        "vp = 0, SNR 15": without_plasma + without_plasma.max(axis=0) / 15 * noise,
        "on the bounds": on_bounds + 0.02 * noise,
        "half without uptake": half,
        "noise alone": 0.1 * noise,
    }


def in_blocks(search: Callable, measured: np.ndarray, family: CurveFamily) -> tuple[Solution, float]:
    """The optima, and the processor's seconds of the fastest of some repetitions."""
    taken = []
    for _ in range(REPEATS):
        started = time.process_time()
        parts = [search(measured[:, n : n + BLOCK], family) for n in range(0, measured.shape[1], BLOCK)]
        taken.append(time.process_time() - started)
    joined = (np.concatenate([getattr(p, name) for p in parts], axis=-1) for name in Solution.__dataclass_fields__)
    return Solution(*joined), min(taken)


def sums_of_squares(found: Solution, measured: np.ndarray) -> np.ndarray:
    """(n,) of the model itself at the parameters found."""
    return ((tissue(60 * found.linear, found.linear / found.theta, found.fixed) - measured) ** 2).sum(axis=0)


def compare(model: str, kind: str, measured: np.ndarray) -> None:
    """Print one line."""
    family, count = FAMILIES[model], measured.shape[1]
    quick, seconds = in_blocks(solve, measured, family)
    other, other_seconds = in_blocks(solve_in_brackets, measured, family)
    ours, theirs = sums_of_squares(quick, measured), sums_of_squares(other, measured)
    excess = (ours - theirs) / np.maximum(theirs, 1e-9 * (measured**2).sum(axis=0))
    apart = np.abs(quick.linear - other.linear) > NEAR * other.linear
    error = np.sqrt(np.maximum(quick.covariance[0, 0] * ours / (len(TIMES) - 3), 0.0))
    shift = np.abs(quick.linear - other.linear)[apart] / np.where(error > 0, error, 1.0)[apart]
    told = f", by {shift.max():.4f} of their error at most" if apart.any() else ""
    print(
        f"{model:<15}{kind:<21}{count / other_seconds:10.0f}{count / seconds:10.0f}{other_seconds / seconds:6.1f}"
        f"{excess.max():10.0e}   {apart.sum()} of {count}{told}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--curves", type=int, default=65536, help="of each kind")
    count = parser.parse_args().curves
    print(f"{'model':<15}{'curves':<21}{'brackets':>10}{'quick':>10}{'ratio':>6}{'excess':>10}   Ktrans apart")
    for model in FAMILIES:
        for kind, measured in populations(count).items():
            compare(model, kind, measured)


if __name__ == "__main__":
    main()
