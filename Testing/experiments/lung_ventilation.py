"""Ventilation of a real CT of a lung that was deformed in a known way, for several widths of smoothing, as one table.

python Testing/experiments/lung_ventilation.py --out Resources/Validation/ventilation.csv
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import SpatioTemporalLib as st
from SpatioTemporalLib.numerics.registration.displacement import volume_change
from SpatioTemporalLib.numerics.registration.frame_demons import sampled

DATA = Path(__file__).resolve().parents[1] / "data" / "elastix"
# mm of I, J and K, within which the lung expands about its middle.
WIDTHS = np.array([60.0, 70.0, 90.0])
NOISE = 15.0  # HU
STRENGTHS, SMOOTHNESS = (0.1, 0.2), (4.0, 6.0, 8.0)
LEAST = 0.85
"""Correlation with the truth at the largest smoothing."""


def deformed(image: st.Map, inside: np.ndarray, strength: float) -> tuple[st.Series, np.ndarray]:
    """The image and what it becomes when the lung is filled, and the true specific ventilation at the image's voxels.

    What gains volume loses density in the same measure, where it is lung.
    """
    spacing = image.geometry.spacing
    values = np.clip(image.values.astype(float), -1000, 400)
    middle = np.argwhere(inside).mean(axis=0)[::-1]
    places = (np.stack(np.indices(values.shape)[::-1], axis=-1) - middle) * spacing
    # From where a point lies when the lung is full to where it lay before.
    back = -strength * places * np.exp(-np.square(places / WIDTHS).sum(axis=-1, keepdims=True))
    straight = st.Geometry.from_spacing(values.shape, spacing)
    moved = sampled(values, back, spacing)
    thinned = np.where(moved < -300, (moved + 1000) * volume_change(back, straight) - 1000, moved)
    full = thinned + np.random.default_rng(0).normal(0, NOISE, values.shape)
    ahead = np.zeros_like(back)
    for _ in range(60):
        ahead = -np.stack([sampled(back[..., axis], ahead, spacing) for axis in range(3)], axis=-1)
    frames = np.stack([values, full]).astype(np.float32)
    return st.Series(frames, [0.0, 2.0], image.geometry, "HU", "lung"), volume_change(ahead, straight) - 1


def measured(strengths=STRENGTHS, smoothness=SMOOTHNESS) -> st.Table:
    """How the ventilation that is found compares with the true one."""
    image = st.read_map(DATA / "3DCT_lung_baseline_small.mha", unit="HU")
    drawn = st.read_labels(DATA / "3DCT_lung_baseline_mask.mha")
    lungs, _ = st.labels_on_grid(drawn, image.geometry, "the CT")
    inside, rows = lungs.foreground, []
    for strength in strengths:
        series, truth = deformed(image, inside, strength)
        for width in smoothness:
            options = {"expiration": 0, "inspiration": 1, "smoothness": width}
            found = st.run("motion.ventilation", series=series, lungs=lungs, **options)["ventilation"].values
            known = inside & np.isfinite(found)
            rows.append(
                {
                    "smoothness": width, "true mean": truth[inside].mean(), "true sd": truth[inside].std(),
                    "found mean": found[known].mean(), "correlation": np.corrcoef(found[known], truth[known])[0, 1],
                    "mean absolute error": np.abs(found - truth)[known].mean(),
                }
            )  # fmt: skip
    columns = {key: [round(float(row[key]), 4) for row in rows] for key in rows[0]}
    return st.Table(columns, {"smoothness": "mm"}, "ventilation")


def test_ventilation_of_a_real_lung_follows_the_truth(worst_error):
    correlations = measured(smoothness=SMOOTHNESS[-1:]).columns["correlation"]
    worst_error("ventilation of a real lung, correlation that is missing to 1", 1 - min(correlations), 1 - LEAST)
    assert min(correlations) >= LEAST


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True, metavar="FILE.csv")
    arguments = parser.parse_args()
    result = measured()
    st.write_table(arguments.out, result)
    print(result)
