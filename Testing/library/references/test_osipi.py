"""Agreement with the reference cases of the OSIPI code collection, within the tolerances of its own tests."""

from functools import cache

import numpy as np
import pytest
from library.references.osipi_cases import cases

import SpatioTemporalLib as st
from SpatioTemporalLib.numerics.bolus.population_input_functions import (
    parker_blood_concentration,
    population_concentration,
)

TOLERANCES = {"ktrans": (0.005, 0.1), "ve": (0.05, 0.0), "vp": (0.025, 0.0), "delay": (1.0, 0.0)}
NAMES = {"ktrans": ("Ktrans", "ps"), "ve": ("ve",), "vp": ("vp",)}
DELAY_FRAMES = {"kinetics.tofts": 10, "kinetics.extended_tofts": 5}


def ids(rows):
    return [row["label"] for row in rows]


TOFTS = cases("dce/dce_DRO_data_tofts.csv")
EXTENDED = cases("dce/dce_DRO_data_extended_tofts.csv")
PATLAK = cases("dce/patlak_sd_0.02_delay_0.csv")
PATLAK_DELAYED = cases("dce/patlak_sd_0.02_delay_5.csv")


FILES = {"kinetics.tofts": TOFTS, "kinetics.extended_tofts": EXTENDED, "kinetics.patlak": PATLAK}
# Tissue, and times and values of the input.
COLUMNS = {"kinetics.patlak": ("C_t", "t", "cp_aif")}


@cache
def estimates(analysis, shift=0, delayed=False):
    """Estimates of every curve of a file by its label; all that share an input are voxels of one fit.

    shift : frames by which the tissue is made later. delayed : the file has delayed tissues itself.
    """
    tissue, times, plasma = COLUMNS.get(analysis, ("C", "ta", "ca"))
    rows, found = PATLAK_DELAYED if delayed else FILES[analysis], {}
    for given in {row[plasma].tobytes() for row in rows}:
        alike = [row for row in rows if row[plasma].tobytes() == given]
        curves = np.stack([row[tissue] for row in alike], axis=1)
        curves = np.concatenate([np.zeros((shift, len(alike))), curves[: len(curves) - shift]])
        series = st.Series.from_curves(alike[0]["t"], curves, unit="mmol/L", name="tissue")
        aif = st.Curve(alike[0][times], alike[0][plasma], "mmol/L", "input")
        delay = "fit" if shift or delayed else "none"
        result = st.run(analysis, series=series, aif=aif, curve_is="plasma", delay=delay)
        maps = {name: values.values.reshape(-1) for name, values in result.of_kind(st.Map).items()}
        found |= {row["label"]: {m: float(v[n]) for m, v in maps.items()} for n, row in enumerate(alike)}
    return found


def check(all_estimates, row, case, worst_error, delay=0.0):
    found = all_estimates[row["label"]]
    truths = {name: next(row[k] for k in keys if k in row) for name, keys in NAMES.items() if name in found}
    for name, truth in {**truths, **({"delay": delay} if "delay" in found else {})}.items():
        absolute, relative = TOLERANCES[name]
        allowed = absolute + relative * abs(truth)
        error = abs(found[name] - truth)
        worst_error(f"OSIPI {case}: {name}", error / allowed, 1.0, "of its tolerance")
        assert error <= allowed, f"{name} = {found[name]:.4g}, reference {truth:.4g}, allowed ± {allowed:.3g}"


@pytest.mark.parametrize("row", TOFTS, ids=ids(TOFTS))
def test_tofts_agrees(row, worst_error):
    check(estimates("kinetics.tofts"), row, "Tofts", worst_error)


@pytest.mark.parametrize("row", TOFTS, ids=ids(TOFTS))
def test_tofts_with_delay_agrees(row, worst_error):
    shift = DELAY_FRAMES["kinetics.tofts"]
    delay = row["t"][shift] - row["t"][0]
    check(estimates("kinetics.tofts", shift), row, "Tofts, delayed", worst_error, delay)


@pytest.mark.parametrize("row", EXTENDED, ids=ids(EXTENDED))
def test_extended_tofts_agrees(row, worst_error):
    check(estimates("kinetics.extended_tofts"), row, "extended Tofts", worst_error)


