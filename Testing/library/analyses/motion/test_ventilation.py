"""Ventilation of lungs that expand by a known share."""

import numpy as np
import pytest

import SpatioTemporalLib as st

SHAPE, STEP, RADIUS = (34, 38, 38), 3.0, 34.0
WAVES = (((1, 0, 0), 17, 0), ((0, 1, 0), 21, 1), ((0, 0, 1), 18, 2), ((0.6, 0.6, 0.5), 23, 3))


def breathing(stretch):
    """A ball of textured lung that expands about its middle, its tissue thinned out by it; and its inner part."""
    axes = [(np.arange(n) - (n - 1) / 2) * STEP for n in SHAPE]
    places = np.stack(np.meshgrid(*axes, indexing="ij"), -1)

    def image(at, volume):
        waves = sum(np.sin(2 * np.pi * (at @ np.array(d)) / length + phase) for d, length, phase in WAVES)
        tissue = (0.28 + 0.06 * waves) / volume
        return np.where(np.linalg.norm(at, axis=-1) < RADIUS, -1000 * (1 - tissue), 0.0)

    geometry = st.Geometry.from_spacing(SHAPE, (STEP,) * 3)
    frames = np.stack([image(places, 1.0), image(places / stretch, stretch**3)]).astype(np.float32)
    series = st.Series(frames, [0.0, 2.0], geometry, "HU", "4D CT")
    inner = np.linalg.norm(places, axis=-1) < RADIUS - 7
    return series, st.LabelMap(inner.astype(np.uint8), geometry, {1: st.Label("lungs")}, "lungs")


def measures_of(result):
    return dict(zip(result["measures"].columns["measure"], result["measures"].columns["value"]))


@pytest.mark.parametrize("stretch", [1.04, 1.08])
def test_a_known_dilation_is_found(stretch, worst_error):
    series, lungs = breathing(stretch)
    result = st.run("motion.ventilation", series=series, lungs=lungs)
    truth = stretch**3 - 1
    own = measures_of(result)
    worst_error("specific ventilation of a dilation", abs(own["mean specific ventilation"] / truth - 1), 0.15)
    assert own["mean specific ventilation"] == pytest.approx(truth, rel=0.15)
    assert own["standard deviation of the ventilation"] < 0.35 * truth
    # Of lungs that are 72 % air: what is added, by the air there was.
    assert own["mean change of air by intensity"] == pytest.approx(truth / 0.72, rel=0.1)
    volume = lungs.volume_ml(1)
    assert own["tidal volume"] == pytest.approx(volume * truth, rel=0.15)
    values = result["ventilation"].values
    assert np.array_equal(np.isfinite(values), lungs.foreground) and not result.findings
    assert result["volume_change"].values[lungs.foreground] == pytest.approx(values[lungs.foreground] + 1)


def test_phases_are_told_by_how_bright_the_lungs_are_or_given():
    series, lungs = breathing(1.06)
    turned = st.Series(series.values[::-1], series.times, series.geometry, "HU")
    own = measures_of(st.run("motion.ventilation", series=turned, lungs=lungs))
    assert (own["frame of end-expiration"], own["frame of end-inspiration"]) == (1, 0)
    back = measures_of(st.run("motion.ventilation", series=series, lungs=lungs, expiration=1, inspiration=0))
    assert back["mean specific ventilation"] < -0.1


def test_what_cannot_be_is_refused_in_words():
    series, lungs = breathing(1.06)
    with pytest.raises(st.InputError, match="frame 1 is both"):
        st.run("motion.ventilation", series=series, lungs=lungs, expiration=1, inspiration=1)
    with pytest.raises(st.InputError, match="there is no frame 5"):
        st.run("motion.ventilation", series=series, lungs=lungs, inspiration=5)
    with pytest.raises(st.InputError, match="E-INPUT-UNIT"):
        st.run("motion.ventilation", series=st.Series(series.values, series.times, series.geometry), lungs=lungs)
    other = st.LabelMap(lungs.values[1:], st.Geometry((33, 38, 38), series.geometry.affine), name="drawn elsewhere")
    with pytest.raises(st.GeometryError, match="drawn elsewhere"):
        st.run("motion.ventilation", series=series, lungs=other)


def test_phases_that_have_nothing_in_common_are_told():
    series, lungs = breathing(1.06)
    random = np.random.default_rng(0)
    noise = np.stack([series.values[0], random.permutation(series.values[0].ravel()).reshape(SHAPE)])
    result = st.run("motion.ventilation", series=st.Series(noise, series.times, series.geometry, "HU"), lungs=lungs,
                    expiration=0, inspiration=1, smoothness=1.0)  # fmt: skip
    assert any(finding.code.startswith("W-REGISTRATION") for finding in result.findings)
