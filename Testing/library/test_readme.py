"""The README's examples do what the README says."""

import re
import shlex
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from small_inputs import two_visits

import SpatioTemporalLib as st
from SpatioTemporalLib import cli, registry
from SpatioTemporalLib.validation.domains import DOMAINS
from SpatioTemporalLib.validation.relaxation import check_relaxation

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A folder that has what a clone has beside the program, in which the examples may write."""
    for folder in ("Resources", "Testing"):
        (tmp_path / folder).symlink_to(ROOT / folder, target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def commands(block):
    """The words of each command of an example, as a shell would hand them over."""
    return [shlex.split(line, comments=True) for line in block.replace("\\\n", "").splitlines()]


def test_every_example_of_the_command_line_is_run_here():
    told = [words for block in blocks("sh") for words in commands(block)]
    assert {words[0] for words in told} == {"make", "spatiotemporal"}
    run_here = [marker for marker in ("kinetics.extended_tofts --series", "--visits-days", "spatiotemporal train")]
    examples = [block for block in blocks("sh") if "spatiotemporal" in block]
    assert len(examples) == len(run_here)
    for block, marker in zip(examples, run_here):
        assert marker in block


def test_python_example_runs(clone):
    example = next(block for block in blocks("python") if "read_series" in block)
    names = {}
    exec(compile(example, "README.md", "exec"), names)
    assert names["result"].ktrans.unit == "1/min"
    assert (clone / "ktrans.nii.gz").exists()


def test_command_line_examples_run(clone, monkeypatch, capsys):
    # The whole check has tests of its own.
    monkeypatch.setitem(DOMAINS, "kinetics", (check_relaxation,))
    example = next(block for block in blocks("sh") if "kinetics.extended_tofts --series" in block)
    for _, *command in commands(example):
        assert cli.main(command) == 0, (command, capsys.readouterr().err)
    assert (clone / "out" / "tofts" / "scene.mrb").exists()


def test_follow_up_examples_run(clone, capsys):
    """Visits as files and as a participant of a cohort."""
    example = next(block for block in blocks("sh") if "--visits-days" in block)
    for _, *command in commands(example):
        small = ["--extent", "30,30,24"] if command[0] == "simulate" else []
        assert cli.main([*command, *small]) == 0, (command, capsys.readouterr().err)
    assert (clone / "out/registered/registered_2.nii.gz").exists()
    assert (clone / "out/registered-nodule1/registered_2.nii.gz").exists()
    for n, visit in enumerate(two_visits().visits):
        st.write_map(clone / f"ct{n}.nii.gz", visit.images["image"])
        (clone / f"ct{n}.json").unlink()
    (expression,) = re.findall(r"`(st.read_follow_up\(.*?\))`", README)
    assert eval(expression, {"st": st}).unit == "HU"
    with pytest.raises(st.InputError, match="unit"):
        st.run("follow_up.registration", visits=eval(expression.replace(', unit="HU"', ""), {"st": st}))


def test_cohort_examples_run_on_a_small_cohort(clone):
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
    assert (clone / "nodule05" / "report.html").exists()
    assert (clone / "evaluation" / "measures.csv").exists()


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
    for path in re.findall(r"\]\((Resources/[^)]+)\)", README) + ["Resources/SampleData/README.md", "LICENSE"]:
        assert (ROOT / path).is_file(), path
