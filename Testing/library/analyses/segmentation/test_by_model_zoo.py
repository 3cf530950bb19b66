"""Every frame segmented by a bundle of the Model Zoo: labels, volumes, and what is refused."""

import numpy as np
import pytest
from library.small.zoo import small_zoo_bundle

import SpatioTemporalLib as st
from SpatioTemporalLib.errors import InputError
from SpatioTemporalLib.sample_data import sample_file

AFFINE = np.diag([-1.0, -2.0, 3.0, 1.0])


def series(frames=3, seed=0):
    values = np.random.default_rng(seed).random((frames, 5, 6, 7)).astype(np.float32)
    return st.Series(values, 2.0 * np.arange(frames), st.Geometry((5, 6, 7), AFFINE), "a.u.", "cine")


def found(given, bundle):
    return st.run("segmentation.by_model_zoo", series=given, bundle=str(bundle), context=st.Context(device="cpu"))


def test_the_shipped_bundle_finds_what_is_brighter_than_the_middle():
    given = series()
    result = found(given, sample_file("threshold_bundle"))
    middle = (given.values.min(axis=(1, 2, 3)) + given.values.max(axis=(1, 2, 3))) / 2
    wanted = given.values > middle[:, None, None, None]
    assert (result.labels.values != wanted).sum() <= 3
    assert result.labels.labels[1].name == "bright" and result.labels.geometry == given.geometry
    np.testing.assert_array_equal(result.labels.times, given.times)
    volumes = result.volumes
    assert volumes.units["bright"] == "mL" and volumes.columns["time"] == given.times.tolist()
    assert volumes.columns["bright"] == pytest.approx(((result.labels.values > 0).sum(axis=(1, 2, 3)) * 0.006).tolist())


def test_frames_are_segmented_on_their_own(tmp_path):
    bundle = small_zoo_bundle(tmp_path / "b")
    given = series()
    all_of_them = found(given, bundle).labels.values
    alone = st.Series(given.values[1:], given.times[1:], given.geometry, "a.u.", "cine")
    np.testing.assert_array_equal(found(alone, bundle).labels.values, all_of_them[1:])


def test_no_bundle_and_broken_frames_are_told(tmp_path):
    with pytest.raises(InputError, match="no bundle is named"):
        found(series(), "")
    given = series()
    broken = given.values.copy()
    broken[1, 2, 3, 4] = np.inf
    with pytest.raises(InputError) as caught:
        found(st.Series(broken, given.times, given.geometry, "a.u.", "cine"), sample_file("threshold_bundle"))
    assert caught.value.code == "E-NOT-FINITE"


def test_what_finds_nothing_says_so(tmp_path):
    after = {"_target_": "Compose", "transforms": [{"_target_": "AsDiscreted", "keys": "pred", "threshold": 1e9}]}
    result = found(series(), small_zoo_bundle(tmp_path / "b", postprocessing=after))
    (finding,) = [f for f in result.findings if f.code == "W-EMPTY"]
    assert "found nothing in 3 frames of 3" in finding.message
