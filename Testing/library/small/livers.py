"""A small cohort of simulated livers, and the smallest network on it."""

import numpy as np

from SpatioTemporalLib.context import Context
from SpatioTemporalLib.networks.cases.graphs import prepare_graphs
from SpatioTemporalLib.simulation.liver_cohort import write_liver_cohort
from SpatioTemporalLib.steps.structures.graph_settings import GraphSettings

SMALL = {"width": 8, "layers": 2, "steps": 4, "step_months": 24.0}


def small_cohort(folder, count=60, seed=0):
    return write_liver_cohort(folder, count, Context(seed=seed))


def small_cases(folder, count=40, seed=0):
    """Cases without covariates."""
    settings = GraphSettings(endpoints=("recurrence",))
    return prepare_graphs(small_cohort(folder, count, seed), settings, (), context=Context())


def small_stg(seed=0, **settings):
    import torch

    from SpatioTemporalLib.networks.registry import build

    torch.manual_seed(seed)
    return build("stg", "default", {**SMALL, **settings})


def with_codes(cases, count=2, seed=0):
    """The same with so many numeric covariates."""
    from dataclasses import replace

    codes = np.random.default_rng(seed).normal(0, 1, (len(cases), count)).astype(np.float32)
    return replace(cases, covariates=codes, known=np.ones(codes.shape, bool))
