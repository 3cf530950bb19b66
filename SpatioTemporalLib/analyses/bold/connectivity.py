"""Correlation, partial correlation or coherence between regions, as matrix, picture and network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from scipy import special

from ...data.curve import Table
from ...data.graph import Graph
from ...data.report import Report
from ...data.volumes import LabelMap
from ...declare import Choices, Help, Input, Output, Range, Unit, analysis
from ...errors import Finding, InputError, Severity
from ...numerics.bold.connectivity import MEASURES, coherences, correlations, effective_frames, partial_correlations
from ...pictures.matrix_page import connectivity_report
from ...steps.bold.networks import matrix_table, network_of, pairs_table
from ...steps.bold.resting_run import BRAIN, RUN, RunParameters, region_signals, resting_run

MOST_REGIONS = 1000
LONGEST_MEMORY_S = 60.0


@dataclass(frozen=True)
class ConnectivityParameters(RunParameters):
    measure: Annotated[str, Choices(*MEASURES), Help("What of a pair of signals is measured.")] = MEASURES[0]
    low: Annotated[float, Unit("Hz"), Range(0, 1), Help("Lower end of the band of coherence.")] = 0.01
    high: Annotated[float, Unit("Hz"), Range(0.001, 2), Help("Upper end of the band of coherence.")] = 0.1
    drawn: Annotated[float, Unit("%"), Range(0.1, 100), Help("Of the pairs, the strongest that the network draws.")] = (
        10.0
    )


@analysis(
    id="bold.connectivity",
    title="Connectivity of regions",
    citation="Biswal et al., Magn Reson Med 34:537 (1995); Ledoit and Wolf, J Multivar Anal 88:365 (2004); Welch, IEEE "
    "Trans Audio Electroacoust 15:70 (1967); Bartlett, J R Stat Soc 98:536 (1935)",
    inputs=[
        RUN,
        Input("regions", LabelMap, help="Regions whose mean signals are compared, as of an atlas."),
        BRAIN,
    ],
    outputs=[
        Output("matrix", Table, help="A row and a column for each region."),
        Output("pairs", Table, help="A row for each pair, the strongest first, with Fisher's z and p of correlations."),
        Output("network", Graph, help="The strongest pairs between the middles of their regions, drawn in 3D."),
        Output("delays", Table, optional=True, help="Of coherence: by which the column is later, s."),
        Output("report", Report, help="The matrix as a picture, and the strongest pairs."),
    ],
    parameters=ConnectivityParameters,
)
def connectivity(series, regions, mask=None, *, parameters, context):
    r"""How alike the mean signals of regions are.

    Notes
    -----
    .. math::
       r_{ij} = \frac{x_i \cdot x_j}{|x_i||x_j|}, \qquad
       \rho_{ij} = \frac{-P_{ij}}{\sqrt{P_{ii} P_{jj}}}, \qquad
       z = \operatorname{artanh} r, \quad \operatorname{SE}(z) = \frac{1}{\sqrt{T_\mathrm{eff} - 3}}

    Correlations are Pearson's, without shrinkage; the precision P of partial ones
    is that of the covariance drawn to the identity by Ledoit and Wolf. Frames that
    remember the ones before count for less: by Bartlett's formula, mean over pairs.
    """
    run = resting_run(series, mask, parameters, context.part(0, 0.5))
    signals, names, labels = region_signals(run, regions)
    if len(names) > MOST_REGIONS:
        raise InputError(
            "E-REGIONS", f"{len(names)} regions, {MOST_REGIONS} at most are compared in pairs", where=regions.name,
            fix="Join regions, or choose a coarser atlas.",
        )  # fmt: skip
    context.progress(0.6, parameters.measure)
    matrix, more, delays, findings = _measured(signals, run, parameters)
    pairs = pairs_table(matrix, names, parameters.measure, more)
    limits = (0.0, 1.0) if parameters.measure == MEASURES[2] else (-1.0, 1.0)
    findings = (*run.findings, *findings)
    text = f"{len(names)} regions, {series.frame_count} frames every {run.step:g} s."
    return {
        "matrix": matrix_table(matrix, names, "matrix"),
        "pairs": pairs,
        "network": network_of(matrix, names, labels, regions, parameters.drawn / 100),
        "delays": None if delays is None else matrix_table(delays, names, "delays", "s"),
        "report": connectivity_report(
            "Connectivity of regions", {parameters.measure: (matrix, names, limits)}, pairs, text, findings
        ),
        "findings": findings,
    }


def _measured(signals: np.ndarray, run, parameters):
    """Matrix, further columns of pairs, delays, findings."""
    if parameters.measure == MEASURES[2]:
        matrix, delays = coherences(signals, run.step, (parameters.low, parameters.high))
        return matrix, None, delays, ()
    frames = effective_frames(signals, int(LONGEST_MEMORY_S / run.step))
    findings = [Finding("I-FREEDOM", Severity.NOTE, f"{len(signals)} frames are worth {frames:.0f} independent ones")]
    if parameters.measure == MEASURES[1]:
        matrix, shrinkage = partial_correlations(signals)
        text = f"the covariance was drawn to the identity by {100 * shrinkage:.1f} %"
        findings.append(Finding("I-SHRINKAGE", Severity.NOTE, text))
        frames -= signals.shape[1] - 2
    else:
        matrix = correlations(signals)
    z = np.arctanh(np.clip(matrix - np.diag(np.diag(matrix)), -0.999999, 0.999999))
    error = 1 / np.sqrt(frames - 3) if frames > 4 else np.nan
    p = 2 * special.ndtr(-np.abs(z) / error)
    return matrix, {"z": z, "p": p}, None, tuple(findings)
