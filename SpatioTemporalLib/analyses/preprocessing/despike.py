"""Spikes in the courses of voxels."""

from __future__ import annotations

from dataclasses import dataclass

from ...data.curve import Table
from ...data.result import Display
from ...data.series import Series
from ...data.volumes import LabelMap, Map
from ...declare import Input, Output, analysis
from ...steps.bold.brain import looked_at
from ...steps.bold.preprocessing.parameters import DummyParameters, SpikeParameters
from ...steps.bold.preprocessing.spikes_and_smoothing import without_spikes
from ...steps.bold.run_data import as_volume


@dataclass(frozen=True)
class Parameters(SpikeParameters, DummyParameters):
    """Of despiking."""


@analysis(
    id="preprocessing.despike",
    title="Spikes pulled in",
    citation="Cox, Comput Biomed Res 29:162 (1996), the squeeze of 3dDespike; the course is a running median (own "
    "definition)",
    inputs=[
        Input("series", Series, min_frames=10, made_for=("bold",), help="One run, evenly sampled."),
        Input("mask", LabelMap, optional=True, help="Brain; what is bright on the mean image when left out."),
    ],
    outputs=[
        Output("despiked", Series, unit="{series.unit}", help="The run; outside of the mask as it was."),
        Output("changed", Map, unit="%", help="Frames changed.", display=Display(colours="inferno", symbol="changed")),
        Output("spikes", Table, help="Voxels that were changed in each frame."),
    ],
    parameters=Parameters,
)
def despike(series, mask=None, *, parameters, context):
    r"""Values that jump out of their voxel's course pulled towards it, so that they weigh like others.

    Notes
    -----
    .. math:: s' = c_1 + (c_2 - c_1) \tanh \frac{s - c_1}{c_2 - c_1} \quad\text{where}\quad s > c_1

    s is the distance to the running median in robust standard deviations
    (1.4826 times the median absolute distance). Answers to a task change over
    several frames and stay.
    """
    inside, findings = looked_at(series, mask)
    context.progress(0.1, "looking for spikes")
    changed, part, table, told = without_spikes(series, inside, parameters)
    return {
        "despiked": changed,
        "changed": as_volume(part, inside),
        "spikes": table,
        "findings": (*findings, *told),
    }
