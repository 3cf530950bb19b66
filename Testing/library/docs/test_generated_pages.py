"""The pages that are made: one for each analysis and network, and what stands on them runs."""

import json
import re
from dataclasses import replace

import pytest
from library.docs.manual_blocks import blocks, run_python, run_shell
from library.other_packages import known

import SpatioTemporalLib as st
from Documentation.generate.analysis_page import analysis_page
from Documentation.generate.example_files import write_inputs
from Documentation.generate.examples import example_of
from Documentation.generate.manual import analysis_file, write_manual
from Documentation.generate.notes import MATH
from Documentation.generate.pictures import picture_of
from SpatioTemporalLib.declare import Input, Output
from SpatioTemporalLib.declare import analysis as analysis_decorator
from SpatioTemporalLib.networks.registry import networks

OURS = [pytest.param(a, id=a.id) for a in st.analyses().values() if a.domain != "dummy"]
VOXELS = 2
# What would take seconds for each voxel or visit.
HURRY = {"follow_up.malignancy": {"integrated_gradients": "False", "samples": "4"}}


@pytest.fixture(scope="module")
def manual(tmp_path_factory):
    folder = tmp_path_factory.mktemp("manual")
    (folder / "networks").mkdir()
    (folder / "networks" / "gone.md").write_text("of a network that is no more")
    write_manual(folder, pictures=False)
    return folder


def test_every_analysis_and_every_network_has_a_page(manual):
    for analysis in st.analyses().values():
        text = (manual / f"{analysis_file(analysis.id)}.md").read_text(encoding="utf-8")
        assert text.startswith("# ") and f"`{analysis.id}`" in text
    assert {p.stem for p in (manual / "networks").iterdir()} == set(networks())
    domains = {a.domain for a in st.analyses().values()}
    assert {p.stem for p in (manual / "analyses").glob("*.md")} == domains


def test_pages_that_did_not_change_are_left_alone(manual):
    pages = sorted(manual.rglob("*.md"))
    before = {p: p.stat().st_mtime_ns for p in pages}
    write_manual(manual, pictures=False)
    assert {p: p.stat().st_mtime_ns for p in sorted(manual.rglob("*.md"))} == before


@pytest.mark.parametrize("analysis", OURS)
def test_page_has_all_that_is_declared(analysis):
    text = analysis_page(analysis)
    for item in (*analysis.inputs, *analysis.parameters):
        assert f"| `{item.name}` |" in text
    for output in analysis.outputs:
        assert f"| `{output.name}` |" in text or f"| `{output.name}_…` |" in text
    advanced = text.partition("## Advanced parameters")[2].partition("## Outputs")[0]
    for parameter in analysis.parameters:
        assert (f"| `{parameter.name}` |" in advanced) == parameter.advanced
    # Every row has as many cells as its heading.
    for table in re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1


def test_every_analysis_says_its_formula():
    assert [a.id for a in st.analyses().values() if a.domain != "dummy" and MATH not in a.notes] == []


@pytest.mark.parametrize("analysis", OURS)
def test_calls_on_the_page_run_and_are_the_same(analysis, clone, capsys, monkeypatch):
    """The numbers are computed by the first call; the second gives the same inputs and parameters, which is checked."""
    monkeypatch.setitem(st.analyses(), analysis.id, replace(analysis, function=computed_once(analysis.function)))
    example, text = example_of(analysis), analysis_page(analysis)
    if example is None:
        assert [content.split()[:2] for _, content in blocks(text, "sh", "python")] == [["spatiotemporal", "describe"]]
        return
    write_inputs(example, clone, most_voxels=VOXELS)
    hurry = HURRY.get(analysis.id, {})
    (shell,) = [content for _, content in blocks(text, "sh")]
    run_shell(shell, capsys, [word for n, v in hurry.items() for word in (f"--{n.replace('_', '-')}", v)])
    (python,) = [content for _, content in blocks(text, "python")]
    more = "".join(f"    {name}={value},\n" for name, value in hurry.items())
    here = run_python(python.replace("\n)\n", f"\n{more})\n"), analysis.id)["result"].provenance
    told = (clone / analysis.id.split(".")[1] / "result.json").read_text(encoding="utf-8")
    there = json.loads(told)["provenance"]
    assert there["analysis"] == here.analysis == analysis.id
    assert there["parameters"] == here.parameters
    hashes = {name: facts["sha256"] for name, facts in here.inputs.items()}
    assert {name: facts["sha256"] for name, facts in there["inputs"].items()} == hashes


def computed_once(function):
    given = []

    def compute(**arguments):
        if not given:
            given.append(function(**arguments))
        return given[0]

    return compute


def test_an_analysis_that_nothing_suits_has_its_page_and_the_way_to_its_options(capsys):
    @analysis_decorator(
        id="weather.rain",
        title="Rain",
        citation="own definition",
        inputs=[Input("series", st.Series, help="Of a radar.", intervals=(0.001, 0.01))],
        outputs=[Output("rain", st.Map, unit="mm", help="Most.")],
    )
    def rain(series, *, parameters, context):
        """The highest value."""

    assert example_of(rain.declaration) is None
    page = analysis_page(rain.declaration)
    assert "| `rain` | map | mm | Most. |" in page
    with known(rain.declaration):
        run_shell(blocks(page, "sh")[0][1], capsys)
    assert "series (Series, required)" in capsys.readouterr().out


def test_networks_are_described_by_the_command_on_their_page(manual, capsys):
    for page in (manual / "networks").iterdir():
        (shell,) = [content for _, content in blocks(page.read_text(encoding="utf-8"), "sh")]
        run_shell(shell, capsys)
        assert page.stem in capsys.readouterr().out


def test_picture_is_kept_until_the_code_changes(tmp_path, monkeypatch):
    analysis = st.get("kinetics.saturation_recovery_t1")
    picture = picture_of(analysis, tmp_path)
    assert picture.read_bytes().startswith(b"\x89PNG")
    picture.write_bytes(b"kept")
    assert picture_of(analysis, tmp_path).read_bytes() == b"kept"
    monkeypatch.setattr("Documentation.generate.pictures.code_key", lambda: "other code")
    assert picture_of(analysis, tmp_path).read_bytes().startswith(b"\x89PNG")


def test_picture_of_tables_alone_shows_the_first(tmp_path):
    assert picture_of(st.get("follow_up.growth"), tmp_path).read_bytes().startswith(b"\x89PNG")
