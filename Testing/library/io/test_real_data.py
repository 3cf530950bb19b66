"""Published files: PkModeling's reference objects and DICOM test objects."""

from __future__ import annotations

from pathlib import Path

import nrrd
import numpy as np
import pydicom.data
import pytest

from SpatioTemporalLib import InputError, read_curve, read_labels, read_map, read_series, write_series

DATA = Path(__file__).parents[2] / "data"
INPUT = DATA / "pkmodeling" / "Input"


@pytest.mark.parametrize(
    ("name", "count", "step", "tr"),
    [
        ("DRO3min3secinf", 60, 3.0, 0.005),
        ("DRO3min5secinf", 36, 5.0, 0.005),
        ("QINProstate001-phantom", 60, 4.2707, 0.003776),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate header field")
def test_multi_volumes_of_pkmodeling(name, count, step, tr, monkeypatch):
    # These headers hold both the field "space" and a key of that name; pynrrd takes them for the same.
    monkeypatch.setattr(nrrd.reader, "ALLOW_DUPLICATE_FIELD", True)
    series = read_series(INPUT / f"{name}.nrrd")
    values, header = nrrd.read(str(INPUT / f"{name}.nrrd"))
    np.testing.assert_array_equal(series.values, np.moveaxis(values, 0, 3).T)
    assert series.frame_count == count
    np.testing.assert_allclose(np.median(series.intervals), step, atol=1e-3)
    assert series.time_source == "MultiVolume.FrameLabels: TriggerTime (ms)"
    assert (series.acquisition.repetition_time, series.acquisition.flip_angle) == (tr, 15.0)
    np.testing.assert_allclose(series.geometry.affine[:3, 3], header["space origin"])


def test_masks_and_maps_lie_on_the_grid_of_their_series():
    series = read_series(INPUT / "DRO3min5secinf.nrrd")
    artery, region = read_labels(INPUT / "DRO-AIF.nrrd"), read_labels(INPUT / "DRO-ROI.nrrd")
    t1 = read_map(INPUT / "DRO-T1Map.nrrd", unit="ms")
    for other in (artery, region, t1):
        assert other.geometry == series.geometry
    assert np.argwhere(artery.foreground).tolist() == [[0, 0, 0]]
    assert np.count_nonzero(region.foreground) == 12 * 15
    assert set(np.unique(t1.values[region.foreground])) == {1434}
    prostate = read_series(INPUT / "QINProstate001-phantom.nrrd")
    assert read_labels(INPUT / "QINProstate001-phantom-ROI.nrrd").geometry == prostate.geometry


def test_real_series_round_trip(tmp_path):
    series = read_series(INPUT / "QINProstate001-phantom.nrrd")
    for name in ("a.nii.gz", "a.seq.nrrd"):
        again = read_series(write_series(tmp_path / name, series))
        np.testing.assert_array_equal(again.values, series.values)
        assert again.times.tolist() == series.times.tolist()
        np.testing.assert_array_equal(again.geometry.affine, series.geometry.affine)
        assert again.acquisition == series.acquisition
        assert again.time_source == series.time_source


@pytest.mark.parametrize("name", ["DRO3min5secinf_PrescribedAIF.csv", "DRO3min5secinf_PrescribedAIF-sparse.csv"])
def test_curve_without_units_is_refused_with_the_headings_to_write(name):
    with pytest.raises(InputError, match=r"time \[s\],Cp \[mmol/L\]") as caught:
        read_curve(INPUT / name)
    assert name in str(caught.value)


def test_curve_reads_once_it_has_headings(tmp_path):
    numbers = (INPUT / "DRO3min5secinf_PrescribedAIF.csv").read_text()
    (tmp_path / "aif.csv").write_text("time [s],Cp [mmol/L]\n" + numbers)
    curve = read_curve(tmp_path / "aif.csv")
    assert (len(curve.times), curve.unit, curve.times[-1]) == (36, "mmol/L", 175)


def test_slices_of_an_enhanced_image_are_not_taken_for_times():
    with pytest.raises(InputError, match=r"emri_small.dcm.*\(5200,9230\)") as caught:
        read_series(DATA / "pydicom" / "emri_small.dcm")
    assert caught.value.code == "E-DICOM-TAG"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("rtdose.dcm", "dose distribution"),
        ("liver_1frame.dcm", "segmentation"),
        ("waveform_ecg.dcm", "no DICOM image"),
        ("CT_small.dcm", "no place was imaged more than once"),
        ("reportsi.dcm", "no DICOM image"),
    ],
)
def test_other_dicom_objects_are_refused_by_what_they_are(name, words):
    path = pydicom.data.get_testdata_file(name, download=False)
    with pytest.raises(InputError, match=words):
        read_series(path)
