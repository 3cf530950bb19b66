"""Siemens mosaics are cut into the slices, places and times that NiBabel finds in them; what is doubtful is told."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from library.io.dicom.mosaic_phantom import (
    FIRST,
    SECOND,
    SLICES,
    STEP,
    TIMES_MS,
    add_csa,
    add_private,
    csa,
    entries,
    write_mosaics,
)

import SpatioTemporalLib as st
from SpatioTemporalLib.errors import GeometryError, InputError
from SpatioTemporalLib.io.dicom.headers.siemens_csa import csa_numbers

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
NAMES = ("NumberOfImagesInMosaic", "SliceNormalVector", "MosaicRefAcqTimes")


def with_csa(sign=1.0, form=SECOND, **changes):
    return lambda dataset, t: add_csa(dataset, csa(entries(sign, **changes), form))


def codes(series) -> set[str]:
    return {f.code for f in series.findings}


def their_volume(path, sign):
    """NiBabel's (K, J, I) voxels, IJK to RAS and slice times of one mosaic, slices counted along the right hand."""
    from nibabel.nicom.dicomwrappers import MosaicWrapper

    wrapped = MosaicWrapper(pydicom.dcmread(path))
    # Its array runs over rows first: columns and rows change places.
    affine = LPS_TO_RAS @ wrapped.affine[:, [1, 0, 2, 3]]
    voxels = wrapped.get_data().transpose(2, 0, 1)
    times = np.array(wrapped.csa_header["tags"]["MosaicRefAcqTimes"]["items"]) / 1000
    if sign < 0:
        affine[:3, 3] += affine[:3, 2] * (len(voxels) - 1)
        affine[:3, 2] *= -1
        voxels, times = voxels[::-1], times[::-1]
    return voxels, affine, times


@pytest.mark.filterwarnings("ignore:The DICOM readers are highly experimental:UserWarning")
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_volumes_places_and_slice_times_are_nibabels(tmp_path, sign):
    series = st.read_series(write_mosaics(tmp_path / "run", with_csa(sign)))
    assert series.values.shape == (3, SLICES, 6, 4) and series.acquisition.repetition_time == 2.0
    np.testing.assert_allclose(series.times, [0.0, 2.0, 4.0])
    for path in (tmp_path / "run").iterdir():
        voxels, affine, times = their_volume(path, sign)
        number = pydicom.dcmread(path).AcquisitionNumber - 1
        np.testing.assert_array_equal(series.values[number], voxels)
        np.testing.assert_allclose(series.geometry.affine, affine, atol=1e-6)
        np.testing.assert_allclose(series.acquisition.slice_times, times, atol=1e-6)
    assert "W-DICOM-MOSAIC" not in codes(series)


def test_both_forms_of_the_header_and_private_elements_say_the_same(tmp_path):
    def both(dataset, t):
        add_private(dataset)
        add_csa(dataset, csa(entries(), FIRST))

    second, first = (st.read_series(write_mosaics(tmp_path / n, e)) for n, e in (("2", with_csa()), ("1", both)))
    bare = st.read_series(write_mosaics(tmp_path / "0", lambda dataset, t: add_private(dataset)))
    for other in (first, bare):
        np.testing.assert_array_equal(other.values, second.values)
        np.testing.assert_allclose(other.geometry.affine, second.geometry.affine, atol=1e-9)
        assert other.acquisition.slice_times == second.acquisition.slice_times
    # Without a CSA header nothing says which way the slices run.
    assert "W-DICOM-MOSAIC" in codes(bare) and "W-DICOM-MOSAIC" not in codes(first)


@pytest.mark.parametrize("form", [FIRST, SECOND])
def test_entries_of_a_csa_header_are_those_that_were_written(tmp_path, form):
    found = csa_numbers(csa(entries(), form), NAMES, tmp_path / "file")
    assert found[NAMES[0]] == (SLICES,) and found[NAMES[2]] == TIMES_MS
    assert csa_numbers(csa(entries(), form), ("EchoLinePosition",), tmp_path / "file") == {"EchoLinePosition": (3.0,)}


