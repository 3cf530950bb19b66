"""A functional run prepared from beginning to end, with a page about its quality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.curve import Curve, Table
from ...data.report import Report
from ...data.result import Display
from ...data.series import Series
from ...data.volumes import Label, LabelMap, Map
from ...declare import Advanced, Choices, Help, Input, Output, Range, analysis
from ...pictures.preparation_page import preparation_report
from ...steps.bold.preprocessing.denoising import NoiseSources
from ...steps.bold.preprocessing.motion_curves import motion_curves
from ...steps.bold.preprocessing.parameters import (
    DummyParameters,
    MotionParameters,
    NuisanceParameters,
    SliceTimingParameters,
    SmoothingParameters,
    SpikeParameters,
)
from ...steps.bold.preprocessing.whole_preparation import PURPOSES, SLICE_TIMING, prepared
from ...steps.bold.run_data import as_volume


@dataclass(frozen=True)
class PurposeParameters:
    purpose: Annotated[
        str, Choices(*PURPOSES), Help("For connectivity nuisance is taken out; for a task it is listed as confounds, "
                                      "which the linear model takes out together with its events."),
    ] = PURPOSES[0]  # fmt: skip
    slice_timing: Annotated[
        str, Choices(*SLICE_TIMING), Help("Whether slices are brought to one time of the frame.")
    ] = SLICE_TIMING[0]  # fmt: skip
    despike: Annotated[bool, Help("Whether spikes are pulled in first."), Advanced()] = False


# The first shown stand last here: fields of a dataclass come in the order of its bases, from the last to the first.
@dataclass(frozen=True)
class Parameters(
    SpikeParameters, SliceTimingParameters, NuisanceParameters, MotionParameters, SmoothingParameters, DummyParameters,
    PurposeParameters,
):  # fmt: skip
    # Of interest only where spikes are pulled in.
    spike_begins: Annotated[
        float, Range(1, 20), Help("Robust standard deviations from which a frame counts as a spike."), Advanced()
    ] = SpikeParameters.spike_begins  # fmt: skip


SNR = Display(colours="viridis", symbol="tSNR")


@analysis(
    id="preprocessing.bold_pipeline",
    title="Preparation of a functional run",
    citation="Lindquist et al., Hum Brain Mapp 40:2358 (2019); Power et al., NeuroImage 59:2142 (2012); Power, "
    "NeuroImage 154:150 (2017); Murphy et al., NeuroImage 34:565 (2007)",
    inputs=[
        Input("series", Series, min_frames=10, made_for=("bold",), help="One run, evenly sampled, as acquired."),
        Input("mask", LabelMap, optional=True, help="Brain; what is bright on the mean image when left out."),
        Input("white_matter", LabelMap, optional=True, help="White matter, whose principal courses are nuisance."),
        Input("fluid", LabelMap, optional=True, help="Cerebrospinal fluid, likewise."),
        Input("confounds", Table, optional=True, help="Further columns of nuisance, such as breathing and heartbeat."),
    ],
    outputs=[
        Output("preprocessed", Series, unit="{series.unit}", help="The prepared run; zero outside of the mask."),
        Output("report", Report, help="Motion, voxels over time, and temporal signal-to-noise ratio on one page."),
        Output("tsnr_before", Map, unit="1", help="Mean over standard deviation in time, as acquired.", display=SNR),
        Output("tsnr_after", Map, unit="1", help="The same of the prepared run.", display=SNR),
        Output("brain", LabelMap, help="Voxels that were looked at."),
        Output("motion", Table, help="Shift, rotation, framewise displacement and DVARS of each frame."),
        Output("nuisance", Table, help="Columns taken out, or, for a task, confounds of bold.activation."),
        Output("summary", Table, help="Frames, degrees of freedom, displacement, temporal signal-to-noise ratio."),
        Output("shifts", Curve, unit="mm", help="Shift of the head along R, A and S."),
        Output("rotations", Curve, unit="deg", help="Rotation of the head about R, A and S."),
        Output("displacement", Curve, unit="mm", help="Framewise displacement."),
    ],
    parameters=Parameters,
)
def bold_pipeline(series, mask=None, white_matter=None, fluid=None, confounds=None, *, parameters, context):
    r"""Dummies, spikes, slice timing, motion, nuisance in one projection and smoothing, in this order.

    Notes
    -----
    .. math:: \mathrm{tSNR} = \frac{\bar y}{\sqrt{\sum_t (y_t - \bar y)^2 / df}}

    before without a straight line, after by the degrees of freedom that are
    left, since a projection that leaves few would seem to leave no noise. Each
    step is that of the analysis of its name, with its parameters.
    """
    sources = NoiseSources(None, confounds, white_matter, fluid)
    found = prepared(series, mask, sources, parameters, context)
    geometry = series.geometry
    snr = [Map(as_volume(v, found.inside), geometry, "1", "tsnr") for v in (found.snr_before, found.snr_after)]
    shifts, rotations, displacement = motion_curves(found.series.times, found.moved.parameters)
    brain = LabelMap(found.inside.astype(np.uint8), geometry, {1: Label("brain", (0.9, 0.7, 0.5))}, "brain")
    context.progress(0.98, "drawing the page")
    return {
        "preprocessed": found.series,
        "report": preparation_report(found, (snr[0], snr[1]), parameters.fd_threshold),
        "tsnr_before": snr[0],
        "tsnr_after": snr[1],
        "brain": brain,
        "motion": found.moved.table,
        "nuisance": found.confounds,
        "summary": found.summary,
        "shifts": shifts,
        "rotations": rotations,
        "displacement": displacement,
        "findings": found.findings,
    }
