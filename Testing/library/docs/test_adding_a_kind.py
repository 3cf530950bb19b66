"""The kind of input that the manual adds by one file: from files, through the worker, in the provenance, on a page."""

import json

import numpy as np
import pytest
from library.kinds.new_kind import new_kind, package_source
from library.other_packages import installed

import SpatioTemporalLib as st
from Documentation.generate.analysis_page import analysis_page
from SpatioTemporalLib import cli
from SpatioTemporalLib.io.output.results import write_result
from SpatioTemporalLib.workers.worker_client import Worker
from SpatioTemporalLib.workers.worker_values import read_value, write_value

ID = "dummy.total_dose"
TABLE = st.Table({"time": [0.0, 60.0], "dose": [0.05, 0.1]}, {"time": "s", "dose": "mmol/kg"}, "doses")


@pytest.fixture
def injections(tmp_path):
    (tmp_path / "kinds").mkdir()
    with new_kind(tmp_path / "kinds") as kind:
        yield kind


def run(capsys, *words):
    code = cli.main(["run", ID, *(str(word) for word in words)])
    return code, capsys.readouterr()


def test_new_kind_is_taken_from_a_file(injections, tmp_path, capsys):
    st.write_table(tmp_path / "doses.csv", TABLE)
    code, printed = run(capsys, "--injections", tmp_path / "doses.csv", "--out", tmp_path / "out")
    assert code == 0, printed.err
    assert st.read_table(tmp_path / "out" / "total.csv").columns["dose"] == pytest.approx([0.15])
    told = json.loads((tmp_path / "out" / "result.json").read_text())["provenance"]["inputs"]["injections"]
    assert told["kind"] == "Injections" and told["name"] == "doses" and len(told["sha256"]) == 64


def test_new_kind_is_taken_from_an_earlier_result(injections, tmp_path, capsys):
    result = st.run(ID, injections=TABLE)
    write_result(st.Result({"total": TABLE}, result.displays, result.helps, result.provenance), tmp_path / "earlier")
    code, printed = run(capsys, "--injections", tmp_path / "earlier", "--out", tmp_path / "out")
    assert code == 0, printed.err
    assert "injections: " in printed.out and "total.csv" in printed.out


@pytest.mark.parametrize(
    "columns, words",
    [({"time": [0, 1]}, "columns time and dose were expected, found time"), ({"time": [1, 0], "dose": [1, 1]}, "rise")],
)
def test_what_cannot_be_of_the_kind_is_refused_in_words(injections, tmp_path, capsys, columns, words):
    st.write_table(tmp_path / "doses.csv", st.Table(columns))
    code, printed = run(capsys, "--injections", tmp_path / "doses.csv", "--out", tmp_path / "out")
    assert code == 2 and words in printed.err and "doses" in printed.err
    with pytest.raises(st.InputError, match=words):
        st.run(ID, injections=st.Table(columns))
    with pytest.raises(st.InputError, match="must be a Injections, found Point"):
        st.run(ID, injections=st.Point((0, 0, 0)))


def test_unit_of_a_kind_without_one_is_refused(injections, tmp_path, capsys):
    st.write_table(tmp_path / "doses.csv", TABLE)
    given = ["--injections", tmp_path / "doses.csv", "--unit", "injections=s", "--out", tmp_path / "out"]
    code, printed = run(capsys, *given)
    assert code == 2 and "injections, which has no unit" in printed.err


def test_new_kind_goes_through_the_worker_and_is_the_same_there(injections, tmp_path):
    here = st.run(ID, injections=TABLE)
    (tmp_path / "package").mkdir()
    folder = installed(tmp_path / "package", "injections_package", package_source(), groups=("kinds", "analyses"))
    worker = Worker(paths=[folder])
    value = injections(np.array([0.0, 60.0]), np.array([0.05, 0.1]), "doses")
    try:
        last = worker.wait(worker.submit(ID, {"injections": value}, {}), timeout=60)[-1]
    finally:
        worker.close()
    assert last.result is not None, last.text
    assert last.result.total.columns == here.total.columns
    assert last.result.provenance.inputs == here.provenance.inputs


def test_new_kind_is_the_same_after_it_was_handed_over(injections, tmp_path):
    finding = st.Finding("W-ODD", st.Severity.WARN, "odd", "here")
    value = injections(np.array([0.0, 60.0]), np.array([0.05, 0.1], np.float32), "doses", (finding,))
    described = json.loads(json.dumps(write_value(value, tmp_path, "input")))
    found = read_value(described, tmp_path)
    assert type(found) is injections and found.findings == (finding,) and found.name == "doses"
    assert found.doses.dtype == np.float32 and found.doses.tolist() == value.doses.tolist()


def test_identity_follows_every_number_and_not_the_name(injections):
    def hashed(doses, name="doses"):
        value = injections(np.array([0.0, 60.0]), np.array(doses), name)
        return st.run(ID, injections=value).provenance.inputs["injections"]["sha256"]

    assert hashed([0.05, 0.1]) == hashed([0.05, 0.1], "others") != hashed([0.05, 0.11])


def test_new_kind_stands_on_the_page_and_in_the_description(injections, capsys):
    assert "| `injections` | injections |  | All of them. |" in analysis_page(st.get(ID))
    assert cli.main(["describe", ID]) == 0
    assert "injections (Injections, required)" in capsys.readouterr().out
