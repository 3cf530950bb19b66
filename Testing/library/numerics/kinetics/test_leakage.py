"""Curves of a first pass with a known leakage give that leakage, and the curve they would have without it."""

import numpy as np
import pytest
from scipy.integrate import cumulative_trapezoid

import SpatioTemporalLib as st
from SpatioTemporalLib.numerics.kinetics.leakage import without_leakage

TIMES = np.arange(60) * 1.5
REFERENCE = np.where(TIMES > 15, ((TIMES - 15) / 6) ** 3 * np.exp(-(TIMES - 15) / 3), 0.0)
PERFUSION = "kinetics.perfusion_by_deconvolution"


def leaking(vascular, leakage):
    """The model of Boxerman et al. (2006), eq. 1, with the reference tissue's curve."""
    integral = cumulative_trapezoid(REFERENCE, TIMES, initial=0)
    return vascular * REFERENCE - leakage * integral


def test_known_leakage_is_found_and_taken_away():
    vascular, leakage = np.array([0.5, 1.0, 3.0]), np.array([0.02, -0.01, 0.0])
    curves = np.stack([leaking(k1, k2) for k1, k2 in zip(vascular, leakage)], axis=1)
    result = without_leakage(TIMES, curves, REFERENCE)
    np.testing.assert_allclose(result.leakage, leakage, atol=1e-12)
    np.testing.assert_allclose(result.vascular, vascular, rtol=1e-12)
    np.testing.assert_allclose(result.corrected, vascular * REFERENCE[:, None], atol=1e-12)


@pytest.fixture
def tumour():
    """Normal tissue, an artery, and one voxel of tumour whose leakage hides half of its blood volume."""
    random = np.random.default_rng(0)
    curves = np.stack([REFERENCE * 0.2] * 20 + [REFERENCE * 3] * 5 + [0.2 * leaking(2.0, 0.015)], axis=1)
    values = curves + random.normal(0, 1e-4, curves.shape)
    geometry = st.Geometry.from_spacing((1, 1, 26))
    series = st.Series(values[:, None, None, :], TIMES, geometry, unit="1/s")
    artery = np.zeros(geometry.shape, np.uint8)
    artery[..., 20:25] = 1
    tissue = 1 - artery
    return series, st.LabelMap(artery, geometry), st.LabelMap(tissue, geometry)


def test_correction_gives_back_the_blood_volume_that_leakage_hid(tumour, worst_error):
    series, artery, tissue = tumour
    plain = st.run(PERFUSION, series=series, aif_mask=artery, mask=tissue)
    corrected = st.run(PERFUSION, series=series, aif_mask=artery, mask=tissue, leakage_correction="Boxerman-Weisskoff")
    cbv = corrected.cbv.values[0, 0]
    worst_error("blood volume after leakage correction", abs(cbv[-1] / cbv[0] - 2), 0.01)
    assert cbv[-1] / cbv[0] == pytest.approx(2, abs=0.01)
    assert plain.cbv.values[0, 0, -1] / plain.cbv.values[0, 0, 0] < 1.5
    assert corrected.leakage.values[0, 0, -1] == pytest.approx(0.015, rel=0.02)
    assert abs(corrected.leakage.values[0, 0, :20]).max() < 1e-3
    assert "leakage" not in plain


def test_mask_of_leaking_tissue_alone_is_refused(tumour):
    series, artery, _ = tumour
    only = np.zeros(series.geometry.shape, np.uint8)
    only[..., -1] = 1
    with pytest.raises(st.InputError, match="E-LEAKAGE"):
        st.run(
            PERFUSION,
            series=series,
            aif_mask=artery,
            mask=st.LabelMap(only, series.geometry),
            leakage_correction="Boxerman-Weisskoff",
        )