@pytest.mark.parametrize("row", EXTENDED, ids=ids(EXTENDED))
def test_extended_tofts_with_delay_agrees(row, worst_error):
    shift = DELAY_FRAMES["kinetics.extended_tofts"]
    delay = row["t"][shift] - row["t"][0]
    check(estimates("kinetics.extended_tofts", shift), row, "extended Tofts, delayed", worst_error, delay)


@pytest.mark.parametrize("row", PATLAK, ids=ids(PATLAK))
def test_patlak_agrees(row, worst_error):
    check(estimates("kinetics.patlak"), row, "Patlak", worst_error)


@pytest.mark.parametrize("row", PATLAK_DELAYED, ids=ids(PATLAK_DELAYED))
def test_patlak_with_delay_agrees(row, worst_error):
    check(estimates("kinetics.patlak", delayed=True), row, "Patlak, delayed", worst_error, row["arterial_delay"])


SIGNALS = cases("si2conc/SI2Conc_data.csv")


@pytest.mark.parametrize("row", SIGNALS, ids=ids(SIGNALS))
def test_concentration_from_signal_agrees(row, worst_error):
    acquisition = st.Acquisition(flip_angle=row["FA"], repetition_time=row["TR"])
    series = st.Series.from_curves(np.arange(len(row["s"]), dtype=float), row["s"], acquisition=acquisition)
    # The reference leaves out the first frame, which is not yet in steady state.
    result = st.run(
        "kinetics.concentration",
        series=series,
        t1_baseline=row["T1base"],
        relaxivity=row["r1"],
        baseline_frames=int(row["numbaselinepts"]),
        skipped_frames=1,
    )
    estimated = result.concentration.values.ravel()
    reference = row["conc"][1:]
    excess = np.abs(estimated - reference) / (1e-5 + 1e-5 * np.abs(reference))
    worst_error("OSIPI signal to concentration", excess.max(), 1.0, "of its tolerance")
    np.testing.assert_allclose(estimated, reference, rtol=1e-5, atol=1e-5)


def vfa_rows():
    """Each case with its reference R1 in 1/s and TR in s, whatever its file has."""
    for row in cases("t1/t1_brain_data.csv"):
        yield "T1 brain", row["label"], row["FA"], row["TR"][0], row["s"], row["R1"]
    for row in cases("t1/t1_quiba_data.csv"):
        yield "T1 QIBA", row["label"], row["FA"], row["TR"][0], row["s"], 1000 * row["R1"]
    for row in cases("t1/t1_prostate_data.csv"):
        yield "T1 prostate", row["label"], row["FA"], row["TR"][0] / 1000, row["s"], 1000 / row["T1 nonlinear"]


VFA = list(vfa_rows())


@pytest.mark.parametrize("case, label, angles, tr, signal, r1", VFA, ids=[row[1] for row in VFA])
def test_variable_flip_angle_t1_agrees(case, label, angles, tr, signal, r1, worst_error):
    stack = st.ImageStack(signal.reshape(-1, 1, 1, 1), angles, st.Geometry.from_spacing((1, 1, 1)))
    result = st.run("kinetics.variable_flip_angle_t1", stack=stack, repetition_time=tr)
    error, allowed = abs(1 / result.t1.values.item() - r1), 0.05 + 0.05 * r1
    worst_error(f"OSIPI {case}: R1", error / allowed, 1.0, "of its tolerance")
    assert error <= allowed


PROSTATE = cases("t1/t1_prostate_data.csv")
T1_COLUMNS = {
    ("linear", False): "T1 linear",
    ("linear", True): "T1 linear B1cor",
    ("nonlinear", True): "T1 nonlinear B1cor",
}
# Its field of 1.005 moves the straight line's T1 by 14 % in that column, where one per cent follows from the equation.
ODD_VOXEL = "Pat1_voxel5_prostaat"


