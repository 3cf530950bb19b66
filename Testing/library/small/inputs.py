"""The smallest inputs on which an analysis can run, by the kind each input declares."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from library.small.bold import PREPARATION, SHORT_RUN
from library.small.progression import PROGRESSION, REGIONS
from library.small.tracers import TRACERS

import SpatioTemporalLib as st
from SpatioTemporalLib.data import Events
from SpatioTemporalLib.numerics.bolus.indicator_dilution import LOGNORMAL
from SpatioTemporalLib.numerics.relaxation.spoiled_gradient_echo import spoiled_gradient_echo_signal
from SpatioTemporalLib.sample_data import sample_file
from SpatioTemporalLib.simulation.beating_ventricle import VentricleDesign, beating_ventricle
from SpatioTemporalLib.simulation.tofts_phantom import PhantomDesign, tofts_phantom

DESIGN = PhantomDesign(
    ktrans=(0.05, 0.2), ve=(0.3,), vp=(0.0, 0.05), patch=3, frame_interval=4.0, duration=240.0, noise=0.01
)


def small_phantom(seed=0):
    return tofts_phantom(DESIGN, np.random.default_rng(seed))


def small_inputs(analysis, phantom):
    """The required inputs of an analysis, and those that it needs one of, made from one phantom; parameters that hurry.

    A parameter is there only where its default makes an analysis slow.
    """
    made = {
        st.Series: phantom.series,
        st.ImageStack: flip_angle_stack(phantom.series.geometry),
        st.Map: st.Map(np.full(phantom.series.geometry.shape, 1.4), phantom.series.geometry, "s", "t1"),
        st.LabelMap: phantom.tissue,
        st.Table: labelled_cases(),
        Events: blocks_of_a_task(),
        st.FollowUp: two_visits(),
        st.LabelSeries: small_heart(10).labels,
        st.Point: st.Point((0.0, 0.0, 0.0)),
    }
    needed = [item for item in analysis.inputs if not item.optional or (analysis.id, item.name) in OF_ITS_OWN]
    own = {item.name: OF_ITS_OWN.get((analysis.id, item.name)) for item in needed}
    inputs = {item.name: own[item.name](phantom) if own[item.name] else made[item.kind] for item in needed}
    return inputs | QUICK.get(analysis.id, {})


def two_visits(unit="HU"):
    """A bright ball in a noisy block, seen twice; at the second visit it lies elsewhere, on voxels of another size."""
    rng = np.random.default_rng(0)
    visits = []
    for day, spacing, centre in ((0.0, 2.0, (0.0, 0.0, 0.0)), (90.0, 2.5, (3.0, -2.0, 1.0))):
        geometry = st.Geometry.from_spacing((12, 14, 16), (spacing,) * 3, (-15.0, -14.0, -12.0))
        ras = geometry.ijk_to_ras(np.stack(np.indices(geometry.shape)[::-1], axis=-1))
        distance = np.linalg.norm(ras - centre, axis=-1)
        values = 100 * np.exp(-((distance / 8) ** 2)) + rng.normal(0, 1, geometry.shape)
        ball = st.LabelMap((distance < 7).astype(np.uint8), geometry, name="ball")
        visits.append(st.Visit(day, {"image": st.Map(values, geometry, unit, "ball")}, {"lesion": ball}))
    return st.FollowUp("p1", tuple(visits))


def drawn_liver(phantom=None):
    """Two visits of a liver with a portal vein and two lesions, one of which grows; all drawn, some over another."""
    geometry = st.Geometry.from_spacing((20, 24, 24), (4.0, 4.0, 4.0), (-48.0, -48.0, -40.0))
    ras = geometry.ijk_to_ras(np.stack(np.indices(geometry.shape)[::-1], axis=-1))

    def ball(centre, radius):
        return np.linalg.norm(ras - np.array(centre, dtype=float), axis=-1) < radius

    visits = []
    for day, radius in ((0.0, 7.0), (90.0, 9.0)):
        masks = {
            "Liver": ball((0, 0, 0), 38),
            "Portal": (np.abs(ras[..., 2]) < 3) & ball((0, 0, 0), 30),
            "Tumor_1": ball((16, 0, 12), radius),
            "Tumor_2": ball((-18, 6, -10), 8),
        }
        values = (
            60.0 + 40 * masks["Portal"] - 20 * masks["Tumor_1"] + np.random.default_rng(0).normal(0, 5, geometry.shape)
        )
        drawn = {name: st.LabelMap(mask.astype(np.uint8), geometry, name=name) for name, mask in masks.items()}
        visits.append(st.Visit(day, {"ct": st.Map(values, geometry, "HU", "ct")}, drawn))
    return st.FollowUp("p1", tuple(visits))


def blocks_of_a_task(phantom=None):
    """Events of two conditions, in blocks."""
    onsets = np.arange(10.0, 200.0, 40.0)
    conditions = tuple("ab"[n % 2] for n in range(len(onsets)))
    return Events(onsets, np.full(len(onsets), 15.0), conditions, np.ones(len(onsets)))


def three_regions(phantom):
    """Voxels of the whole grid, divided in three."""
    shape = phantom.series.geometry.shape
    values = np.arange(int(np.prod(shape))).reshape(shape) % 3 + 1
    return st.LabelMap(values.astype(np.uint8), phantom.series.geometry, name="regions")


def runs_of_a_task(unit):
    """Three runs of an effect, or of its variance."""

    def made(phantom):
        geometry, rng = phantom.series.geometry, np.random.default_rng(0)
        values = np.abs(rng.normal(1, 0.3, (3, *geometry.shape))) + 0.1
        return st.ImageStack(values, [1, 2, 3], geometry, "run", "1", unit)

    return made


def labelled_cases():
    """Cases of two kinds with a measurement that tells most of them apart."""
    return st.Table({"case": list("abcdef"), "label": [0, 0, 0, 1, 1, 1], "value": [1.0, 2.0, 4.0, 3.0, 5.0, 6.0]})


def few_voxels(phantom):
    """Every third voxel of the tissue, for models that take long for each."""
    tissue = phantom.tissue.values.copy()
    places = np.flatnonzero(tissue)
    tissue.flat[np.delete(places, slice(None, None, 3))] = 0
    return replace(phantom.tissue, values=tissue)


def predicted_cases(phantom):
    """Cases of two kinds with the probabilities that two models give them."""
    columns = {"label": [0, 0, 0, 1, 1, 1], "probability": [0.1, 0.6, 0.3, 0.7, 0.4, 0.9]}
    return st.Table(columns | {"probability of another": [0.5, 0.4, 0.6, 0.5, 0.7, 0.8]})


def predicted_survival(phantom):
    """Patients with the risks and chances that a model gives them, and the risks of another."""
    columns = {
        "time": [4.0, 9.0, 14.0, 18.0, 20.0, 25.0, 30.0, 31.0, 36.0, 40.0],
        "event": [1, 1, 0, 1, 1, 0, 1, 0, 1, 0],
        "age": [70, 54, 61, 48, 66, 50, 59, 42, 45, 52],
        "risk": [0.9, 0.7, 0.1, 0.8, -0.2, 0.3, -0.6, -0.4, 0.2, -0.8],
        "risk of another": [0.1, 0.5, 0.3, 0.2, 0.6, -0.1, 0.4, -0.3, 0.0, -0.2],
    }
    for horizon in (12, 24):
        hazard = np.exp(columns["risk"]) * horizon / 30
        columns[f"survival at {horizon}"] = np.exp(-hazard).tolist()
    return st.Table(columns, {"time": "months"})


def overlaps_of_masks(phantom):
    """Overlaps that two networks reach in the same patients."""
    return st.Table({"Dice a": [0.8, 0.9, 0.7], "Dice b": [0.6, 0.9, 0.5], "look-alikes": [1, 2, 0]})


def small_heart(frames):
    """A small ventricle that beats."""
    return beating_ventricle(VentricleDesign((12, 20, 20), (3.0, 3.0, 5.0), (14.0, 14.0, 18.0), 8.0, frames=frames))


def two_breaths(phantom):
    """The ventricle at its smallest and its largest, as dark as lungs."""
    series = small_heart(3).series
    return replace(series, values=-900 + series.values[:2], times=series.times[:2], unit="HU")


@cache
def folder_of_readings():
    """Kept until the process ends, which removes it."""
    return TemporaryDirectory()


def readings_in_files(phantom):
    """The tissue of the phantom, drawn by two readers in three cases."""
    cells = {}
    for reader, axis in (("A", 1), ("B", 2)):
        files = [Path(folder_of_readings().name) / f"{reader}{n}.nii.gz" for n in range(3)]
        for n, file in enumerate(files):
            if not file.exists():
                moved = np.roll(phantom.tissue.values, n, axis=axis)
                st.write_labels(file, replace(phantom.tissue, values=moved))
        cells[f"reader {reader}"] = [str(file) for file in files]
    return st.Table(cells)


def measured_lesions(phantom):
    """Volumes of two lesions at two visits."""
    columns = {"lesion": ["a", "a", "b", "b"], "days": [0, 90, 0, 90], "volume": [1.0, 2.0, 3.0, 2.5]}
    return st.Table(columns, {"volume": "mL"})


def first_pass(phantom):
    """A signal that falls as that of a T2*-weighted series does."""
    rise = phantom.series.values / phantom.series.values[:5].mean(axis=0) - 1
    acquisition = st.Acquisition(echo_time=0.03)
    return replace(phantom.series, values=1000 * np.exp(-0.3 * rise), acquisition=acquisition)


def flip_angle_stack(geometry):
    t1 = np.linspace(0.5, 2.0, int(np.prod(geometry.shape))).reshape(geometry.shape)
    angles = np.array([2.0, 5.0, 12.0, 20.0])
    signal = np.stack([spoiled_gradient_echo_signal(1 / t1, angle, 0.005, 1000.0) for angle in angles])
    return st.ImageStack(signal, angles, geometry, acquisition=st.Acquisition(repetition_time=0.005))


def microbubbles(phantom):
    """A bolus that passes every voxel, later in each than in the one before."""
    shape = phantom.series.geometry.shape
    delay = np.linspace(40, 60, int(np.prod(shape))).reshape(shape)
    passing = LOGNORMAL.density(phantom.series.times[:, None, None, None] - delay, 3.3, 0.5)
    return replace(phantom.series, values=1.0 + 500 * passing)


def recoveries(setting, inverted):
    """A stack of images at several times in s after saturation, or after inversion."""

    def made(phantom):
        geometry = phantom.series.geometry
        t1 = np.linspace(0.5, 2.0, int(np.prod(geometry.shape))).reshape(geometry.shape)
        times = np.array([0.1, 0.3, 0.8, 1.5, 3.0])
        values = np.abs(1000 * (1 - (1.9 if inverted else 1.0) * np.exp(-times[:, None, None, None] / t1)))
        acquisition = st.Acquisition(repetition_time=0.005, flip_angle=5.0)
        return st.ImageStack(values, times, geometry, setting, "s", acquisition=acquisition)

    return made


INVERSIONS = recoveries("inversion_time", inverted=True)
# What analyses need that other data than the kinds of their inputs say, by analysis and input.
OF_ITS_OWN = {
    ("follow_up.change_by_network", "visits"): lambda phantom: two_visits("a.u."),
    ("bold.latency", "regions"): three_regions,
    ("bold.connectivity", "regions"): three_regions,
    ("bold.dynamic_connectivity", "regions"): three_regions,
    ("bold.fixed_effects", "effects"): runs_of_a_task("%"),
    ("bold.fixed_effects", "variances"): runs_of_a_task("%^2"),
    **PREPARATION,
    **PROGRESSION,
    **REGIONS,
    **TRACERS,
    ("follow_up.growth", "measurements"): measured_lesions,
    ("kinetics.distributed_parameter", "mask"): few_voxels,
    ("kinetics.tissue_homogeneity", "mask"): few_voxels,
    ("prediction.classification", "table"): predicted_cases,
    ("motion.propagation", "series"): lambda phantom: small_heart(3).series,
    ("motion.propagation", "labels"): lambda phantom: small_heart(3).labels.frame(0),
    ("motion.ventilation", "series"): two_breaths,
    ("motion.ventilation", "lungs"): lambda phantom: small_heart(3).labels.frame(0),
    ("prediction.readers", "table"): readings_in_files,
    ("prediction.segmentation", "table"): overlaps_of_masks,
    ("prediction.survival", "table"): predicted_survival,
    ("prognosis.cox", "table"): predicted_survival,
    ("prognosis.structures", "visits"): drawn_liver,
    ("prognosis.recurrence", "visits"): drawn_liver,
    ("kinetics.transverse_relaxation_change", "series"): first_pass,
    ("kinetics.perfusion_by_deconvolution", "series"): first_pass,
    ("kinetics.saturation_recovery_t1", "stack"): recoveries("repetition_time", inverted=False),
    ("kinetics.inversion_recovery_t1", "stack"): INVERSIONS,
    ("kinetics.look_locker_t1", "stack"): INVERSIONS,
    ("kinetics.despot1_hifi_t1", "inversion_stack"): INVERSIONS,
    ("kinetics.bolus_kinetics_ultrasound", "series"): microbubbles,
}
# Noise has little to explain, so that its parts add up to the whole only after hundreds of steps.
QUICK = {
    "segmentation.by_model_zoo": {"bundle": str(sample_file("threshold_bundle"))},
    **SHORT_RUN,
    "prognosis.cox": {"resamples": 20},
    "follow_up.malignancy": {"integrated_gradients": False, "samples": 4},
}
