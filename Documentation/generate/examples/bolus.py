"""Boluses of contrast agent: tissue with flow and permeability, liver, brain, and tissue beside muscle."""

from __future__ import annotations

import numpy as np

import SpatioTemporalLib as st

from .curves import arterial_bolus, convolved, everywhere, first_row, noisy_series, patches
from .offer import Offer, offered

MINUTE = 60.0
FINE = np.arange(0, 150, 0.25)
FRAMES = slice(None, None, 6)  # 1.5 s
TIMES = FINE[FRAMES]
FACTS = {"curve_is": "plasma"}


@offered(
    "kinetics.two_compartment_exchange",
    "kinetics.two_compartment_uptake",
    "kinetics.one_compartment",
    "kinetics.adiabatic_tissue_homogeneity",
    "kinetics.tissue_homogeneity",
    "kinetics.distributed_parameter",
    "kinetics.model_selection",
)
def flow_and_exchange() -> Offer:
    """Plasma flow rises from left to right, permeability from top to bottom."""
    blood = arterial_bolus(FINE)
    permeability, flow = patches(np.array([0.03, 0.1, 0.2]) / MINUTE, np.array([0.2, 0.4, 0.8, 1.2]) / MINUTE)
    curves = exchange(blood, flow, permeability, plasma=0.08, interstitium=0.25)
    series = noisy_series(curves[..., FRAMES], TIMES, "mmol/L", 0.01)
    values = {"series": series, "mask": everywhere(series), "aif": st.Curve(FINE, blood, "mmol/L", "plasma")}
    story = "Simulated concentration: plasma flow rises from left to right, permeability from top to bottom."
    return Offer(story, values, FACTS)


def exchange(blood, flow, permeability, plasma, interstitium):
    """Concentration of tissue in which plasma and interstitium exchange; flow and permeability in 1/s."""
    out, back, over = (flow + permeability) / plasma, permeability / interstitium, permeability / plasma
    root = np.sqrt((out + back) ** 2 - 4 * (out * back - over * back))
    slow, fast = (out + back - root) / 2, (out + back + root) / 2
    slow_part = (over + back - slow) / (fast - slow)
    held = slow_part[..., None] * convolved(FINE, blood, slow)
    passing = (1 - slow_part)[..., None] * convolved(FINE, blood, fast)
    return flow[..., None] * (held + passing)


@offered("kinetics.arterial_input_function")
def artery() -> Offer:
    """An artery between patches of tissue."""
    blood = arterial_bolus(FINE)
    permeability, flow = patches(np.array([0.03, 0.1, 0.2]) / MINUTE, np.array([0.2, 0.4, 0.8, 1.2]) / MINUTE)
    curves = exchange(blood, flow, permeability, plasma=0.08, interstitium=0.25)
    curves[:, 2:5, 8:14] = 0.58 * blood
    series = noisy_series(curves[..., FRAMES], TIMES, "mmol/L", 0.01)
    return Offer("Simulated concentration with an artery in the upper half.", {"series": series})


@offered("kinetics.reference_region", "kinetics.extended_reference_region")
def beside_muscle() -> Offer:
    """The first row of patches is muscle, the others are tumour."""
    blood = arterial_bolus(FINE)
    volume, ktrans = patches(np.array([0.1, 0.2, 0.4]), np.array([0.08, 0.15, 0.25, 0.4]) / MINUTE)
    ktrans[:, :6] = 0.08 / MINUTE
    curves = ktrans[..., None] * convolved(FINE, blood, ktrans / volume)
    series = noisy_series(curves[..., FRAMES], TIMES, "mmol/L", 0.004)
    values = {
        "series": series,
        "mask": everywhere(series),
        "reference_mask": first_row(series, "muscle"),
        "aif": st.Curve(FINE, blood, "mmol/L", "plasma"),
    }
    story = "Simulated concentration: muscle in the first row, below it tumour whose Ktrans rises from left to right."
    return Offer(story, values, FACTS)


@offered("kinetics.dual_input_liver")
def liver() -> Offer:
    """The arterial part rises from left to right, the transit time from top to bottom."""
    blood, portal = arterial_bolus(FINE), portal_bolus()
    # Two delays are searched for in each voxel, which takes long: so there are few.
    transit, arterial = patches(np.array([10.0, 20.0, 40.0]), np.array([0.1, 0.25, 0.5, 0.9]), side=2)
    from_artery, from_portal = convolved(FINE, blood, 1 / transit), convolved(FINE, portal, 1 / transit)
    mixed = arterial[..., None] * from_artery + (1 - arterial[..., None]) * from_portal
    story = "Simulated liver: the arterial part of the flow rises from left to right, the transit time downwards."
    return _liver(0.25 / transit[..., None] * mixed, blood, portal, story)


@offered("kinetics.gadoxetate_uptake")
def liver_cells() -> Offer:
    """Uptake rises from left to right, the extracellular volume from top to bottom."""
    blood, portal = arterial_bolus(FINE), portal_bolus()
    mixed = 0.25 * blood + 0.75 * portal
    volume, uptake = patches(np.array([0.15, 0.2, 0.3]), np.array([0.05, 0.1, 0.2, 0.3]) / MINUTE)
    kept = uptake[..., None] * convolved(FINE, mixed, np.full(uptake.shape, 0.02 / MINUTE))
    story = "Simulated liver: uptake by its cells rises from left to right, the extracellular volume downwards."
    return _liver(volume[..., None] * mixed + kept, blood, portal, story)


def portal_bolus() -> np.ndarray:
    return 0.1 * convolved(FINE, arterial_bolus(FINE), np.array(0.1))


def _liver(curves: np.ndarray, blood: np.ndarray, portal: np.ndarray, story: str) -> Offer:
    slower = slice(None, None, 12)  # 3 s
    series = noisy_series(curves[..., slower], FINE[slower], "mmol/L", 0.004)
    values = {
        "series": series,
        "mask": everywhere(series, "liver"),
        "aif": st.Curve(FINE, blood, "mmol/L", "aorta"),
        "portal_vein": st.Curve(FINE, portal, "mmol/L", "portal vein"),
    }
    return Offer(story, values, FACTS)


@offered("kinetics.perfusion_by_deconvolution", "kinetics.transverse_relaxation_change")
def brain() -> Offer:
    """The signal of a T2*-weighted series; flow rises from left to right, transit time from top to bottom."""
    blood = arterial_bolus(FINE)
    transit, flow = patches(np.array([3.0, 5.0, 8.0]), np.array([20.0, 40.0, 60.0, 80.0]) / 6000)
    tissue = flow[..., None] * convolved(FINE, blood, 1 / transit)
    tissue[:, :2, :2] = 0.3 * blood
    signal = 1000 * np.exp(-0.03 * 60 * tissue)
    acquisition = st.Acquisition(modality="MR", echo_time=0.03, repetition_time=1.5)
    series = noisy_series(signal[..., FRAMES], FINE[FRAMES], "a.u.", 4.0, acquisition=acquisition)
    there = np.zeros(series.geometry.shape, np.uint8)
    there[:, :2, :2] = 1
    values = {
        "series": series,
        "mask": everywhere(series, "brain"),
        "aif_mask": st.LabelMap(there, series.geometry, {1: st.Label("artery")}, "artery"),
    }
    story = "Simulated T2*-weighted bolus: flow rises from left to right, transit time from top to bottom."
    return Offer(story, values)