def test_every_cut_and_every_changed_count_of_a_csa_header_is_told_or_harmless(tmp_path):
    whole = csa(entries(), SECOND)
    expected = csa_numbers(whole, NAMES, tmp_path / "file")
    rng = np.random.default_rng(0)
    # What is asked for is not complete before three quarters of it.
    for length in range(0, len(whole) * 3 // 4, 37):
        with pytest.raises(InputError, match="CSA header"):
            csa_numbers(whole[:length], NAMES, tmp_path / "file")
    for place in rng.integers(0, len(whole) - 4, 300):
        changed = bytearray(whole)
        changed[place : place + 4] = rng.integers(0, 256, 4, dtype=np.uint8).tobytes()
        try:
            found = csa_numbers(bytes(changed), NAMES, tmp_path / "file")
        except InputError as error:
            assert error.code == "E-FILE-CORRUPT"
        else:
            assert set(found) <= set(expected)


def test_times_that_count_from_another_slice_are_counted_from_the_earliest(tmp_path):
    moved = [t - 500.0 for t in TIMES_MS]
    series = st.read_series(write_mosaics(tmp_path / "run", with_csa(times=moved)))
    np.testing.assert_allclose(series.acquisition.slice_times, np.array(TIMES_MS) / 1000, atol=1e-9)


def test_the_first_volume_may_have_other_times_of_slices_but_not_a_later_one(tmp_path):
    for odd, kept in ((0, True), (2, False)):

        def edit(dataset, t, odd=odd):
            add_csa(dataset, csa(entries(times=[0.0] * SLICES if t == odd else TIMES_MS), SECOND))

        series = st.read_series(write_mosaics(tmp_path / str(odd), edit))
        assert (series.acquisition.slice_times is not None) == kept
        assert ("W-DICOM-MOSAIC" in codes(series)) == (not kept)


@pytest.mark.parametrize("times", [TIMES_MS[:-1], (*TIMES_MS, 100.0), [3 * t for t in TIMES_MS]])
def test_times_of_slices_that_cannot_be_are_left_out_and_told(tmp_path, times):
    series = st.read_series(write_mosaics(tmp_path / "run", with_csa(times=times)))
    assert series.acquisition.slice_times is None
    assert [f.code for f in series.findings].count("W-DICOM-MOSAIC") == 1


def test_volumes_without_a_clock_are_a_repetition_time_apart(tmp_path):
    def edit(dataset, t):
        with_csa()(dataset, t)
        del dataset.AcquisitionTime
        dataset.AcquisitionNumber = (1, 2, 4)[t]

    np.testing.assert_allclose(st.read_series(write_mosaics(tmp_path / "run", edit)).times, [0.0, 2.0, 6.0])


def test_thickness_stands_in_for_the_distance_of_slices_and_is_told(tmp_path):
    def edit(dataset, t):
        with_csa()(dataset, t)
        del dataset.SpacingBetweenSlices

    series = st.read_series(write_mosaics(tmp_path / "run", edit))
    assert np.linalg.norm(series.geometry.affine[:3, 2]) == pytest.approx(3.0)
    assert "W-DICOM-MOSAIC" in codes(series)
    kept = st.read_series(write_mosaics(tmp_path / "kept", with_csa()))
    assert np.linalg.norm(kept.geometry.affine[:3, 2]) == pytest.approx(STEP)


def refused(folder, edit, error=InputError, code="E-DICOM-MOSAIC", match=""):
    with pytest.raises(error, match=match) as told:
        st.read_series(write_mosaics(folder, edit, volumes=2))
    assert told.value.code == code


def test_mosaics_that_cannot_be_cut_are_refused(tmp_path):
    def without_count(dataset, t):
        add_private(dataset, count=None)

    def uneven(dataset, t):
        with_csa()(dataset, t)
        dataset.Rows = 17

    def two_counts(dataset, t):
        add_private(dataset, count=SLICES + 1, times=None)
        with_csa()(dataset, t)

    def nowhere(dataset, t):
        with_csa()(dataset, t)
        del dataset.SpacingBetweenSlices, dataset.SliceThickness

    refused(tmp_path / "1", without_count, match="how many slices")
    refused(tmp_path / "2", uneven, match="cannot be cut into 3×3 tiles")
    refused(tmp_path / "3", two_counts, match="two numbers of slices")
    refused(tmp_path / "4", nowhere, match="how far apart")
    refused(tmp_path / "5", with_csa(count=100_000), match="cannot be")


def test_damaged_headers_of_mosaics_are_refused(tmp_path):
    def cut_off(dataset, t):
        add_csa(dataset, csa(entries(), SECOND)[:200])

    def tilted(dataset, t):
        tags = entries()
        tags["SliceNormalVector"] = ("FD", ["1.0", "0.0", "0.0"])
        add_csa(dataset, csa(tags, SECOND))

    refused(tmp_path / "1", cut_off, code="E-FILE-CORRUPT", match="CSA header")
    refused(tmp_path / "2", tilted, GeometryError, "E-GEO-AFFINE", "SliceNormalVector")
