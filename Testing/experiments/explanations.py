"""How true explanations of the shipped network are: whether they point at the nodule, and what voxels they name first.

``python Testing/experiments/explanations.py --out Resources/Validation/explanations.csv`` writes the table;
``make experiments`` compares it with what is said of it.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "Testing")]

from library.networks.explanation.growing_nodules import nodules_that_grow  # noqa: E402

import SpatioTemporalLib as st  # noqa: E402
from SpatioTemporalLib.networks.bundle.reading import read_bundle  # noqa: E402
from SpatioTemporalLib.networks.bundle.shipped import SHIPPED, bundle_path  # noqa: E402
from SpatioTemporalLib.networks.explanation.faithfulness import insertion_deletion  # noqa: E402
from SpatioTemporalLib.networks.explanation.grad_cam import grad_cam  # noqa: E402
from SpatioTemporalLib.networks.explanation.integrated_gradients import integrated_gradients  # noqa: E402
from SpatioTemporalLib.networks.explanation.layer_cam import layer_cam  # noqa: E402

PATIENTS, STEPS, SEED = 24, 10, 77
METHODS = {
    "Grad-CAM": grad_cam,
    "LayerCAM": layer_cam,
    "integrated gradients": lambda network, batch: integrated_gradients(network, batch, "carry_forward").values.sum(2),
}


def measured(count: int = PATIENTS) -> st.Table:
    """A row a method, means over patients whose nodules grew by 45 % in radius."""
    bundle = read_bundle(bundle_path(SHIPPED))
    batch, near = nodules_that_grow(bundle, count, seed=SEED)
    rows = [_row(name, explain, bundle.networks[0], batch, near) for name, explain in METHODS.items()]
    columns = {heading: [row[heading] for row in rows] for heading in rows[0]}
    return st.Table(columns, name="explanations")


def _row(name, explain, network, batch, near) -> dict:
    maps = explain(network, batch)
    last, there = np.abs(maps[:, -1].numpy()), near[:, -1]
    row: dict[str, object] = {"method": name, "patients": len(batch)}
    hits = [on_nodule.flat[values.argmax()] for values, on_nodule in zip(last, there)]
    shares = [values[on_nodule].sum() / values.sum() for values, on_nodule in zip(last, there)]
    row["strongest voxel on the nodule"] = round(float(np.mean(hits)), 3)
    row["share of the map on the nodule"] = round(float(np.mean(shares)), 3)
    found = insertion_deletion(network, batch, maps, STEPS, baseline="carry_forward")
    row["insertion above chance"] = round(float((found.insertion - found.random_insertion).mean()), 3)
    row["deletion below chance"] = round(float((found.random_deletion - found.deletion).mean()), 3)
    return row


def test_layer_cam_resolves_the_nodule_and_is_truer_than_grad_cam(worst_error):
    columns = measured().columns
    grad, layer = columns["method"].index("Grad-CAM"), columns["method"].index("LayerCAM")
    off = 1 - columns["strongest voxel on the nodule"][layer]
    worst_error("LayerCAM: patients whose strongest voxel lies off the nodule", off, 0.1)
    assert off <= 0.1
    for measure in ("share of the map on the nodule", "insertion above chance", "deletion below chance"):
        assert columns[measure][layer] > columns[measure][grad]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True, metavar="FILE.csv")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    table = measured()
    st.write_table(arguments.out, table)
    print(table)
