"""The demo is the main job: everything it promises is there, and its numbers are right."""

import json

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib import cli
from SpatioTemporalLib.command_line.demonstrations import follow_up as demonstration
from SpatioTemporalLib.numerics.statistics.roc import roc_area


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "out"
    assert cli.main(["demo", "--out", str(folder)]) == 0
    return folder


def test_maps_tables_picture_and_scene_are_written(demo):
    maps = ("t1/t1", "concentration/concentration", "extended_tofts/ktrans", "enhancement/iauc60")
    for name in ("demo.png", "scene.mrb", *(f"{m}.nii.gz" for m in maps)):
        assert (demo / name).stat().st_size > 1000
    assert st.read_labels(demo / "enhancing_tissue" / "regions.nii.gz").volume_ml(1) > 1


def test_every_output_has_its_unit_and_provenance(demo):
    for summary in demo.glob("*/result.json"):
        content = json.loads(summary.read_text())
        assert content["provenance"]["inputs"]
        for output in content["outputs"].values():
            assert output["kind"] not in ("Map", "Series") or output["unit"]


def test_lesion_has_plausible_ktrans(demo):
    ktrans = st.read_map(demo / "extended_tofts" / "ktrans.nii.gz")
    assert ktrans.unit == "1/min"
    # Breast cancers are commonly reported between 0.05 and 0.5 1/min.
    assert 0.05 < np.nanmedian(ktrans.values) < 0.5


def test_phantom_estimates_are_close_to_the_truth(demo, worst_error):
    table = st.read_table(demo / "phantom.csv")
    for quantity, truth, median in zip(*(table.columns[name] for name in ("quantity", "truth", "median"))):
        error = abs(median - truth)
        worst_error(f"demo phantom: {quantity}, median against truth", error, 0.01)
        assert error <= 0.01


def test_second_demo_does_not_overwrite_the_first(demo, capsys):
    assert cli.main(["demo", "--out", str(demo)]) == 2
    assert "--overwrite" in capsys.readouterr().err


@pytest.fixture(scope="module")
def follow_up(tmp_path_factory):
    """The demonstration with fewer patients; Testing/experiments has what the network reaches on all of them."""
    folder = tmp_path_factory.mktemp("demo") / "follow_up"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(demonstration, "PATIENTS", 8)
        patched.setattr(demonstration, "EXTENT", (44.0, 44.0, 32.0))
        assert cli.main(["demo", "follow-up", "--out", str(folder)]) == 0
    return folder


def test_probabilities_of_all_patients_are_measured(follow_up):
    predicted = st.read_table(follow_up / "evaluation" / "predictions.csv")
    measures = st.read_table(follow_up / "evaluation" / "measures.csv").columns
    found = dict(zip(measures["measure"], measures["value"]))
    assert predicted.row_count == 8 and set(predicted.columns["label"]) == {0, 1}
    labels, probabilities = (np.array(predicted.columns[name]) for name in ("label", "probability"))
    assert found["AUC"] == pytest.approx(roc_area(labels == 1, probabilities).auc)


def test_the_patient_with_the_highest_probability_is_looked_at_closely(follow_up):
    predicted = st.read_table(follow_up / "evaluation" / "predictions.csv").columns
    patient = st.read_table(follow_up / "patient" / "prediction.csv").columns
    assert patient["probability"][0] == pytest.approx(max(predicted["probability"]), abs=1e-5)
    assert "SIMULATED" in patient["trained on"][0]


def test_measured_growth_is_the_growth_that_was_simulated(follow_up, worst_error):
    predicted = st.read_table(follow_up / "evaluation" / "predictions.csv").columns
    chosen = predicted["participant_id"][int(np.argmax(predicted["probability"]))]
    truth = st.read_table(follow_up / "cohort" / "truth.csv").columns
    first, last = (truth[f"radius_{n}"][truth["participant_id"].index(chosen)] for n in (1, 2))
    volumes = st.read_table(follow_up / "patient" / "growth.csv").columns["volume"]
    error = abs((volumes[1] / volumes[0]) ** (1 / 3) / (last / first) - 1)
    # A voxel of the masks is a seventh of the radius; hundreds of voxels average most of that out.
    worst_error("demo follow-up: growth of the radius against truth", error, 0.05)
    assert error < 0.05


def test_report_picture_and_scene_of_the_follow_up_are_written(follow_up):
    for name in ("patient/report.html", "evaluation/evaluation.png", "scene.mrb"):
        assert (follow_up / name).stat().st_size > 10_000
    assert len(list((follow_up / "patient").glob("*_[12].nii.gz"))) == 4


def test_second_follow_up_demo_does_not_overwrite_the_first(follow_up, capsys):
    assert cli.main(["demo", "follow-up", "--out", str(follow_up)]) == 2
    assert "--overwrite" in capsys.readouterr().err
