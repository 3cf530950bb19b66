"""Every registered network at a size that a test can run, and what it is given."""

from __future__ import annotations

import torch
from library.networks.checks import perturbed, visits

from SpatioTemporalLib.networks.cases.batch import Batch
from SpatioTemporalLib.networks.registry import build, networks
from SpatioTemporalLib.networks.systems.csfnet import ABLATIONS

SMALL = {
    "csfnet": {"stages": [[8], [8]], "width": 8, "levels": [0, 2]},
    "deepcad": {"widths": [8, 8, 8], "width": 8, "levels": [0, 2]},
    "mcfn": {"stages": [[8], [8]], "width": 8, "levels": [0, 2]},
    "nas_lung": {"stages": [[8], [8]]},
    "radfusion": {"widths": [8, 8, 8, 8], "width": 8, "levels": [0, 2]},
    "scans": {"widths": [8, 8, 8], "attention": 4, "hidden": 8, "slices": 5},
    "t_lstm": {"widths": [8, 8, 8, 8], "hidden": 8},
}
CHANNELS = {"deepcad": 2}

VARIANTS = {
    "csfnet": {
        "published": {"norm": "batch", "temporal": "residual_published", "interval": False},
        "co_attention": {"cross_modal": "co_attention"},
        "concat_covariates": {"cross_modal": "concat"},
        "difference": {"temporal": "difference"},
        "mean": {"temporal": "mean"},
        **ABLATIONS,
    },
    "deepcad": {"transformer": {"over_time": "transformer"}, "no_covariates": {"levels": []}},
    "scans": {"one_visit": {"visits": "last"}, "two_blocks": {"blocks": 2}, "all_slices": {"slices": 16}},
    "t_lstm": {"inverse": {"decay": "inverse"}},
}
"""Per network, settings beside the default ones, by a name of their own."""

CLASSIFYING = [name for name, declared in networks().items() if "classification" in declared.tasks]
CASES = [(name, variant) for name in CLASSIFYING for variant in ("default", *VARIANTS.get(name, ()))]


def small_network(name: str, variant: str = "default", seed: int = 0, **changes):
    """The network with random weights, none of them at a start that hides others; in evaluation."""
    torch.manual_seed(seed)
    varied = {} if variant == "default" else VARIANTS[name][variant]
    return perturbed(build(name, arguments={**SMALL[name], **varied, **changes})).eval()


def small_batch(name: str, size: int = 8) -> Batch:
    """Three patients with two to four visits of a cube, and two covariates of which some are missing."""
    images, times, mask = visits(CHANNELS.get(name, 1), size, size, size)
    covariates = torch.tensor([[0.3, 1.0], [-1.0, 0.0], [2.0, 1.0]])
    known = torch.tensor([[True, True], [False, True], [True, False]])
    return Batch(images, times, mask, covariates, known)
