"""Nuisance taken out of a functional run at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ...data.curve import Table
from ...data.result import Display
from ...data.series import Series
from ...data.volumes import LabelMap, Map
from ...declare import Help, Input, Output, Range, Unit, analysis
from ...steps.bold.brain import looked_at
from ...steps.bold.preprocessing.denoising import NoiseSources, denoised
from ...steps.bold.preprocessing.parameters import DummyParameters, NuisanceParameters
from ...steps.bold.run_data import as_volume


@dataclass(frozen=True)
class Parameters(NuisanceParameters, DummyParameters):
    fd_threshold: Annotated[
        float, Unit("mm"), Range(0, 10), Help("Framewise displacement from which a frame is censored; 0 for none.")
    ] = 0.5  # fmt: skip


@analysis(
    id="preprocessing.denoise",
    title="Nuisance in one projection",
    citation="Lindquist et al., Hum Brain Mapp 40:2358 (2019); Hallquist et al., NeuroImage 82:208 (2013); Behzadi et "
    "al., NeuroImage 37:90 (2007); Satterthwaite et al., NeuroImage 64:240 (2013)",
    inputs=[
        Input("series", Series, min_frames=10, made_for=("bold",), help="One run, evenly sampled, realigned."),
        Input("mask", LabelMap, optional=True, help="Brain; what is bright on the mean image when left out."),
        Input(
            "motion", Table, optional=True, results=("preprocessing.motion:motion",),
            help="trans_x to trans_z in mm, rot_x to rot_z in rad, one row a frame.",
        ),
        Input("confounds", Table, optional=True, help="Further columns to take out, such as breathing and heartbeat."),
        Input("white_matter", LabelMap, optional=True, help="White matter, whose principal courses are taken out."),
        Input("fluid", LabelMap, optional=True, help="Cerebrospinal fluid, likewise."),
    ],
    outputs=[
        Output("cleaned", Series, unit="{series.unit}", help="The run without nuisance; zero outside of the mask."),
        Output("columns", Table, help="All columns that were taken out, one row a frame, and frames censored."),
        Output("summary", Table, help="Columns, rank, and degrees of freedom that are left."),
        Output(
            "removed", Map, unit="%", help="Part of the variance that was taken out.",
            display=Display((0.0, 100.0), "inferno", symbol="removed"),
        ),
    ],
    parameters=Parameters,
)  # fmt: skip
def denoise(series, mask=None, motion=None, confounds=None, white_matter=None, fluid=None, *, parameters, context):
    r"""Drift, frequencies outside a band, motion, noise of tissues and censored frames taken out together.

    Notes
    -----
    .. math:: \hat Y = Y - Q Q^{\mathsf T} Y, \qquad X = Q R, \qquad df = T - \operatorname{rank} X

    X holds a constant, drift, sine and cosine of every frequency outside the
    band, motion, principal courses, given confounds, and a column for each
    censored frame. Steps one after another are projections that do not commute:
    a later one puts back what an earlier one took out. On noise, 200 frames of
    2 s, 0.01 to 0.1 Hz and 24 confounds, filtering and then regression leaves
    7.6 % of the energy outside the band, the other way round 7.5 % of the
    confounds' (means of 20 draws); one projection leaves none. For task activation
    give columns of motion to the linear model rather than filter first.
    """
    inside, findings = looked_at(series, mask)
    context.progress(0.1, "taking out nuisance")
    sources = NoiseSources(motion, confounds, white_matter, fluid)
    found = denoised(series, inside, sources, parameters, parameters.fd_threshold)
    return {
        "cleaned": found.series,
        "columns": found.confounds,
        "summary": found.summary,
        "removed": as_volume(found.removed, inside),
        "findings": (*findings, *found.findings),
    }