@pytest.mark.parametrize("method, corrected", T1_COLUMNS)
def test_methods_and_fields_of_variable_flip_angles_agree(method, corrected, worst_error):
    rows = [row for row in PROSTATE if row["label"] != ODD_VOXEL]
    signals = np.stack([row["s"] for row in rows], axis=1)[:, None, None]
    stack = st.ImageStack(signals, PROSTATE[0]["FA"], st.Geometry.from_spacing(signals.shape[1:]))
    b1 = np.array([row["B1"] / 100 for row in rows]).reshape(signals.shape[1:])
    b1_map = st.Map(b1, stack.geometry, "1") if corrected else None
    time = PROSTATE[0]["TR"][0] / 1000
    result = st.run("kinetics.variable_flip_angle_t1", stack=stack, b1_map=b1_map, method=method, repetition_time=time)
    reference = 1000 / np.array([row[T1_COLUMNS[method, corrected]] for row in rows])
    error = np.abs(1 / result.t1.values.ravel() - reference) / (0.05 + 0.05 * reference)
    worst_error(
        f"OSIPI T1 prostate, {method}{' with B1' if corrected else ''}: R1", error.max(), 1.0, "of its tolerance"
    )
    assert (error <= 1).all()


PARKER = cases("aif/ParkerAIF_ref.csv")
PARKER_DELAYED = cases("aif/ParkerAIF_ref_with_delay.csv")


