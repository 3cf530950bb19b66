"""Which analyses suit a series, and how they are found."""

import json

import numpy as np
import pytest
from library.command_line.commands import run
from library.small.inputs import small_phantom

import SpatioTemporalLib as st
from SpatioTemporalLib.analysis_search import search
from SpatioTemporalLib.data.examination import EXAMINATIONS, possible_examinations, seems_functional
from SpatioTemporalLib.data.series import Acquisition
from SpatioTemporalLib.suitability import SeriesFacts, Suits, series_facts, suitability


def functional_series(frames=120, interval=2.0):
    rng = np.random.default_rng(0)
    values = (1000 + 15 * rng.normal(size=(frames, 4, 8, 8))).astype(np.float32)
    return st.Series(values, interval * np.arange(frames), st.Geometry.from_spacing((4, 8, 8)), name="run")


def made_for(facts):
    return {a.id for a in st.analyses().values() if suitability(a, facts).suits is Suits.MADE_FOR_IT}


@pytest.mark.parametrize(
    ("acquisition", "unit", "expected"),
    [
        (Acquisition(modality="PT"), "a.u.", {"pet"}),
        (Acquisition(), "kBq/mL", {"pet"}),
        (Acquisition(modality="US"), "a.u.", {"ceus", "cine"}),
        (Acquisition(modality="CT"), "HU", {"ct_perfusion", "ct_4d"}),
        (Acquisition(modality="MR", agent="gadobutrol"), "a.u.", {"dce"}),
        (Acquisition(modality="MR", agent="gadobutrol", echo_time=0.03), "a.u.", {"dsc"}),
        (Acquisition(modality="MR", echo_time=0.03), "a.u.", {"dsc", "bold"}),
        (Acquisition(modality="MR", repetition_time=0.005), "a.u.", {"dce", "cine"}),
        (Acquisition(modality="MR", examination="bold"), "mmol/L", {"bold"}),
        (Acquisition(), "a.u.", set()),
    ],
)
def test_what_a_series_can_be_follows_from_its_facts(acquisition, unit, expected):
    found = possible_examinations(acquisition, unit)
    assert set(found) == expected and set(found) <= set(EXAMINATIONS)


def test_even_frames_that_do_not_enhance_seem_functional():
    series = functional_series()
    facts = series_facts(series)
    assert facts.examinations == ("bold",) and facts.guessed
    assert {"preprocessing.motion", "bold.activation"} <= made_for(facts)
    assert not seems_functional(series.times, series.values.mean(axis=(1, 2, 3)) * np.linspace(1, 1.2, 120))
    assert not seems_functional(series.times[:20], np.ones(20))
    assert not seems_functional(np.cumsum(np.linspace(1, 3, 120)), np.ones(120))


def test_contrast_series_are_offered_kinetics_and_tracers_pet():
    kinetics = made_for(series_facts(small_phantom().series))
    assert "kinetics.extended_tofts" in kinetics and "kinetics.one_tissue" not in kinetics
    pet = made_for(SeriesFacts(30, 60.0, "kBq/mL", ("pet",)))
    assert {"kinetics.one_tissue", "kinetics.logan_plot"} <= pet and "kinetics.tofts" not in pet


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (SeriesFacts(2, 5.0, "a.u.", ("dce",)), "needs 3 frames, the series has 2"),
        (SeriesFacts(60, 0.02, "a.u.", ("dce",)), "needs frames 0.1 to 900 s apart, these are 0.02 s"),
        (SeriesFacts(60, 5.0, "a.u.", ("bold",)), "made for contrast-enhanced MR .* is BOLD fMRI"),
        (SeriesFacts(200, 2.0, "a.u.", ("bold",), guessed=True), "the series seems to be BOLD fMRI"),
    ],
)
def test_reasons_are_in_words(facts, reason):
    found = suitability(st.get("kinetics.tofts"), facts)
    assert found.suits is Suits.NOT
    with pytest.raises(ValueError, match=reason):
        raise ValueError(found.reason)


def test_what_nothing_is_known_of_may_be_anything():
    assert suitability(st.get("kinetics.tofts"), SeriesFacts(60, 5.0, "a.u.")).suits is Suits.POSSIBLE
    assert "takes no series" in suitability(st.get("follow_up.growth"), SeriesFacts(60, 5.0, "a.u.")).reason


@pytest.mark.parametrize(
    ("words", "id"),
    [
        ("perfusion", "kinetics.perfusion_by_deconvolution"),
        ("blood flow", "kinetics.perfusion_by_deconvolution"),
        ("washout", "kinetics.enhancement"),
        ("permeability", "kinetics.extended_tofts"),
        ("tumor growth", "follow_up.growth"),
        ("AIF", "kinetics.arterial_input_function"),
        ("water exchange", "kinetics.shutter_speed"),
        ("microbubble", "kinetics.replenishment"),
    ],
)
def test_analyses_are_found_by_the_words_people_use(words, id):
    assert id in [analysis.id for analysis in search(words)]


def test_search_puts_titles_first_and_finds_all_for_nothing():
    assert search("tofts")[0].title.lower().find("tofts") >= 0
    assert {a.id for a in search("")} == set(st.analyses()) and search("zebra crossing") == []


def test_examination_survives_files(tmp_path):
    series = functional_series(frames=5)
    known = st.Series(series.values, series.times, series.geometry, acquisition=Acquisition(examination="bold"))
    for name in ("run.seq.nrrd", "run.nii.gz"):
        assert st.read_series(st.write_series(tmp_path / name, known)).acquisition.examination == "bold"


def test_bids_names_say_what_it_is(tmp_path):
    series = functional_series(frames=5)
    path = st.write_series(tmp_path / "sub-01_task-rest_bold.nii.gz", series)
    assert st.read_series(path).acquisition.examination == "bold"


def test_list_for_a_file_puts_first_what_suits(capsys, tmp_path):
    path = st.write_series(tmp_path / "func.nii.gz", functional_series())
    code, out, _ = run(capsys, "list", "--for", path)
    offered = out.partition("made for it")[2]
    assert code == 0 and "seems to be BOLD fMRI" in out and 0 < offered.find("bold.activation") < 100
    dce = st.write_series(tmp_path / "dce.nii.gz", small_phantom().series)
    out = run(capsys, "list", "--for", dce, "--search", "ktrans")[1]
    lines = [line.strip() for line in out.splitlines()]
    assert lines.index("made for it") < next(n for n, line in enumerate(lines) if line.startswith("kinetics.tofts "))
    listed = json.loads(run(capsys, "list", "--for", dce, "--json")[1])
    assert listed[0]["suits"] == "made_for_it" and listed[-1]["suits"] == "not" and listed[-1]["reason"]


def test_words_that_no_analysis_has_are_told(capsys):
    code, _, err = run(capsys, "list", "--search", "zebra crossing")
    assert code == 2 and "zebra crossing" in err
