"""The smallest inputs on which an analysis can run, by the kind each input declares."""

from dataclasses import replace

import numpy as np

import SpatioTemporalLib as st
from SpatioTemporalLib.numerics.spoiled_gradient_echo import spoiled_gradient_echo_signal
from SpatioTemporalLib.simulation.tofts_phantom import PhantomDesign, tofts_phantom

DESIGN = PhantomDesign(
    ktrans=(0.05, 0.2), ve=(0.3,), vp=(0.0, 0.05), patch=3, frame_interval=4.0, duration=240.0, noise=0.01
)


def small_phantom(seed=0):
    return tofts_phantom(DESIGN, np.random.default_rng(seed))


def small_inputs(analysis, phantom):
    """The required inputs of an analysis, made from one phantom."""
    made = {
        st.Series: phantom.series,
        st.ImageStack: flip_angle_stack(phantom.series.geometry),
        st.Map: st.Map(np.full(phantom.series.geometry.shape, 1.4), phantom.series.geometry, "s", "t1"),
        st.LabelMap: phantom.tissue,
    }
    made |= OF_ITS_OWN.get(analysis.id, lambda _: {})(phantom)
    return {item.name: made[item.kind] for item in analysis.inputs if not item.optional}


def first_pass(phantom):
    """A signal that falls as that of a T2*-weighted series does."""
    rise = phantom.series.values / phantom.series.values[:5].mean(axis=0) - 1
    acquisition = st.Acquisition(echo_time=0.03)
    return {st.Series: replace(phantom.series, values=1000 * np.exp(-0.3 * rise), acquisition=acquisition)}


# Inputs of analyses that need other data than their kinds say.
OF_ITS_OWN = {"kinetics.transverse_relaxation_change": first_pass}


def flip_angle_stack(geometry):
    t1 = np.linspace(0.5, 2.0, int(np.prod(geometry.shape))).reshape(geometry.shape)
    angles = np.array([2.0, 5.0, 12.0, 20.0])
    signal = np.stack([spoiled_gradient_echo_signal(1 / t1, angle, 0.005, 1000.0) for angle in angles])
    return st.ImageStack(signal, angles, geometry, acquisition=st.Acquisition(repetition_time=0.005))
