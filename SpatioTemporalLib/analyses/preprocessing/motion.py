"""Head motion in a functional run."""

from __future__ import annotations

from dataclasses import dataclass

from ...data.curve import Curve, Table
from ...data.result import Display
from ...data.series import Series
from ...data.volumes import LabelMap, Map
from ...declare import Input, Output, analysis
from ...steps.bold.brain import looked_at
from ...steps.bold.preprocessing.motion_curves import motion_curves
from ...steps.bold.preprocessing.parameters import DummyParameters, MotionParameters
from ...steps.bold.preprocessing.realignment import realigned


@dataclass(frozen=True)
class Parameters(MotionParameters, DummyParameters):
    """Of realignment."""


@analysis(
    id="preprocessing.motion",
    title="Head motion",
    citation="Friston et al., Hum Brain Mapp 3:165 (1995); Baker and Matthews, Int J Comput Vis 56:221 (2004); Power "
    "et al., NeuroImage 59:2142 (2012)",
    inputs=[
        Input("series", Series, min_frames=3, made_for=("bold",), help="One run."),
        Input("mask", LabelMap, optional=True, help="Where DVARS is measured; what is bright when left out."),
    ],
    outputs=[
        Output("realigned", Series, unit="{series.unit}", help="The run with every volume at the reference."),
        Output("motion", Table, help="Shift, rotation, framewise displacement and DVARS of each frame."),
        Output("shifts", Curve, unit="mm", help="Shift of the head along R, A and S."),
        Output("rotations", Curve, unit="deg", help="Rotation of the head about R, A and S."),
        Output("displacement", Curve, unit="mm", help="Framewise displacement."),
        Output("mean", Map, unit="{series.unit}", help="Mean of the realigned run.", display=Display(colours="gray")),
    ],
    parameters=Parameters,
)
def motion(series, mask=None, *, parameters, context):
    r"""How a head moved during a run, and the run with all volumes brought to one place.

    Notes
    -----
    .. math::
       (\hat R, \hat t, \hat g) = \arg\min \sum_x \bigl[ I_n(R x + t) - (1 + g) \, I_{ref}(x) \bigr]^2, \qquad
       FD_n = \sum_{i=1}^{3} |\Delta t_i| + 50\,\mathrm{mm} \sum_{i=1}^{3} |\Delta r_i|

    over the steepest voxels of the reference, by Gauss-Newton steps whose
    gradients and normal matrix are made once (inverse composition), from half
    resolution to whole. t and the rotation vector r are along R, A and S about
    the middle of the image; they say where the reference lies in a frame. Two
    passes: to the middle volume, and to the mean of what that gives. Volumes are
    resampled once, by cubic B-splines, with nothing darker or brighter than the
    volume was. DVARS is in % of the mean over the mask. One slice tells motion
    within it only.
    """
    inside, findings = looked_at(series, mask)
    found = realigned(series, inside, parameters, context)
    mean = found.series.values.mean(axis=0, dtype="float64")
    shifts, rotations, displacement = motion_curves(series.times, found.parameters)
    return {
        "realigned": found.series,
        "motion": found.table,
        "shifts": shifts,
        "rotations": rotations,
        "displacement": displacement,
        "mean": mean,
        "findings": (*findings, *found.findings),
    }