@pytest.mark.parametrize("label", sorted({row["label"] for row in PARKER}))
def test_parker_input_function_agrees(label, worst_error):
    rows = [row for row in PARKER if row["label"] == label]
    times, reference = np.array([(60 * row["time"], row["Cb"]) for row in rows]).T
    estimated = parker_blood_concentration(times)
    worst_error("OSIPI Parker input function", np.abs(estimated - reference).max(), 1e-4, "mmol/L")
    np.testing.assert_allclose(estimated, reference, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("label", sorted({row["label"] for row in PARKER_DELAYED}))
def test_delayed_parker_input_function_agrees(label, worst_error):
    rows = [row for row in PARKER_DELAYED if row["label"] == label]
    times, reference = np.array([(60 * row["time"], row["Cb"]) for row in rows]).T
    estimated = parker_blood_concentration(times, arrival=rows[0]["delay"])
    excess = np.abs(estimated - reference) / (0.1 + 0.1 * np.abs(reference))
    worst_error("OSIPI Parker input function, delayed", excess.max(), 1.0, "of its tolerance")
    assert (excess <= 1).all()


def by_label(rows):
    """(times in s, concentrations, rows) of each label's curve; the file's unit of time is the caller's concern."""
    for label in sorted({row["label"] for row in rows}):
        chosen = [row for row in rows if row["label"] == label]
        yield label, *np.array([(row["time"], row["Cb"]) for row in chosen]).T, chosen


@pytest.mark.parametrize("label, minutes, reference, _", list(by_label(cases("aif/GeorgiouAIF_ref.csv"))))
def test_georgiou_input_function_agrees(label, minutes, reference, _, worst_error):
    estimated = population_concentration("georgiou", 60 * minutes)
    excess = np.abs(estimated - reference) / (1e-4 + 0.01 * np.abs(reference))
    worst_error("OSIPI Georgiou input function", excess.max(), 1.0, "of its tolerance")
    assert (excess <= 1).all()


PRECLINICAL = [*by_label(cases("aif/preclinicalAIF_ref.csv")), *by_label(cases("aif/preclinicalAIF_ref_delay.csv"))]


@pytest.mark.parametrize("label, seconds, reference, rows", PRECLINICAL, ids=[row[0] for row in PRECLINICAL])
def test_preclinical_input_function_agrees(label, seconds, reference, rows, worst_error):
    estimated = population_concentration("preclinical", seconds, arrival=rows[0]["delay"])
    worst_error("OSIPI preclinical input function", np.abs(estimated - reference).max(), 1e-4, "mmol/L")
    np.testing.assert_allclose(estimated, reference, rtol=1e-9, atol=1e-9)


def fitted_together(analysis, rows, aif, **parameters):
    """Estimates of all rows of a file, which share their times and their input."""
    series = st.Series.from_curves(rows[0]["t"], np.stack([row["C_t"] for row in rows], axis=1), unit="mmol/L")
    result = st.run(analysis, series=series, aif=aif, curve_is="plasma", **parameters)
    maps = {name: values.values.reshape(-1) for name, values in result.of_kind(st.Map).items()}
    return [{name: float(values[n]) for name, values in maps.items()} for n in range(len(rows))]


COMPARTMENTS = {
    "2CXM": ("kinetics.two_compartment_exchange", "dce/2cxm_sd_0.001_delay_{}.csv", ("fp", "ps", "ve", "vp")),
    "2CUM": ("kinetics.two_compartment_uptake", "dce/2cum_sd_0.0025_delay_{}.csv", ("fp", "ps", "vp")),
}


def check_compartments(estimates, row, names, case, worst_error):
    for name in names:
        absolute, relative = {**TOLERANCES, "fp": (5.0, 0.1), "ps": (0.005, 0.1)}[name]
        allowed = absolute + relative * abs(row[name])
        error = abs(estimates[name] - row[name])
        worst_error(f"OSIPI {case}: {name}", error / allowed, 1.0, "of its tolerance")
        assert error <= allowed, f"{row['label']}: {name} = {estimates[name]:.4g}, reference {row[name]:.4g}"


@pytest.mark.parametrize("case", COMPARTMENTS)
def test_two_compartment_model_agrees(case, worst_error):
    analysis, file, names = COMPARTMENTS[case]
    rows = cases(file.format(0))
    aif = st.Curve(rows[0]["t"], rows[0]["cp_aif"], "mmol/L", "input")
    for row, estimates in zip(rows, fitted_together(analysis, rows, aif)):
        check_compartments(estimates, row, names, case, worst_error)


@pytest.mark.parametrize("case", COMPARTMENTS)
def test_two_compartment_model_with_delay_agrees(case, worst_error):
    analysis, file, names = COMPARTMENTS[case]
    rows = cases(file.format(5))[::2]
    # The file's input is Parker's curve from 10 s on, in steps of 0.5 s, which make a ramp of its step at arrival.
    # With the arrival fitted that ramp matters, so the curve itself is given.
    fine = np.concatenate([[0.0, 9.999], np.arange(10.0, 70.0, 0.25), np.arange(70.0, rows[0]["t"][-1] + 1, 2.0)])
    plasma = parker_blood_concentration(fine, arrival=10.0) / (1 - 0.42)
    np.testing.assert_allclose(np.interp(rows[0]["t"], fine, plasma), rows[0]["cp_aif"], atol=0.01)
    aif = st.Curve(fine, plasma, "mmol/L", "input")
    for row, estimates in zip(rows, fitted_together(analysis, rows, aif, delay="fit", largest_delay=6.0)):
        check_compartments(estimates, row, names, f"{case}, delayed", worst_error)
        worst_error(f"OSIPI {case}, delayed: delay", abs(estimates["delay"] - 5) / 1.0, 1.0, "of its tolerance")
        assert abs(estimates["delay"] - 5) <= 1


@pytest.mark.parametrize("method", ["oSVD", "sSVD", "Tikhonov"])
def test_perfusion_by_deconvolution_agrees(method, worst_error):
    rows = cases("dsc/dsc_data.csv")
    curves = np.stack([rows[0]["C_aif"], *(row["C_tis"] for row in rows)], axis=1)
    series = st.Series.from_curves(rows[0]["tr"] * np.arange(len(curves)), curves, unit="1/s")
    first = np.zeros(series.geometry.shape, np.uint8)
    first.reshape(-1)[0] = 1
    # The generator has neither hematocrit nor density.
    plain = {"hematocrit_large": 0.0, "hematocrit_small": 0.0, "density": 1.0}
    artery = st.LabelMap(first, series.geometry, name="artery")
    result = st.run("kinetics.perfusion_by_deconvolution", series=series, aif_mask=artery, method=method, **plain)
    for name, absolute in (("cbf", 15.0), ("cbv", 1.0)):
        truth = np.array([row[name] for row in rows])
        error = np.abs(result[name].values.reshape(-1)[1:] - truth) / (absolute + 0.1 * truth)
        worst_error(f"OSIPI DSC, {method}: {name}", error.max(), 1.0, "of its tolerance")
        assert (error <= 1).all()
