"""A segmentation carried through a beating ventricle, in space and in one slice, with progress and cancel."""

from dataclasses import replace

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.numerics.registration.frame_demons import carried_labels, composed, demons_field, sampled
from SpatioTemporalLib.numerics.spatial.mask_overlap import dice
from SpatioTemporalLib.simulation.beating_ventricle import VentricleDesign, beating_ventricle
from SpatioTemporalLib.steps.motion.propagation import order_of_frames

DESIGN = VentricleDesign((12, 30, 30), (2.5, 2.5, 6.0), (18.0, 18.0, 24.0), 8.0, ejection_fraction=0.5, noise=5.0)


def overlaps(labels, truth):
    """Dice of each label in each frame."""
    pairs = zip(labels.values, truth.values)
    return np.array([[dice(own == value, right == value) for value in (1, 2)] for own, right in pairs])


@pytest.fixture(scope="module")
def heart():
    return beating_ventricle(DESIGN)


@pytest.fixture(scope="module")
def carried(heart):
    return st.run("motion.propagation", series=heart.series, labels=heart.labels.frame(0))


def test_twenty_frames_overlap_by_nine_tenths_or_more(heart, carried, worst_error):
    found = overlaps(carried["labels"], heart.labels)
    worst_error("Dice of carried labels, what is missing to 1", 1 - found.min(), 0.1)
    assert len(found) == 20 and found.min() >= 0.9
    assert np.array_equal(carried["labels"].values[0], heart.labels.values[0])
    assert carried["labels"].times == pytest.approx(heart.series.times)


def test_the_volume_curve_follows_the_heart(heart, carried):
    curve = st.run("motion.volume_curve", labels=carried["labels"], segments="cavity")["volumes"][0]
    assert curve.values == pytest.approx(heart.cavity_ml, rel=0.15)
    assert np.argmin(curve.values) in (6, 7, 8)


def test_quality_says_how_alike_frames_became_and_that_nothing_folds(carried):
    quality = carried["quality"].columns
    assert quality["frame"] == list(range(1, 20))
    assert all(after > before for before, after in zip(quality["likeness before"], quality["likeness after"]))
    assert min(quality["smallest volume change"]) > 0 and max(quality["largest displacement"]) < 15
    assert not carried.findings


def test_one_slice_is_carried_within_its_plane(heart):
    flat = st.Geometry((1, 30, 30), heart.series.geometry.affine)
    keep = slice(0, 12, 2)
    series = st.Series(heart.series.values[keep, 6:7], heart.series.times[keep], flat)
    truth = st.LabelSeries(heart.labels.values[keep, 6:7], series.times, flat, heart.labels.labels)
    result = st.run("motion.propagation", series=series, labels=truth.frame(2), frame=2, cycle=False)
    assert overlaps(result["labels"], truth).min() >= 0.9


def test_frames_are_reached_from_their_neighbours_and_half_of_a_cycle_backwards():
    assert list(order_of_frames(6, 1, False)) == [(2, 1), (3, 2), (4, 3), (5, 4), (0, 1)]
    assert list(order_of_frames(6, 1, True)) == [(2, 1), (3, 2), (4, 3), (0, 1), (5, 0)]
    for count in range(2, 9):
        for drawn in range(count):
            for cycle in (False, True):
                assert sorted([drawn, *(now for now, _ in order_of_frames(count, drawn, cycle))]) == list(range(count))


def test_fields_are_put_one_after_the_other_in_millimetres():
    shape, spacing = (6, 8, 10), (1.5, 2.0, 3.0)
    k, j, i = np.indices(shape).astype(float)
    one, two = np.zeros((*shape, 3)), np.zeros((*shape, 3))
    one[..., 0], one[..., 2] = 3.0, -3.0
    two[..., 1] = 0.5 * i * spacing[0]
    both = composed(one, two, spacing)
    inside = (i + 2 <= 9) & (k >= 1)
    assert both[inside] == pytest.approx(np.stack([i * 0 + 3, 0.75 * (i + 2), k * 0 - 3], axis=-1)[inside])
    assert sampled(10 * i + k, one, spacing)[inside] == pytest.approx((10 * (i + 2) + k - 1)[inside])


def test_labels_that_are_moved_by_whole_voxels_are_as_they_were_and_by_parts_keep_their_size():
    values = np.zeros((6, 20, 20), np.uint8)
    values[1:5, 5:12, 6:15] = 3
    values[2:4, 7:10, 8:12] = 1
    field = np.zeros((*values.shape, 3))
    field[..., 0] = -4.0
    assert np.array_equal(carried_labels(values, field, (2.0, 1.0, 1.0)), np.roll(values, 2, axis=2))
    field[..., 0] = -0.8
    assert np.array_equal(np.unique(carried_labels(values, field, (2.0, 1.0, 1.0))), [0, 1, 3])


def test_a_shift_is_found_whatever_the_spacing():
    random = np.random.default_rng(1)
    from scipy import ndimage

    image = ndimage.gaussian_filter(random.normal(0, 1, (16, 32, 32)), (1.5, 3, 3))
    image /= image.std()
    moved = ndimage.shift(image, (0, 1.5, -1.0), order=3, mode="nearest")
    field = demons_field(image, moved, (1.5, 2.0, 4.0), smoothness=4.0)
    middle = field[4:-4, 8:-8, 8:-8]
    assert middle.reshape(-1, 3).mean(axis=0) == pytest.approx((-1.5, 3.0, 0.0), abs=0.25)


def test_progress_is_told_and_a_cancelled_run_ends():
    heart = beating_ventricle(replace(DESIGN, frames=4))
    told = []
    context = st.Context(report=lambda fraction, message: told.append(fraction))
    st.run("motion.propagation", series=heart.series, labels=heart.labels.frame(0), context=context)
    assert len(told) > 20 and told == sorted(told) and told[-1] == 1.0

    def stop(fraction, message):
        if fraction > 0.3:
            stopped.cancel()

    stopped = st.Context(report=stop)
    with pytest.raises(st.Cancelled):
        st.run("motion.propagation", series=heart.series, labels=heart.labels.frame(0), context=stopped)


def test_what_cannot_be_carried_is_refused_in_words(heart):
    labels = heart.labels.frame(0)
    with pytest.raises(st.InputError, match="frame 20 was drawn on, the frames are 0 to 19"):
        st.run("motion.propagation", series=heart.series, labels=labels, frame=20)
    holes = heart.series.values.copy()
    holes[3, 0, 0, 0] = np.nan
    with pytest.raises(st.InputError, match="frame 3 .*holds NaN"):
        st.run("motion.propagation", series=replace(heart.series, values=holes), labels=labels)
    flat = replace(heart.series, values=np.ones_like(heart.series.values))
    with pytest.raises(st.InputError, match="around what was drawn the images have the same value, 1, everywhere"):
        st.run("motion.propagation", series=flat, labels=labels)
    thin = st.Geometry((2, 30, 30), heart.series.geometry.affine)
    series = replace(heart.series, values=heart.series.values[:, 5:7], geometry=thin)
    with pytest.raises(st.InputError, match="too thin"):
        st.run("motion.propagation", series=series, labels=st.LabelMap(labels.values[5:7], thin))
    other = st.LabelMap(labels.values, st.Geometry.from_spacing((12, 30, 30), (2.5, 2.0, 6.0)), name="drawn elsewhere")
    with pytest.raises(st.GeometryError, match="drawn elsewhere"):
        st.run("motion.propagation", series=heart.series, labels=other)
