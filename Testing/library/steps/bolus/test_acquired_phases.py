"""Which phases are shown, and how their intensities and grid are made alike."""

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.errors import InputError, ParameterError
from SpatioTemporalLib.numerics.spatial.covering_grid import covering_grid, on_grid
from SpatioTemporalLib.steps.bolus.acquired_phases import PhaseSettings, chosen_phases, scaled_phases, shown_times


def test_last_before_nearest_after_and_all_later_phases_are_chosen():
    assert chosen_phases([-60, -1, 20, 45, 90, 300], 40.0, "s") == (1, 3, [4, 5])


def test_a_later_phase_remains_however_late_the_first_is_wanted():
    assert chosen_phases([0, 60, 300], 290.0, "s") == (0, 1, [2])


@pytest.mark.parametrize("seconds", [[10, 60, 300], [-1, 60], [-30, -1]])
def test_too_few_phases_are_refused(seconds):
    with pytest.raises(InputError, match="E-PHASES"):
        chosen_phases(seconds, 60.0, "s")


def test_all_phases_are_scaled_alike_and_not_by_the_later_ones():
    rng = np.random.default_rng(0)
    phases = rng.uniform(100, 200, (3, 6, 6, 6))
    scaled, brighter = scaled_phases(phases), scaled_phases(np.concatenate([phases[:2], 9 * phases[2:]]))
    np.testing.assert_array_equal(scaled[:2], brighter[:2])
    # A line from intensity to shown value, the same for every phase.
    slope = np.polyfit(phases.ravel(), scaled.ravel(), 1)
    np.testing.assert_allclose(np.polyval(slope, phases), scaled, atol=1e-5)
    assert scaled[:2].min() == 0 and np.percentile(scaled[:2], 99) == pytest.approx(1, abs=1e-5)


def test_a_constant_image_is_no_division_by_zero():
    assert np.isfinite(scaled_phases(np.full((3, 4, 4, 4), 7.0))).all()


def test_times_before_injection_are_told_as_minus_one():
    np.testing.assert_array_equal(shown_times(np.array([-60.0, 0.0, 30.0])), [-1, -1, 30])


def test_a_grid_that_fits_is_taken_as_it_is_and_others_are_covered():
    fitting = st.Geometry.from_spacing((4, 5, 6), (1.0, 1.0, 1.0), (7.0, 8.0, 9.0))
    assert covering_grid(fitting, (1.0, 1.0, 1.0)) is fitting
    # Rows that run to the left and voxels of 2 mm.
    affine = np.diag([-2.0, 2.0, 2.0, 1.0])
    covered = covering_grid(st.Geometry((4, 5, 6), affine), (1.0, 1.0, 1.0))
    assert covered.shape == (7, 9, 11) and covered.spacing == (1.0, 1.0, 1.0)
    np.testing.assert_allclose(covered.ijk_to_ras([0, 0, 0]), [-10, 0, 0])


def test_values_keep_their_place_on_another_grid():
    source = st.Geometry((4, 5, 6), np.diag([-2.0, 2.0, 2.0, 1.0]))
    place = source.ijk_to_ras(np.stack(np.indices(source.shape)[::-1], axis=-1))
    target = covering_grid(source, (1.0, 1.0, 1.0))
    found = on_grid(place[..., 0], source, target)
    expected = target.ijk_to_ras(np.stack(np.indices(target.shape)[::-1], axis=-1))[..., 0]
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_grid_beyond_all_memory_is_refused_before_it_is_made():
    metres = st.Geometry.from_spacing((20, 24, 24), (1000.0, 1000.0, 1000.0))
    with pytest.raises(InputError, match="23000 x 23000 x 19000 mm has too many voxels of 1 x 1 x 1 mm"):
        covering_grid(metres, (1.0, 1.0, 1.0))


@pytest.mark.parametrize("changes", [{"shape": (2, 8, 8)}, {"spacings": ((1.0, 1.0),)}, {"first_post": 0.0}])
def test_settings_that_no_phases_can_have_are_refused(changes):
    with pytest.raises(ParameterError, match="E-PHASES"):
        PhaseSettings(**changes)
