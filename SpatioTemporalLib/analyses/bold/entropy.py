"""Maps of how irregular the signal is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.result import Display
from ...data.volumes import Map
from ...declare import Advanced, Help, Output, Range, analysis
from ...errors import Finding, ParameterError, Severity
from ...numerics.bold.entropy import coarse_grained, sample_entropy
from ...steps.bold.resting_run import BRAIN, RUN, RunParameters, resting_run

FRAMES_A_SCALE = 50


@dataclass(frozen=True)
class EntropyParameters(RunParameters):
    order: Annotated[int, Range(1, 5), Help("Points of a pattern, m.")] = 2
    tolerance: Annotated[
        float, Range(0.05, 2), Help("By how much points of two patterns may differ, in standard deviations, r.")
    ] = 0.3
    scales: Annotated[int, Range(1, 20), Help("Scales of multiscale entropy; 1 is sample entropy alone.")] = 1
    own_tolerance: Annotated[
        bool, Help("Whether each scale has a tolerance of its own deviation, not that of the whole signal."), Advanced()
    ] = False


@analysis(
    id="bold.entropy",
    title="Sample entropy",
    citation="Richman and Moorman, Am J Physiol Heart Circ Physiol 278:H2039 (2000); Costa, Goldberger and Peng, Phys "
    "Rev Lett 89:068102 (2002); Sokunbi et al., Front Neuroinform 7:50 (2013); Kosciessa et al., PLoS Comput Biol "
    "16:e1007885 (2020)",
    inputs=[RUN, BRAIN],
    outputs=[
        Output("entropy", Map, unit="1", help="Sample entropy.", display=Display(colours="viridis", symbol="SampEn")),
        Output(
            "multiscale", Map, unit="1", optional=True, several=True, help="Entropy of means over so many frames.",
            display=Display(colours="viridis", symbol="MSE"),
        ),
        Output("matches", Map, unit="1", help="Pairs of patterns that match one point longer: few make it uncertain."),
        Output("tsnr", Map, unit="1", help="Mean over deviation: noise raises entropy."),
    ],
    parameters=EntropyParameters,
)  # fmt: skip
def entropy(series, mask=None, *, parameters, context):
    r"""How often patterns of the signal that are alike stay alike for one point more.

    Notes
    -----
    .. math:: \mathrm{SampEn}(m, r) = -\ln \frac{A}{B}

    B counts pairs of patterns of m points that differ nowhere by more than r
    standard deviations (population formula), A those of m + 1 points, of the same
    T - m patterns, none with itself. Where A is zero there is no value. Entropy
    rises with noise and falls with smoothing and band-pass filters: compare only
    runs of the same acquisition and cleaning.
    """
    if parameters.scales > 1 and series.frame_count // parameters.scales < FRAMES_A_SCALE:
        raise ParameterError(
            "E-PARAMETER",
            f"scales = {parameters.scales} leaves {series.frame_count // parameters.scales} points of "
            f"{series.frame_count} frames",
            fix=f"Choose {max(series.frame_count // FRAMES_A_SCALE, 1)} or fewer: {FRAMES_A_SCALE} points are needed.",
        )
    run = resting_run(series, mask, parameters, context.part(0, 0.1))
    deviation = run.values.std(axis=0)
    limit, findings, maps = parameters.tolerance * deviation, list(run.findings), {}
    for scale in range(1, parameters.scales + 1):
        part = context.part(0.1 + 0.9 * (scale - 1) / parameters.scales, 0.1 + 0.9 * scale / parameters.scales)
        values = run.values if scale == 1 else coarse_grained(run.values, scale)
        own = parameters.tolerance * values.std(axis=0) if parameters.own_tolerance else limit
        found, counts = sample_entropy(
            values, parameters.order, own, lambda done, p=part, s=scale: p.progress(done, f"patterns at scale {s}")
        )
        if scale == 1:
            first, matches = found, counts.longer
        maps[scale] = run.map(found, "1", f"entropy at scale {scale}")
    unknown = int(np.isnan(first).sum())
    if unknown:
        text = f"{unknown} of {len(first)} voxels have no value: no pattern of {parameters.order + 1} points recurs"
        findings.append(Finding("W-ENTROPY", Severity.MASK, text, series.name))
    tsnr = np.divide(run.level, deviation, out=np.full(len(deviation), np.nan), where=deviation > 0)
    return {
        "entropy": run.map(first, "1", "entropy"),
        "multiscale": maps if parameters.scales > 1 else None,
        "matches": run.map(matches.astype(float), "1", "matches"),
        "tsnr": run.map(tsnr, "1", "tsnr"),
        "findings": tuple(findings),
    }
