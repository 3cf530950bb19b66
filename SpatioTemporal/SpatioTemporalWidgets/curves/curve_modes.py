"""What a curve shows: the signal, its change, its enhancement, or concentration."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
from slicer.i18n import tr as _

from SpatioTemporalLib.data import Curve, Series
from SpatioTemporalLib.errors import InputError
from SpatioTemporalLib.steps.conversion.concentration import ConcentrationParameters, conversion_for

MODES = {
    "signal": _("Signal"),
    "change": _("Change from baseline"),
    "percent": _("Enhancement [%]"),
    "concentration": _("Concentration [mmol/L]"),
    "fit": _("Model fit"),
}
"""Modes by key, as the user reads them."""


def shown_curve(curve: Curve, mode: str, baseline: int, acquisition, settings: dict) -> Curve:
    """A measured curve in the chosen mode.

    Parameters
    ----------
    baseline : int
        Frames before contrast arrives.
    acquisition : Acquisition
        Of the series, for concentration.
    settings : dict
        Parameters in the panel's form; those that concern concentration are used.

    Raises
    ------
    InputError
        When concentration cannot be had, with what is missing.
    """
    if mode == "concentration":
        return _concentration(curve, baseline, acquisition, settings)
    level = float(np.mean(curve.values[:baseline]))
    if mode == "change":
        return replace(curve, values=curve.values - level)
    if mode == "percent":
        if level == 0:
            return replace(curve, values=np.full(len(curve.values), np.nan), unit="%", spread=None)
        spread = None if curve.spread is None else 100 * curve.spread / abs(level)
        return replace(curve, values=100 * (curve.values / level - 1), unit="%", spread=spread)
    return curve


def _concentration(curve: Curve, baseline: int, acquisition, settings: dict) -> Curve:
    known = {field.name for field in fields(ConcentrationParameters)}
    given = {name: value for name, value in settings.items() if name in known}
    parameters = ConcentrationParameters(**{**given, "baseline_frames": baseline})
    if curve.unit == "mmol/L":
        return curve
    series = Series.from_curves(curve.times, curve.values, unit=curve.unit, name=curve.name, acquisition=acquisition)
    try:
        conversion = conversion_for(series, None, parameters)
    except InputError as error:
        raise InputError(error.code, error.message, where=error.where, fix=_("Set it in step 3.")) from error
    index = np.zeros(1, dtype=int)
    values = conversion(curve.values[:, None], index)[0][:, 0]
    if curve.spread is None:
        return replace(curve, values=values, unit="mmol/L")
    edges = [conversion((curve.values + sign * curve.spread)[:, None], index)[0][:, 0] for sign in (-1, 1)]
    return replace(curve, values=values, unit="mmol/L", spread=np.nan_to_num(np.abs(edges[1] - edges[0]) / 2))
