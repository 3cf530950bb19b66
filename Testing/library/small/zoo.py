"""A small bundle of the layout of MONAI's Model Zoo, of a network with random weights."""

from __future__ import annotations

import json
from pathlib import Path

import torch

NETWORK = {
    "_target_": "UNet", "spatial_dims": 3, "in_channels": 1, "out_channels": 3, "channels": [4, 8], "strides": [2],
    "num_res_units": 1, "norm": "instance",
}  # fmt: skip
PREPROCESSING = [
    {"_target_": "LoadImaged", "keys": "image"},
    {"_target_": "EnsureChannelFirstd", "keys": "image"},
    {"_target_": "Orientationd", "keys": "image", "axcodes": "RAS"},
    {"_target_": "Spacingd", "keys": "image", "pixdim": "@spacing", "mode": "bilinear"},
    {"_target_": "ScaleIntensityRanged", "keys": "image", "a_min": -50, "a_max": 150, "b_min": 0, "b_max": 1,
     "clip": True},
    {"_target_": "EnsureTyped", "keys": "image"},
]  # fmt: skip
POSTPROCESSING = [
    {"_target_": "Activationsd", "keys": "pred", "softmax": True},
    {"_target_": "Invertd", "keys": "pred", "transform": "@preprocessing", "orig_keys": "image",
     "nearest_interp": False},
    {"_target_": "AsDiscreted", "keys": "pred", "argmax": True},
    {"_target_": "SaveImaged", "keys": "pred", "output_dir": "$@bundle_root + '/eval'"},
]  # fmt: skip


def configuration(**changes) -> dict:
    """As bundles of the Model Zoo have it, code in places that need not be read among it."""
    return {
        "imports": ["$import os"],
        "bundle_root": "$os.getcwd()",
        "device": "$torch.device('cuda:0' if torch.cuda.is_available() else 'cpu')",
        "spacing": [2.0, 2.0, 2.0],
        "network_def": dict(NETWORK),
        "network": "$@network_def.to(@device)",
        "preprocessing": {"_target_": "Compose", "transforms": list(PREPROCESSING)},
        "inferer": {"_target_": "SlidingWindowInferer", "roi_size": [8, 8, 8], "sw_batch_size": 2, "overlap": 0.5,
                    "mode": "gaussian"},
        "postprocessing": {"_target_": "Compose", "transforms": list(POSTPROCESSING)},
        **changes,
    }  # fmt: skip


def small_zoo_bundle(folder: Path, *, network: dict = NETWORK, weights: str = "model.pt", **changes) -> Path:
    """Written as a folder."""
    from monai.networks import nets

    (folder / "configs").mkdir(parents=True)
    (folder / "models").mkdir()
    content = configuration(**{"network_def": dict(network), **changes})
    (folder / "configs" / "inference.json").write_text(json.dumps(content))
    names = {"0": "background", "1": "cavity", "2": "muscle"}
    described = {"inputs": {"image": {"num_channels": 1}}, "outputs": {"pred": {"channel_def": names}}}
    (folder / "configs" / "metadata.json").write_text(json.dumps({"network_data_format": described}))
    torch.manual_seed(0)
    made = getattr(nets, network["_target_"])(**{name: value for name, value in network.items() if name != "_target_"})
    with torch.no_grad():
        for parameter in made.parameters():
            parameter += 0.2 * torch.randn(parameter.shape)
    torch.save(made.state_dict(), folder / "models" / weights)
    return folder
