"""Segmentation by a network that knows the times: what it finds, what it is shown, and what it refuses."""

from dataclasses import replace

import numpy as np
import pytest
from library.small.bundles import small_bundle
from library.small.phases import simulated_series, small_phase_bundle

import SpatioTemporalLib as st
from SpatioTemporalLib.errors import InputError
from SpatioTemporalLib.networks.bundle.reading import read_bundle
from SpatioTemporalLib.networks.inference.segmentation import logit_map
from SpatioTemporalLib.numerics.spatial.mask_overlap import dice
from SpatioTemporalLib.steps.bolus.acquired_phases import scaled_phases

INJECTION = 1.0


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return small_phase_bundle(tmp_path_factory.mktemp("bundle") / "b")


def found(series, bundle, **parameters):
    given = {"bundle": str(bundle), "injection": INJECTION, **parameters}
    return st.run("segmentation.by_network", series=series, context=st.Context(device="cpu"), **given)


def codes(result):
    return {finding.code for finding in result.findings}


def test_probability_is_that_of_the_network_at_the_times_after_injection(bundle):
    series, _ = simulated_series()
    result = found(series, bundle)
    networks = read_bundle(bundle).networks
    seconds = np.array([-1, 30, series.times[2] - INJECTION])
    logits = logit_map(networks, scaled_phases(series.values), seconds, (8, 8, 8))
    np.testing.assert_allclose(result.probability.values, 1 / (1 + np.exp(-logits)), atol=1e-5)
    np.testing.assert_array_equal(result.segmentation.foreground, result.probability.values >= 0.5)
    assert result.phases.columns["time after injection"] == pytest.approx(seconds.tolist())
    assert result.segmentation.labels[1].name == "lesion" and "W-SIMULATED" in codes(result)


def test_the_injection_moves_the_times_and_with_them_the_answer(bundle):
    series, _ = simulated_series()
    early, late = found(series, bundle), found(series, bundle, injection=20.0)
    assert np.abs(early.probability.values - late.probability.values).max() > 1e-4


def test_a_higher_threshold_finds_less(bundle):
    series, _ = simulated_series()
    few, many = (found(series, bundle, threshold=t).segmentation.foreground.sum() for t in (0.9, 0.1))
    assert few < many


def test_later_frames_are_those_of_training_at_most_so_many(bundle):
    series, _ = simulated_series()
    values = np.concatenate([series.values[:2], *[series.values[2:]] * 6])
    times = np.array([0, 31, 41, 101, 201, 301, 401, 901.0])
    longer = replace(series, values=values, times=times)
    result = found(longer, bundle, later_phases=3)
    assert result.phases.columns["frame"] == [1, 2, 4, 6, 7]
    assert "W-INTERVAL" not in codes(result)


def test_times_far_from_training_are_told(bundle):
    series, _ = simulated_series()
    assert "W-INTERVAL" in codes(found(replace(series, times=np.array([0, 31, 800.0])), bundle))


def test_the_mask_lies_on_the_grid_of_the_series_whatever_its_axes(bundle):
    series, _ = simulated_series()
    turned = replace(series, geometry=st.Geometry((16, 16, 16), np.diag([-1.0, -1.0, 1.0, 1.0])))
    result = found(turned, bundle)
    assert result.segmentation.geometry == turned.geometry
    # The network sees the same patient along R, A and S.
    flipped = replace(series, values=series.values[:, :, ::-1, ::-1])
    straight = found(flipped, bundle).probability.values[:, ::-1, ::-1]
    np.testing.assert_allclose(result.probability.values, straight, atol=1e-5)


def test_a_series_without_a_frame_before_injection_is_refused(bundle):
    series, _ = simulated_series()
    with pytest.raises(InputError, match=r"0 phases before injection.*E-PHASES"):
        found(series, bundle, injection=-5.0)


def test_a_bundle_of_another_task_is_refused(tmp_path):
    series, _ = simulated_series()
    with pytest.raises(InputError, match="trained for classification, segmentation is asked for"):
        found(series, small_bundle(tmp_path / "b"))


def test_the_shipped_network_finds_a_simulated_lesion_it_has_not_seen():
    series, lesion = simulated_series(seed=77, size=32)
    result = found(series, "dce-demo")
    assert dice(result.segmentation.foreground, lesion) > 0.7


def test_volume_has_an_interval_where_something_differs(bundle):
    series, _ = simulated_series()
    (alone,) = found(series, bundle).volume.columns["spread of"]
    assert alone == "" and not hasattr(found(series, bundle), "uncertainty")
    longer = replace(
        series, values=np.concatenate([series.values, 1.1 * series.values[2:]]), times=np.append(series.times, 400.0)
    )
    result = found(longer, bundle)
    row = {name: cells[0] for name, cells in result.volume.columns.items()}
    assert row["spread of"] == "2 later phases" and row["lower"] <= row["upper"]
    assert row["volume"] == pytest.approx(result.segmentation.volume_ml(1)) and result.volume.units["upper"] == "mL"
    assert 0 < result.uncertainty.values.max() < 1


def test_a_series_in_another_unit_than_that_of_training_is_told(bundle):
    series, _ = simulated_series()
    assert "W-UNIT" not in codes(found(series, bundle))
    assert "W-UNIT" in codes(found(replace(series, unit="mmol/L"), bundle))
