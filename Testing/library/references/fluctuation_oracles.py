"""Writes fluctuation_oracles.npz: what antropy, EntropyHub and scikit-learn make of signals simulated here.

Run as a program in an environment that has the first two; the tests read the file.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

FILE = Path(__file__).with_suffix(".npz")


def signals() -> np.ndarray:
    """(150, 12) from noise to smooth and periodic, and two of whole numbers."""
    rng = np.random.default_rng(4)
    values = rng.normal(0, 1, (150, 12))
    for n in range(1, 150):
        values[n] += np.linspace(0, 0.95, 12) * values[n - 1]
    values[:, 3] += 2 * np.sin(np.arange(150) / 4)
    values[:, 10:] = np.rint(3 * values[:, 10:])
    return values


def main() -> None:
    import antropy
    import EntropyHub
    from sklearn.metrics import mutual_info_score

    values, found = signals(), {}
    for order, share in ((2, 0.2), (2, 0.3), (3, 0.6)):
        limits = share * values.std(axis=0)
        own = [antropy.sample_entropy(v.copy(), order=order, tolerance=t) for v, t in zip(values.T, limits)]
        found[f"antropy {order} {share}"] = np.array(own)
        hub = [EntropyHub.SampEn(v, m=order, tau=1, r=t) for v, t in zip(values.T, limits)]
        found[f"EntropyHub {order} {share}"] = np.array([h[0][-1] for h in hub])
    labels = (np.arange(150) // 10) % 3
    level = values.argsort(axis=0, kind="stable").argsort(axis=0, kind="stable") * 4 // 150
    bits = [[mutual_info_score(labels[: 150 - d], v[d:]) / np.log(2) for v in level.T] for d in range(6)]
    found["mutual information"] = np.array(bits)
    np.savez_compressed(FILE, **found)


if __name__ == "__main__":
    main()
