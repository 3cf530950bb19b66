"""A functional run smoothed in space."""

from __future__ import annotations

from dataclasses import dataclass

from ...data.series import Series
from ...data.volumes import LabelMap
from ...declare import Input, Output, analysis
from ...steps.bold.brain import looked_at
from ...steps.bold.preprocessing.parameters import DummyParameters, SmoothingParameters
from ...steps.bold.preprocessing.spikes_and_smoothing import smoothed


@dataclass(frozen=True)
class Parameters(SmoothingParameters, DummyParameters):
    """Of smoothing."""


@analysis(
    id="preprocessing.smooth",
    title="Smoothing within a mask",
    citation="Knutsson and Westin, CVPR (1993), normalised convolution",
    inputs=[
        Input("series", Series, made_for=("bold",), min_frames=2, help="Any run."),
        Input("mask", LabelMap, optional=True, help="Brain; what is bright on the mean image when left out."),
    ],
    outputs=[Output("smoothed", Series, unit="{series.unit}", help="The run; zero outside of the mask.")],
    parameters=Parameters,
)
def smooth(series, mask=None, *, parameters, context):
    r"""Each volume smoothed by a Gaussian in mm, of which only voxels of the mask count.

    Notes
    -----
    .. math:: \hat y = \frac{G * (m y)}{G * m}, \qquad \sigma = \frac{FWHM}{2.3548}

    Edges of the mask keep their level. One slice is smoothed within itself only.
    """
    inside, findings = looked_at(series, mask)
    found = smoothed(series, inside, parameters.smoothing, lambda done: context.progress(done, "smoothing"))
    return {"smoothed": found, "findings": findings}
