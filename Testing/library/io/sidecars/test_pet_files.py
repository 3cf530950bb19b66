"""PET from BIDS and DICOM: when frames begin, how long they last, when the tracer was injected, what decay was."""

from __future__ import annotations

import json

import numpy as np
import pytest
from library.io.dicom.dicom_phantom import clock, write_classic
from pydicom.dataset import Dataset

import SpatioTemporalLib as st
from SpatioTemporalLib import InputError, read_series, write_series

LENGTHS = np.array([10.0] * 4 + [30.0] * 3 + [60.0, 120.0])
STARTS = np.concatenate([[0.0], np.cumsum(LENGTHS)[:-1]])


def bids(folder, **entries):
    geometry, count = st.Geometry.from_spacing((2, 3, 3)), len(STARTS)
    values = 100.0 + np.arange(count)[:, None, None, None] * np.arange(1, 19).reshape(2, 3, 3)
    series = st.Series(values.astype(np.float32), np.arange(count, dtype=float), geometry)
    path = write_series(folder / "a_pet.nii.gz", series)
    entries = {"Modality": "PT", "Units": "Bq/mL", **entries}
    plain = {key: np.asarray(value).tolist() for key, value in entries.items()}
    (folder / "a_pet.json").write_text(json.dumps(plain))
    return path


def dicom(folder, starts=STARTS, lengths=LENGTHS, injected=0.0, decay="START", edit=None):
    def as_pet(dataset, t, k):
        dataset.Modality, dataset.Units, dataset.DecayCorrection = "PT", "BQML", decay
        dataset.SeriesDate, dataset.SeriesTime = "20240229", clock(0)
        dataset.ActualFrameDuration = str(int(1000 * lengths[t]))
        dataset.FrameReferenceTime = str(1000 * (starts[t] + lengths[t] / 2))
        tracer = Dataset()
        tracer.RadionuclideHalfLife = "6586.2"
        if injected is not None:
            tracer.RadiopharmaceuticalStartTime = clock((36000 + injected) % 86400 - 36000)
        dataset.RadiopharmaceuticalInformationSequence = [tracer]
        return edit(dataset, t, k) if edit else None

    return write_classic(folder, as_pet, times=tuple(starts))


def codes(series):
    return {finding.code for finding in series.findings}


def test_durations_come_with_the_times_and_ordinary_frames_give_no_alarm(tmp_path):
    series = read_series(bids(tmp_path, FrameTimesStart=STARTS, FrameDuration=LENGTHS))
    assert (series.times.tolist(), series.durations.tolist()) == (STARTS.tolist(), LENGTHS.tolist())
    assert not {"W-TIME-GAP", "W-TIME-DISAGREE"} & codes(series)


def test_durations_alone_give_starts_one_after_another_from_the_start_of_the_scan(tmp_path):
    series = read_series(bids(tmp_path, FrameDuration=LENGTHS, ScanStart=2400))
    assert series.times.tolist() == (2400 + STARTS).tolist()
    assert "FrameDuration" in series.time_source


def test_durations_are_sorted_with_their_frames(tmp_path):
    order = np.random.default_rng(0).permutation(len(STARTS))
    series = read_series(bids(tmp_path, FrameTimesStart=STARTS[order], FrameDuration=LENGTHS[order]))
    assert series.durations.tolist() == LENGTHS.tolist()


@pytest.mark.parametrize(
    ("durations", "words"),
    [
        (LENGTHS[:-1], "8 frame durations for 9 frames"),
        (np.append(LENGTHS[:-1], 0), "frame 8 lasts 0 s"),
        (["ten"] * 9, "numbers were expected"),
    ],
)
def test_durations_that_cannot_be_are_refused(durations, words, tmp_path):
    with pytest.raises(InputError, match=words):
        read_series(bids(tmp_path, FrameTimesStart=STARTS, FrameDuration=durations))


def test_times_before_time_zero_are_legal(tmp_path):
    series = read_series(bids(tmp_path, FrameTimesStart=STARTS - 60, FrameDuration=LENGTHS))
    assert series.times[0] == -60


@pytest.mark.parametrize("injection", [90.0, -2400.0])
def test_bids_times_count_from_the_injection(injection, tmp_path):
    path = bids(
        tmp_path,
        FrameTimesStart=STARTS,
        FrameDuration=LENGTHS,
        InjectionStart=injection,
        ImageDecayCorrected=True,
        ImageDecayCorrectionTime=0,
        TracerRadionuclide="C11",
    )
    series = read_series(path)
    assert series.times.tolist() == (STARTS - injection).tolist()
    assert "R-TIME-INJECTION" in codes(series)
    facts = series.acquisition
    assert (facts.half_life, facts.decay_corrected, facts.decay_corrected_to) == (1221.8, True, -injection)


