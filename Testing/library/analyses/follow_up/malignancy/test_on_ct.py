"""Two real examinations of a lung go through loading, registration, regions, network and report."""

from pathlib import Path

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib import cli

DATA = Path(__file__).parents[4] / "data" / "elastix"
VISITS = [DATA / "3DCT_lung_baseline_small.mha", DATA / "3DCT_lung_followup_small.nii.gz"]
IN_THE_LUNG = (70.0, 34.0, -1263.0)


@pytest.fixture(scope="module")
def result():
    visits = st.read_follow_up(VISITS, days=[0, 365], unit="HU")
    return st.run("follow_up.malignancy", visits=visits, point=st.Point(IN_THE_LUNG), samples=4)


def test_the_place_is_found_again_at_the_other_visit(result):
    places = np.array([result.visits.columns[axis] for axis in "RAS"]).T
    np.testing.assert_allclose(places[1], IN_THE_LUNG)
    # elastix had deformed the follow-up to the baseline: the same place has the same coordinates.
    assert np.linalg.norm(places[0] - IN_THE_LUNG) < 2
    assert result.visits.columns["correlation after registration"][0] > 0.95


def test_the_answer_says_that_the_network_never_saw_a_patient(result):
    assert 0 <= result.prediction.columns["probability"][0] <= 1
    assert "SIMULATED" in result.prediction.columns["trained on"][0]
    codes = {finding.code for finding in result.findings}
    assert {"W-SIMULATED", "W-COVARIATE-MISSING", "N-REGISTERED"} <= codes


def test_the_command_line_writes_maps_and_page(tmp_path):
    given = ["--visits", *map(str, VISITS), "--visits-days", "0,365", "--visits-unit", "HU", "--point", "70,34,-1263"]
    options = [
        "--integrated-gradients",
        "false",
        "--samples",
        "4",
        "--covariates",
        "age=63,sex=F",
        "--out",
        str(tmp_path),
    ]
    assert cli.main(["run", "follow_up.malignancy", *given, *options]) == 0
    assert (tmp_path / "report.html").exists() and (tmp_path / "layer_cam_2.nii.gz").exists()
