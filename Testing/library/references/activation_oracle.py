"""Writes activation_oracle.npz: what nilearn 0.14.1 makes of a run that is simulated here.

Run as a program in an environment that has nilearn; the tests read the file.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

FILE = Path(__file__).with_suffix(".npz")
FRAMES, STEP, VOXELS = 120, 2.5, 60
CONDITIONS = ("house", "cat", "face")


def run() -> dict[str, np.ndarray]:
    """Events, and series of voxels that follow some of them, with drift and noise that remembers."""
    rng = np.random.default_rng(3)
    onsets = np.arange(12.0, FRAMES * STEP - 20, 27.5)
    kinds = np.arange(len(onsets)) % len(CONDITIONS)
    times = np.arange(FRAMES) * STEP
    boxes = np.stack([((times[:, None] - onsets[kinds == k] - 5) % 1e9 < 15).any(axis=1) for k in range(3)], axis=1)
    noise = rng.normal(0, 8, (FRAMES, VOXELS))
    for n in range(1, FRAMES):
        noise[n] += np.linspace(0, 0.6, VOXELS) * noise[n - 1]
    weights = rng.normal(0, 6, (3, VOXELS))
    drift = 10 * np.sin(times / 120)[:, None]
    return {"series": 1000 + boxes @ weights + drift + noise, "onsets": onsets, "kinds": kinds}


def main() -> None:
    import pandas
    from nilearn.glm.contrasts import compute_contrast
    from nilearn.glm.first_level import make_first_level_design_matrix, run_glm

    data = run()
    events = pandas.DataFrame(
        {"onset": data["onsets"], "duration": 15.0, "trial_type": [CONDITIONS[k] for k in data["kinds"]]}
    )
    times, found = np.arange(FRAMES) * STEP, {}
    for kind in ("glover", "spm", "spm + derivative + dispersion"):
        design = make_first_level_design_matrix(times, events, hrf_model=kind, drift_model="cosine", high_pass=0.01)
        own = [n for n, name in enumerate(design.columns) if name.split("_")[0] in CONDITIONS]
        found[f"{kind} columns"] = design.values[:, own]
        found[f"{kind} names"] = np.array([design.columns[n] for n in own])
    design = make_first_level_design_matrix(times, events, hrf_model="glover", drift_model="cosine", high_pass=0.01)
    for noise in ("ar1", "ols"):
        labels, results = run_glm(data["series"], design.values, noise_model=noise)
        rows = np.zeros((3, design.shape[1]))
        for k, name in enumerate(CONDITIONS):
            rows[k, list(design.columns).index(name)] = 1.0
        t = compute_contrast(labels, results, rows[2] - rows[0])
        f = compute_contrast(labels, results, rows, stat_type="F")
        found |= {f"{noise} t": t.stat(), f"{noise} z": t.z_score(), f"{noise} effect": t.effect_size()}
        found |= {f"{noise} variance": t.effect_variance(), f"{noise} F": f.stat()}
    np.savez_compressed(FILE, **{name: np.asarray(values) for name, values in found.items()})


if __name__ == "__main__":
    main()
