"""The smallest dynamic PET, and curves that analyses need."""

from dataclasses import replace

import numpy as np

import SpatioTemporalLib as st
from SpatioTemporalLib.numerics.bolus.population_input_functions import parker_blood_concentration

SLOWER = 15.0  # frames of a minute instead of some seconds


def activity(phantom):
    """The phantom's enhancement as activity, in an hour."""
    signal = phantom.series.values
    values = 10 * (signal / signal[:5].mean(axis=0) - 1)
    return replace(phantom.series, values=values, times=SLOWER * phantom.series.times, unit="kBq/mL")


def plasma_activity(phantom):
    times = np.arange(0, 2 * phantom.series.times[-1] - phantom.series.times[-2], 0.5)
    return st.Curve(SLOWER * times, 10 * parker_blood_concentration(times, arrival=20), "kBq/mL", "plasma")


def portal_vein(phantom):
    times = phantom.series.times
    return st.Curve(times, parker_blood_concentration(times, arrival=30) / 2, "mmol/L", "portal vein")


WITH_PLASMA = ("one_tissue", "two_tissue", "patlak_plot", "logan_plot")
WITH_REFERENCE = ("simplified_reference_tissue", "logan_reference_plot")
TRACERS = {(f"kinetics.{name}", "series"): activity for name in (*WITH_PLASMA, *WITH_REFERENCE)}
TRACERS |= {(f"kinetics.{name}", "plasma"): plasma_activity for name in WITH_PLASMA}
TRACERS[("kinetics.dual_input_liver", "portal_vein")] = portal_vein
