"""The chosen model on tissues each of which one model describes."""

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.io import read_curve, read_series
from SpatioTemporalLib.numerics.bolus.population_input_functions import parker_blood_concentration
from SpatioTemporalLib.numerics.kinetics.tofts_models import extended_tofts_concentration, patlak_concentration
from SpatioTemporalLib.numerics.kinetics.two_compartment.models import two_compartment_concentration
from SpatioTemporalLib.sample_data import sample_file

TIMES = np.arange(0, 240, 2.0)
PLASMA = parker_blood_concentration(TIMES, arrival=20) / 0.58
AIF = st.Curve(TIMES, PLASMA, "mmol/L", "plasma")
INPUT = (TIMES, PLASMA, TIMES)
TISSUES = {
    "no uptake": np.zeros(len(TIMES)),
    "Patlak": patlak_concentration(*INPUT, ktrans=0.03, vp=0.05),
    "Tofts": extended_tofts_concentration(*INPUT, ktrans=0.2, ve=0.3),
    "extended Tofts": extended_tofts_concentration(*INPUT, ktrans=0.2, ve=0.3, vp=0.05),
    "two-compartment uptake": two_compartment_concentration(*INPUT, fp=40, ps=0.05, vp=0.1),
    "two-compartment exchange": two_compartment_concentration(*INPUT, fp=30, ps=0.2, ve=0.2, vp=0.1),
}
COUNT = 100


def run(tissues=tuple(TISSUES), noise=0.01, count=COUNT, **more):
    curves = np.repeat(np.stack([TISSUES[name] for name in tissues], axis=1), count, axis=1)
    curves = curves + noise * np.random.default_rng(0).normal(size=curves.shape)
    series = st.Series.from_curves(TIMES, curves, unit="mmol/L", name="tissue")
    labels = np.repeat(np.arange(1, len(tissues) + 1), count).reshape(series.geometry.shape)
    mask = st.LabelMap(labels, series.geometry, {n: st.Label(name) for n, name in enumerate(tissues, start=1)})
    return st.run("kinetics.model_selection", series=series, mask=mask, aif=AIF, curve_is="plasma", **more)


def parts(result):
    """Part in % of each region's voxels that support the model that made them."""
    columns = result.models.columns
    rows = zip(columns["region"], columns["model"], columns["part"])
    return {region: part for region, model, part in rows if region == model}


@pytest.mark.parametrize("criterion, least", [("AICc", 80), ("BIC", 94), ("F test", 96)])
def test_each_tissue_gets_the_model_that_made_it(criterion, least):
    found = parts(run(criterion=criterion))
    assert set(found) == set(TISSUES)
    # AICc takes a model with one parameter too many in about one voxel of ten, by its nature.
    assert min(found.values()) >= least


def test_parameters_are_those_of_the_chosen_model_and_nan_where_it_lacks_them():
    result = run(("Patlak", "extended Tofts", "two-compartment exchange"), criterion="BIC")
    chosen = result.chosen_model.values
    names = {code: label.name for code, label in result.chosen_model.labels.items()}
    code = {name: code for code, name in names.items()}
    in_patlak, in_tofts = chosen == code["Patlak"], chosen == code["extended Tofts"]
    in_exchange = chosen == code["two-compartment exchange"]
    assert np.isnan(result.ve.values[in_patlak]).all() and np.isnan(result.fp.values[in_tofts]).all()
    assert np.isnan(result.ktrans.values[in_exchange]).all()
    assert np.median(result.ktrans.values[in_patlak]) == pytest.approx(0.03, rel=0.02)
    assert np.median(result.ve.values[in_tofts]) == pytest.approx(0.3, rel=0.02)
    assert np.median(result.fp.values[in_exchange]) == pytest.approx(30, rel=0.02)


@pytest.mark.parametrize("model, name", [("Patlak", "ktrans"), ("extended Tofts", "ve")])
def test_standard_errors_are_those_of_the_models_own_analysis(model, name):
    result = run((model,), criterion="BIC")
    own = st.run(
        f"kinetics.{'patlak' if model == 'Patlak' else 'extended_tofts'}",
        series=series_of(model),
        aif=AIF,
        curve_is="plasma",
    )
    same = np.isfinite(result[f"{name}_se"].values) & (result[name].values == own[name].values)
    assert same.mean() > 0.9
    np.testing.assert_allclose(result[f"{name}_se"].values[same], own[f"{name}_se"].values[same], rtol=1e-5)


def series_of(model):
    curves = np.repeat(TISSUES[model][:, None], COUNT, axis=1)
    curves = curves + 0.01 * np.random.default_rng(0).normal(size=curves.shape)
    return st.Series.from_curves(TIMES, curves, unit="mmol/L", name="tissue")


def test_without_noise_the_smallest_model_that_fits_is_chosen_with_all_criteria():
    for criterion in ("AICc", "BIC", "F test"):
        assert set(parts(run(noise=0.0, count=1, criterion=criterion)).values()) == {100.0}


def test_fits_of_regions_follow_their_curves():
    result = run(criterion="BIC")
    for curve in result.curves:
        if curve.fit_of:
            measured = next(c for c in result.curves if c.name == curve.fit_of)
            # The mean of 100 voxels with noise of 0.01.
            assert np.abs(curve.values - measured.values).max() < 0.006, curve.name


def test_models_that_are_not_ticked_are_not_chosen():
    result = run(two_compartment_exchange=False, tofts=False)
    assert {label.name for label in result.chosen_model.labels.values()} == set(TISSUES) - {
        "two-compartment exchange",
        "Tofts",
    }


def test_weight_is_high_where_nothing_else_fits_and_shared_where_much_does():
    clear, open_ = run(("two-compartment exchange",)), run(("no uptake",))
    assert np.median(clear.weight.values) > 0.99
    assert np.median(open_.weight.values) < 0.9


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(st.ParameterError, match="delay"):
        run(delay="fit")
    only = dict.fromkeys(("patlak", "tofts", "extended_tofts", "two_compartment_uptake", "two_compartment_exchange"))
    with pytest.raises(st.ParameterError, match="nothing to choose"):
        run(**dict.fromkeys(only, False))
    few = st.Series.from_curves(TIMES[:6], np.ones((6, 2)), unit="mmol/L")
    with pytest.raises(st.InputError, match="6 frames") as caught:
        st.run("kinetics.model_selection", series=few, aif=AIF)
    assert caught.value.code == "E-FRAMES"


def test_breast_with_frames_of_16_s_hardly_ever_supports_the_largest_model():
    series = read_series(sample_file("breast_dce.seq.nrrd"))
    baseline = series.values[:3].mean(axis=0)
    in_breast = baseline > np.percentile(baseline, 60)
    enhancing = in_breast & (series.values[-3:].mean(axis=0) > 2 * baseline)
    mask = st.LabelMap(enhancing.astype(int), series.geometry, name="enhancing")
    aif = read_curve(sample_file("breast_plasma.csv"))
    result = st.run(
        "kinetics.model_selection", series=series, mask=mask, aif=aif, curve_is="plasma", criterion="F test"
    )
    voxels = dict(zip(result.models.columns["model"], result.models.columns["voxels"]))
    total = sum(voxels.values())
    assert total > 0.9 * enhancing.sum()
    # Flow cannot be seen at this rate, and tissue that doubles its signal takes the agent up.
    assert voxels["two-compartment exchange"] < 0.05 * total
    assert voxels["no uptake"] < 0.05 * total
