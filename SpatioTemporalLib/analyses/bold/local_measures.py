"""Amplitude of fluctuations, homogeneity with the neighbours, and how long a signal remembers itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ...data.result import Display
from ...data.volumes import Map
from ...declare import Choices, Help, Output, Range, Unit, analysis
from ...errors import ParameterError
from ...numerics.bold.local_measures import (
    BAND_HZ,
    NEIGHBOURHOODS,
    TIMESCALES,
    fluctuation_amplitudes,
    regional_homogeneity,
    timescale,
)
from ...steps.bold.resting_run import BRAIN, RUN, RunParameters, resting_run


@dataclass(frozen=True)
class LocalParameters(RunParameters):
    low: Annotated[float, Unit("Hz"), Range(0, 1), Help("Lower end of the band of fluctuations.")] = BAND_HZ[0]
    high: Annotated[float, Unit("Hz"), Range(0.001, 2), Help("Upper end of the band of fluctuations.")] = BAND_HZ[1]
    neighbours: Annotated[
        str, Choices(*map(str, NEIGHBOURHOODS)), Help("Voxels whose agreement is measured, itself among them.")
    ] = "27"
    definition: Annotated[str, Choices(*TIMESCALES), Help("Of the timescale.")] = TIMESCALES[0]


@analysis(
    id="bold.local_measures",
    title="Fluctuations, homogeneity and timescale (ALFF, ReHo)",
    citation="Zang et al., Brain Dev 29:83 (2007); Zou et al., J Neurosci Methods 172:137 (2008); Zang et al., "
    "NeuroImage 22:394 (2004); Murray et al., Nat Neurosci 17:1661 (2014); Watanabe et al., eLife 8:e42256 (2019)",
    inputs=[RUN, BRAIN],
    outputs=[
        Output("alff", Map, unit="%", help="Mean amplitude within the band, of the mean signal.",
               display=Display(colours="inferno", symbol="ALFF")),
        Output("falff", Map, unit="1", help="Share of the band in all amplitudes.",
               display=Display(colours="viridis", symbol="fALFF")),
        Output("reho", Map, unit="1", help="Kendall's W of a voxel and its neighbours; take it before smoothing.",
               display=Display((0, 1), "viridis", symbol="ReHo")),
        Output("timescale", Map, unit="s", help="By the definition that was chosen.",
               display=Display(colours="viridis", symbol="INT")),
    ],
    parameters=LocalParameters,
)  # fmt: skip
def local_measures(series, mask=None, *, parameters, context):
    r"""Amplitude of slow fluctuations, agreement with neighbouring voxels, and the intrinsic timescale.

    Notes
    -----
    .. math::
       \mathrm{ALFF} = \overline{\tfrac{2}{T} |F(f)|}_{f \in \mathrm{band}}, \qquad
       W = \frac{12 \left(\sum_t R_t^2 - T \bar R^2\right)}{K^2 (T^3 - T) - K \sum (u^3 - u)}

    R sums the ranks of the K neighbours in a frame, u are sizes of ties. fALFF
    divides by the amplitudes of all frequencies above zero, so the series must not
    be band-passed. Timescales of band-passed series are those of the filter.
    """
    if parameters.low >= parameters.high:
        raise ParameterError(
            "E-PARAMETER", f"low = {parameters.low:g} Hz is not below high = {parameters.high:g} Hz", fix="Swap them."
        )
    run = resting_run(series, mask, parameters, context.part(0, 0.2))
    nyquist = 0.5 / run.step
    if parameters.low >= nyquist:
        raise ParameterError(
            "E-PARAMETER", f"low = {parameters.low:g} Hz lies above {nyquist:.3g} Hz, the fastest that frames every "
            f"{run.step:g} s show", fix="Choose a lower band.",
        )  # fmt: skip
    context.progress(0.2, "amplitudes")
    amplitude, share = fluctuation_amplitudes(run.values, run.step, (parameters.low, parameters.high))
    context.progress(0.4, "homogeneity")
    homogeneity = regional_homogeneity(run.values, run.inside, int(parameters.neighbours))
    context.progress(0.8, "timescale")
    scale = timescale(run.values, run.step, parameters.definition)
    level = abs(run.level) + (run.level == 0)
    return {
        "alff": run.map(100 * amplitude / level, "%", "alff"),
        "falff": run.map(share, "1", "falff"),
        "reho": run.map(homogeneity, "1", "reho"),
        "timescale": run.map(scale, "s", "timescale"),
        "findings": run.findings,
    }