@pytest.mark.parametrize("name", ["b.nii.gz", "b.seq.nrrd"])
def test_what_was_read_is_written_and_read_again(name, tmp_path):
    (tmp_path / "a").mkdir()
    series = read_series(dicom(tmp_path / "a", injected=-600.0))
    again = read_series(write_series(tmp_path / name, series))
    np.testing.assert_allclose(again.times, STARTS + 600, atol=1e-9)
    assert again.durations.tolist() == LENGTHS.tolist()
    assert again.acquisition == series.acquisition


def test_dicom_pet_gives_durations_and_no_false_alarm(tmp_path):
    series = read_series(dicom(tmp_path))
    assert (series.times.tolist(), series.durations.tolist()) == (STARTS.tolist(), LENGTHS.tolist())
    assert not {"W-TIME-GAP", "W-TIME-DISAGREE", "W-TIME-INJECTION"} & codes(series)
    assert series.acquisition.decay_corrected_to == 0


def without_times(dataset, t, k):
    del dataset.AcquisitionTime, dataset.AcquisitionDate


def test_reference_time_is_the_middle_of_a_frame(tmp_path):
    series = read_series(dicom(tmp_path, edit=without_times))
    np.testing.assert_allclose(series.times, STARTS, atol=1e-6)
    assert "less half" in series.time_source


def test_reference_time_without_durations_is_no_start(tmp_path):
    def no_duration(dataset, t, k):
        without_times(dataset, t, k)
        del dataset.ActualFrameDuration

    folder = dicom(tmp_path, edit=no_duration)
    with pytest.raises(InputError, match="middle of a frame") as caught:
        read_series(folder)
    assert caught.value.code == "E-TIME-MISSING"
    # It tells the order, so that times can be given.
    assert read_series(folder, times=STARTS).times.tolist() == STARTS.tolist()


@pytest.mark.parametrize("injected", [-2400.0, 30.0, -36000.0 - 1200.0])
@pytest.mark.parametrize("edit", [None, without_times], ids=["AcquisitionTime", "FrameReferenceTime"])
def test_dicom_times_count_from_the_injection_also_on_the_evening_before(injected, edit, tmp_path):
    series = read_series(dicom(tmp_path, injected=injected, edit=edit))
    np.testing.assert_allclose(series.times, STARTS - injected, atol=1e-3)
    assert series.acquisition.decay_corrected_to == pytest.approx(-injected)
    assert "I-TIME-INJECTION" in codes(series)


@pytest.mark.parametrize(
    ("zone", "stated"), [("", "20240229092000"), ("", "20240229092000+0100"), ("+0200", "20240229082000+0100")]
)
def test_date_and_time_of_the_injection_heed_the_zone_where_both_are_known(zone, stated, tmp_path):
    def dated(dataset, t, k):
        if zone:
            dataset.TimezoneOffsetFromUTC = zone
        dataset.RadiopharmaceuticalInformationSequence[0].RadiopharmaceuticalStartDateTime = stated

    series = read_series(dicom(tmp_path, injected=None, edit=dated))
    np.testing.assert_allclose(series.times, STARTS + 2400)


def test_an_unknown_injection_is_told(tmp_path):
    series = read_series(dicom(tmp_path, injected=None))
    assert series.times[0] == 0
    assert "W-TIME-INJECTION" in codes(series)


@pytest.mark.parametrize(
    ("word", "corrected", "to"), [("NONE", False, None), ("START", True, 2400.0), ("ADMIN", True, 0.0)]
)
def test_decay_correction_is_read(word, corrected, to, tmp_path):
    facts = read_series(dicom(tmp_path, injected=-2400.0, decay=word)).acquisition
    assert (facts.half_life, facts.decay_corrected, facts.decay_corrected_to) == (6586.2, corrected, to)


def test_a_rescaling_for_each_frame_is_nothing_odd_in_pet(tmp_path):
    def rescaled(dataset, t, k):
        dataset.RescaleSlope, dataset.RescaleIntercept = str(1 + t), "0"

    assert "W-RESCALE" not in codes(read_series(dicom(tmp_path, edit=rescaled)))


def test_an_injection_during_the_scan_is_told_in_plain_words(tmp_path):
    told = [f.message for f in read_series(dicom(tmp_path, injected=30.0)).findings if f.code == "I-TIME-INJECTION"]
    assert "30 s after the beginning of the first frame" in told[0]
