"""Maps of what is connected: with a seed, and with all other voxels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.curve import Curve
from ...data.point import Point
from ...data.result import Display
from ...data.volumes import LabelMap, Map
from ...declare import Help, Input, Output, Range, Unit, analysis
from ...errors import InputError
from ...numerics.bold.connectivity import degrees, with_seed
from ...steps.bold.resting_run import BRAIN, RUN, RunParameters, resting_run


@dataclass(frozen=True)
class SeedParameters(RunParameters):
    radius: Annotated[float, Unit("mm"), Range(0, 50), Help("Of the ball about a point that is the seed.")] = 6.0
    threshold: Annotated[float, Range(0, 0.99), Help("Correlation from which voxels count as connected.")] = 0.25
    with_all: Annotated[bool, Help("Whether degree and mean correlation with all voxels are computed too.")] = True


@analysis(
    id="bold.seed_connectivity",
    title="Connectivity of voxels (seed, degree)",
    citation="Biswal et al., Magn Reson Med 34:537 (1995); Buckner et al., J Neurosci 29:1860 (2009); Cole et al., "
    "NeuroImage 49:3132 (2010)",
    inputs=[
        RUN,
        Input("seed_region", LabelMap, optional=True, help="Voxels whose mean signal is the seed."),
        Input("point", Point, optional=True, help="The middle of a ball that is the seed, in place of a segment."),
        BRAIN,
    ],
    outputs=[
        Output("correlation", Map, unit="1", optional=True, help="With the seed.",
               display=Display((-1, 1), "coolwarm", symbol="r")),
        Output("fisher_z", Map, unit="1", optional=True, help="Its inverse hyperbolic tangent.",
               display=Display(colours="coolwarm", symbol="z")),
        Output("degree", Map, unit="1", optional=True, help="Voxels that each correlates with above the threshold.",
               display=Display(colours="inferno", symbol="degree")),
        Output("global_connectivity", Map, unit="1", optional=True, help="Mean correlation with all other voxels.",
               display=Display(colours="coolwarm", symbol="GBC")),
        Output("seed_signal", Curve, optional=True, help="Mean signal of the seed, without drift."),
    ],
    parameters=SeedParameters,
)  # fmt: skip
def seed_connectivity(series, seed_region=None, point=None, mask=None, *, parameters, context):
    r"""Correlation of every voxel with a seed, how many voxels each is connected with, and how well with all.

    Notes
    -----
    .. math::
       r_v = \frac{s \cdot x_v}{|s||x_v|}, \qquad d_v = \#\{u \ne v : r_{uv} > \theta\}, \qquad
       g_v = \frac{1}{V - 1} \sum_{u \ne v} r_{uv}

    The matrix of all pairs is never held: blocks of it are counted, and the mean is
    a product with the mean of all standardised signals.
    """
    if seed_region is None and point is None and not parameters.with_all:
        raise InputError("E-INPUT-MISSING", "neither a seed nor a point was given", fix="Give one, or allow with_all.")
    run = resting_run(series, mask, parameters, context.part(0, 0.3))
    outputs = {"findings": run.findings}
    if seed_region is not None or point is not None:
        own = _seed_voxels(run, seed_region, point, parameters)
        signal = run.values[:, own].mean(axis=1, dtype=np.float64)
        correlation = with_seed(run.values, signal)
        outputs["correlation"] = run.map(correlation, "1", "correlation")
        outputs["fisher_z"] = run.map(np.arctanh(np.clip(correlation, -0.999999, 0.999999)), "1", "fisher_z")
        outputs["seed_signal"] = (Curve(series.times, signal, series.unit, "seed", drawn="line"),)
    if parameters.with_all:
        report = lambda done: context.progress(0.3 + 0.7 * done, "all pairs")  # noqa: E731
        degree, mean = degrees(run.values, parameters.threshold, report)
        outputs["degree"] = run.map(degree.astype(float), "1", "degree")
        outputs["global_connectivity"] = run.map(mean, "1", "global_connectivity")
    return outputs


def _seed_voxels(run, seed: LabelMap | None, point: Point | None, parameters) -> np.ndarray:
    """(V,) bool"""
    if seed is not None:
        own = seed.foreground[run.inside]
    else:
        ras = run.series.geometry.ijk_to_ras(np.argwhere(run.inside)[:, ::-1].astype(float))
        distance = np.linalg.norm(ras - np.array(point.ras), axis=1)
        own = distance <= max(parameters.radius, float(distance.min()) + 1e-6 if parameters.radius == 0 else 0)
    if not own.any():
        raise InputError(
            "E-SEED", "no voxel of the brain lies in the seed", where=run.series.name,
            fix="Move the seed into the brain, or make it larger.",
        )  # fmt: skip
    return own
