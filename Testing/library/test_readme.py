"""The README's examples do what the README says."""

import re
import shlex
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from small_inputs import small_phantom, two_visits

import SpatioTemporalLib as st
from SpatioTemporalLib import cli, registry
from SpatioTemporalLib.validation.domains import DOMAINS
from SpatioTemporalLib.validation.relaxation import check_relaxation

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The files the examples name, in the current folder."""
    phantom = small_phantom()
    st.write_series(tmp_path / "dce.seq.nrrd", phantom.series)
    st.write_labels(tmp_path / "lesion.nii.gz", phantom.tissue)
    st.write_labels(tmp_path / "artery.nii.gz", phantom.artery)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_python_example_runs(files):
    example = next(block for block in blocks("python") if "read_series" in block)
    names = {}
    exec(compile(example, "README.md", "exec"), names)
    assert names["result"].ktrans.unit == "1/min"
    assert (files / "ktrans.nii.gz").exists()


def test_command_line_examples_run(files, monkeypatch):
    # The whole check has tests of its own.
    monkeypatch.setitem(DOMAINS, "kinetics", (check_relaxation,))
    example = next(block for block in blocks("sh") if "spatiotemporal run" in block).replace("\\\n", "")
    commands = [shlex.split(line, comments=True)[1:] for line in example.splitlines()]
    assert [command[0] for command in commands] == ["list", "describe", "run", "convert", "check", "doctor"]
    for command in commands:
        if command[0] != "convert":
            assert cli.main(command) == 0, command
    assert (files / "results" / "scene.mrb").exists()


def test_follow_up_examples_run(files):
    """Visits as files and as a participant of a cohort."""
    (files / "study").mkdir()
    for n, visit in enumerate(two_visits().visits):
        st.write_map(files / f"ct{n}.nii.gz", visit.images["image"])
        st.write_map(files / f"study/ct{n}.nii.gz", visit.images["image"])
        st.write_labels(files / f"lesion{n}.nii.gz", visit.mask)
    (files / "study/participants.csv").write_text("participant_id\n007\n")
    (files / "study/timepoints.csv").write_text(
        "participant_id,days,image:ct [HU]\n007,0,ct0.nii.gz\n007,90,ct1.nii.gz\n"
    )
    example = next(block for block in blocks("sh") if "--visits" in block)
    for line in example.splitlines():
        assert cli.main(shlex.split(line)[1:]) == 0, line
    assert (files / "registered-007" / "registered_2.nii.gz").exists()
    (expression,) = re.findall(r"`(st.run\(.*read_follow_up.*\))`", README)
    assert eval(expression, {"st": st}).quality.columns["day"] == [365]


def test_cohort_examples_run_on_a_small_cohort(files):
    """Simulate, train, check, evaluate and ask, as the README says, with fewer patients and a smaller network."""
    example = next(block for block in blocks("sh") if "spatiotemporal train" in block)
    smaller = {
        "simulate": ["--count", "16", "--extent", "30,30,24"],
        "train": ["--epochs", "1", "--size", "8,16,16", "--set", "stages=[[8],[8]]", "--set", "width=8"],
        "evaluate": ["--split", "all", "--cohort", "others"],
    }
    for line in example.replace("nodule005", "nodule05").splitlines():
        command = shlex.split(line, comments=True)[1:]
        if command[0] == "evaluate":
            # One test patient of ten is too few to evaluate on.
            assert cli.main(["simulate", "nodules", "--seed", "1", "--out", "others", *smaller["simulate"]]) == 0
        assert cli.main([*command, *smaller.get(command[0], [])]) == 0, line
    assert (files / "nodule05" / "report.html").exists()
    assert (files / "evaluation" / "measures.csv").exists()


def test_example_analysis_is_found_and_runs(monkeypatch):
    example = next(block for block in blocks("python") if "@analysis" in block)
    module = ModuleType("readme_example")
    monkeypatch.setitem(sys.modules, "readme_example", module)
    exec(compile(example, "README.md", "exec"), module.__dict__)
    point = EntryPoint("example", "readme_example", registry.ENTRY_POINT_GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [point])
    registry.discover.cache_clear()
    values = np.array([1.0, 3.0, 2.0, 2.0, 2.0, 9.0])
    result = st.run("features.temporal_cnr", series=st.Series.from_curves(np.arange(6.0), values))
    registry.discover.cache_clear()
    assert result.cnr.values.item() == pytest.approx((9 - 2) / np.sqrt(0.5), rel=1e-6)


def test_analyses_named_in_the_table_exist():
    table = README.split("| for | analyses", 1)[1].split("\n\n", 1)[0]
    names = re.findall(r"`([\w.]+)`", table.split("\n", 1)[1])
    named = {name if "." in name else f"kinetics.{name}" for name in names}
    # The panel's tests bring an analysis of another package.
    assert named == {id for id in st.analyses() if not id.startswith("dummy.")}


def test_every_picture_and_file_named_exists():
    root = Path(__file__).parents[2]
    for path in re.findall(r"\]\((Resources/[^)]+)\)", README) + ["Resources/SampleData/README.md", "LICENSE"]:
        assert (root / path).is_file(), path
