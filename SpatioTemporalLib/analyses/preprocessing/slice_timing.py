"""All slices of a functional run as if acquired at once."""

from __future__ import annotations

from dataclasses import dataclass

from ...data.curve import Table
from ...data.series import Series
from ...declare import Input, Output, analysis
from ...steps.bold.preprocessing.parameters import DummyParameters, SliceTimingParameters
from ...steps.bold.preprocessing.slice_correction import slices_corrected, times_of_slices


@dataclass(frozen=True)
class Parameters(SliceTimingParameters, DummyParameters):
    """Of slice timing."""


@analysis(
    id="preprocessing.slice_timing",
    title="Slice timing",
    citation="Sladky et al., NeuroImage 58:588 (2011); Henson et al., NeuroImage 9:S125 (1999)",
    inputs=[Input("series", Series, min_frames=5, made_for=("bold",), help="One run, evenly sampled.")],
    outputs=[
        Output("corrected", Series, unit="{series.unit}", help="The run with all slices at one time in each frame."),
        Output("slices", Table, help="When each slice was acquired, and by how much it was moved."),
    ],
    parameters=Parameters,
)
def slice_timing(series, *, parameters, context):
    r"""Moves the course of each slice in time, so that all slices of a frame count at the same moment.

    Notes
    -----
    .. math:: y_k(n) = x_k\bigl(n \, TR + t_{ref} - t_k\bigr)

    of slices k acquired t_k after the start of a frame, by the phase of each
    frequency of the run followed by its mirror image, or by cubic spline. What
    is faster than half a frame rate was never measured and stays where it is;
    of the first or last frame, less than one frame is beyond the run and taken
    from its mirror image. Times come from BIDS SliceTiming or the parameter and
    are never guessed. Strong motion makes the correction inexact; frames of 1 s
    and less hardly need it.
    """
    before = times_of_slices(series, parameters.slice_times)
    corrected, at, findings = slices_corrected(
        series, parameters, lambda done: context.progress(done, "moving slices in time")
    )
    table = {"slice": list(range(1, len(before) + 1)), "acquired": before.tolist(), "moved": (at - before).tolist()}
    return {
        "corrected": corrected,
        "slices": Table(table, {"acquired": "s", "moved": "s"}, "slices"),
        "findings": findings,
    }
