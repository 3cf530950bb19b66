"""Curves of a run and the models fitted to them, as lines of a plot."""

from __future__ import annotations

from slicer.i18n import tr as _
from SpatioTemporalNodes.display.colours import categorical_colour

from SpatioTemporalLib.data import Curve
from SpatioTemporalLib.errors import InputError

from .curve_plot import Line


def fit_lines(curves: list[Curve]) -> list[tuple[Line, str]]:
    """Measured curves as points and models as lines in the colour of what they were fitted to, with their units.

    Raises
    ------
    InputError
        ``E-NO-CURVE`` when there are none.
    """
    if not curves:
        raise InputError("E-NO-CURVE", _("the chosen run has no curves"), fix=_("Choose a run in step 5."))
    names = [curve.name for curve in curves if not curve.fit_of]
    lines = []
    for n, curve in enumerate(curves):
        owner = curve.fit_of if curve.fit_of in names else curve.name
        colour = categorical_colour(names.index(owner) if owner in names else n)
        drawn = "line" if curve.fit_of else "points"
        line = Line(curve.times, curve.values, curve.name, colour, drawn, spread=curve.spread)
        lines.append((line, curve.unit))
    return lines
