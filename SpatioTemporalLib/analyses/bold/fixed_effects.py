"""One effect of several runs of a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.curve import Table
from ...data.result import Display
from ...data.volumes import ImageStack, LabelMap, Map
from ...declare import Advanced, Choices, Help, Input, Output, Range, analysis
from ...errors import InputError
from ...numerics.bold.linear_model import fixed_effects as combined
from ...steps.bold.active_clusters import METHODS, active_clusters, threshold_of

LARGE_DEGREES = 1e6


@dataclass(frozen=True)
class FixedEffectsParameters:
    threshold: Annotated[str, Choices(*METHODS[:3]), Help("How voxels are called active among so many.")] = METHODS[0]
    level: Annotated[float, Range(1e-6, 0.5), Help("Share of false discoveries, or p, that is allowed.")] = 0.05
    degrees: Annotated[
        float,
        Range(1, LARGE_DEGREES),
        Help("Degrees of freedom of all runs together, as their reports say."),
        Advanced(),
    ] = 500.0
    fewest_voxels: Annotated[int, Range(1, 100000), Help("Of a cluster that is told."), Advanced()] = 5
    two_sided: Annotated[bool, Help("Whether less signal is looked for as well as more."), Advanced()] = True


@analysis(
    id="bold.fixed_effects",
    title="Fixed effects over runs",
    citation="Worsley et al., NeuroImage 15:1 (2002); Beckmann, Jenkinson and Smith, NeuroImage 20:1052 (2003)",
    inputs=[
        Input("effects", ImageStack, setting="run", help="The effect of one contrast in each run."),
        Input("variances", ImageStack, setting="run", help="Its variance in each run, in the same order."),
        Input("mask", LabelMap, optional=True, help="Brain; every voxel that all runs know when left out."),
    ],
    outputs=[
        Output("z", Map, unit="1", help="Normal deviate.", display=Display(colours="coolwarm", symbol="z")),
        Output("clusters", LabelMap, help="Active voxels, a segment each cluster, the largest first."),
        Output("effect", Map, unit="%", help="Weighted mean.", display=Display(colours="coolwarm", symbol="effect")),
        Output("statistic", Map, unit="1", help="t.", display=Display(colours="coolwarm", symbol="t")),
        Output("cluster_table", Table, help="Size, peak and its place of each cluster."),
    ],
    parameters=FixedEffectsParameters,
)
def fixed_effects(effects, variances, mask=None, *, parameters, context):
    r"""The effect of a contrast in all runs of one person, each run weighted by how well it is known.

    Notes
    -----
    .. math:: \hat\beta = \frac{\sum_r \beta_r / v_r}{\sum_r 1 / v_r}, \qquad t = \hat\beta \sqrt{\sum_r 1 / v_r}

    It tells of this person and these runs; of people in general only a model of
    random effects over many tells.
    """
    effects.geometry.require_match(variances.geometry, "the effects", "the variances")
    if len(effects.values) != len(variances.values):
        raise InputError(
            "E-STACK", f"{len(effects.values)} effects and {len(variances.values)} variances", where=variances.name,
            fix="Give both of each run, in the same order.",
        )  # fmt: skip
    with np.errstate(invalid="ignore"):
        known = (np.isfinite(effects.values) & (variances.values > 0)).all(axis=0)
    inside = known if mask is None else known & mask.foreground
    if not inside.any():
        raise InputError(
            "E-MASK-EMPTY", "no voxel has an effect and a variance above 0 in all runs", where=effects.name,
            fix="Give effect and effect_variance of the same contrast, as bold.activation makes them.",
        )  # fmt: skip
    found = combined(effects.values[:, inside], variances.values[:, inside], parameters.degrees)
    volumes = {}
    for name, values in (("z", found.z), ("effect", found.size), ("statistic", found.statistic)):
        volumes[name] = np.full(inside.shape, np.nan, dtype=np.float32)
        volumes[name][inside] = values
    threshold = threshold_of(found.z, parameters.threshold, parameters.level, 0.001, parameters.two_sided)
    active = active_clusters(
        volumes["z"], effects.geometry, threshold, name="active", fewest=parameters.fewest_voxels,
        two_sided=parameters.two_sided,
    )  # fmt: skip
    maps = {name: Map(v, effects.geometry, "%" if name == "effect" else "1", name) for name, v in volumes.items()}
    return {**maps, "clusters": active.labels, "cluster_table": active.table}
