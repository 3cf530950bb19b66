"""Every code block of the written pages runs, page by page, in the order in which a reader meets them."""

import re

import pytest
from library.docs.manual_blocks import MANUAL, ROOT, blocks, commands, run_python, run_shell
from library.public_collections.crlm_phantom import write_collection, write_table_as
from library.small.inputs import two_visits

import SpatioTemporalLib as st
from SpatioTemporalLib import cli
from SpatioTemporalLib.validation.domains import DOMAINS
from SpatioTemporalLib.validation.relaxation import check_relaxation

MADE = {MANUAL / "analyses", MANUAL / "networks"}
ALONE = {MANUAL / "messages.md", MANUAL / "formats" / "images.md"}
PAGES = [p for p in sorted(MANUAL.rglob("*.md")) if not MADE & set(p.parents) and p not in ALONE]
TEXT = {str(p.relative_to(MANUAL)): p.read_text(encoding="utf-8") for p in PAGES}
# Declared examples are put where declarations belong by test_adding; cohorts take a smaller network.
ELSEWHERE = {
    *("extending/analysis.md", "extending/format.md", "extending/input.md", "extending/network.md"),
    "networks.md",
}
WITH_CODE = sorted(name for name in TEXT if blocks(TEXT[name], "python", "sh") and name not in ELSEWHERE)


@pytest.mark.parametrize("page", WITH_CODE)
def test_blocks_of_a_page_run(page, clone, capsys, monkeypatch):
    # The whole check has tests of its own.
    monkeypatch.setitem(DOMAINS, "kinetics", (check_relaxation,))
    if page == "prognosis.md":
        write_collection(clone / "CRLM")
        write_table_as(clone / "CRLM" / "clinical.csv")
    for language, content in blocks(TEXT[page], "python", "sh"):
        if language == "sh":
            run_shell(content, capsys)
        elif "getModuleLogic" not in content:
            run_python(content, page)


def test_console_examples_stand_where_the_panel_tests_look_for_them():
    assert [name for name, text in TEXT.items() if "getModuleLogic" in "".join(b for _, b in blocks(text))] == [
        "batch.md",
        "panel.md",
    ]


def test_no_block_is_in_a_language_that_nobody_runs():
    languages = {language for text in TEXT.values() for language, _ in blocks(text)}
    assert {language for language in languages if not language.startswith("{")} == {"python", "sh", "toml", "json"}


def test_visits_in_prose_are_read_and_asked_for_their_unit(clone):
    for n, visit in enumerate(two_visits().visits):
        st.write_map(clone / f"ct{n}.nii.gz", visit.images["image"])
        (clone / f"ct{n}.json").unlink()
    (expression,) = re.findall(r"`(st.read_follow_up\(.*?\))`", TEXT["shell.md"])
    assert eval(expression, {"st": st}).unit == "HU"
    with pytest.raises(st.InputError, match="unit"):
        st.run("follow_up.registration", visits=eval(expression.replace(', unit="HU"', ""), {"st": st}))


def test_cohort_examples_run_on_a_small_cohort(clone):
    """Simulate, train, check, evaluate and ask, with fewer patients and a smaller network."""
    example, _ = [content for _, content in blocks(TEXT["networks.md"], "sh")]
    smaller = {
        "simulate": ["--count", "16", "--extent", "30,30,24"],
        "train": ["--epochs", "1", "--size", "8,16,16", "--set", "stages=[[8],[8]]", "--set", "width=8"],
        "evaluate": ["--split", "all", "--cohort", "others"],
    }
    for _, *command in commands(example.replace("nodule005", "nodule05")):
        if command[0] == "evaluate":
            # One test patient of ten is too few to evaluate on.
            assert cli.main(["simulate", "nodules", "--seed", "1", "--out", "others", *smaller["simulate"]]) == 0
        assert cli.main([*command, *smaller.get(command[0], [])]) == 0, command
    assert (clone / "nodule05" / "report.html").exists()
    assert (clone / "evaluation" / "measures.csv").exists()


def test_examples_of_change_run_on_a_few_pairs(clone):
    """The same for pairs of visits."""
    _, example = [content for _, content in blocks(TEXT["networks.md"], "sh")]
    smaller = {
        "simulate": ["--count", "10"],
        "train": [
            "--epochs",
            "1",
            "--batch-size",
            "2",
            "--size",
            "8,16,16",
            "--set",
            "widths=[4,8]",
            "--set",
            "depth=1",
        ],
        "evaluate": ["--split", "all", "--cohort", "other_pairs"],
    }
    for _, *command in commands(example.replace("pair005", "pair05")):
        if command[0] == "evaluate":
            given = ["--seed", "1", "--count", "3", "--out", "other_pairs"]
            assert cli.main(["simulate", "lesion-pairs", *given]) == 0
        assert cli.main([*command, *smaller.get(command[0], [])]) == 0, command
    assert (clone / "changes" / "lesions.csv").exists() and (clone / "change_evaluation" / "predictions.csv").exists()


def test_pipeline_in_prose_is_one_that_fits_its_table(clone, capsys):
    (pipeline,) = [content for _, content in blocks(TEXT["batch.md"], "json")]
    (command,) = re.findall(r"`spatiotemporal (batch \w+\.json .*?)`", TEXT["batch.md"])
    _, file, *words = command.split()
    (clone / file).write_text(pipeline)
    names = ("stack", "series", "aif")
    for name in names:
        (clone / name).touch()
    (clone / "cases.csv").write_text("\n".join(2 * [",".join(names)]) + "\n")
    assert cli.main(["batch", file, *words, "--preview"]) == 0, capsys.readouterr().err


def test_table_of_analyses_names_all_of_them():
    table = TEXT["analyses.md"].split("| for | analyses", 1)[1].split("\n\n", 1)[0]
    named = re.findall(r"\[`([\w.]+)`\]\(analyses/([\w/]+)\.md\)", table.split("\n", 1)[1])
    ids = [name if "." in name else f"kinetics.{name}" for name, _ in named]
    assert [page.replace("/", ".") for _, page in named] == ids
    # The panel's tests bring an analysis of another package.
    assert set(ids) == {id for id in st.analyses() if not id.startswith("dummy.")}


def test_pictures_and_pages_named_exist():
    named = [(p, target) for p in PAGES for target in re.findall(r"\]\(([^)#:]+)\)", p.read_text(encoding="utf-8"))]
    made = re.compile(r"(\.\./)*(analyses/|networks/|messages\.md|(formats/)?images\.md)")
    missing = [f"{p.name}: {t}" for p, t in named if not made.match(t) and not (p.parent / t).is_file()]
    assert named and not missing


def test_files_that_the_prose_names_exist():
    """Files of the project by their paths from a clone, or from the library or the module for those who add to it."""
    roots = [ROOT, ROOT / "SpatioTemporalLib", ROOT / "SpatioTemporal"]
    named = {path for text in TEXT.values() for path in re.findall(r"`([\w./]+\.(?:py|csv|md))`", text)}
    # What is on somebody's own disk.
    of_users = {"participants.csv", "timepoints.csv", "kinetics_peers.csv", "follow_up_effects.csv", "docs/README.md"}
    of_users |= {
        "structures.csv",
        "afterwards.csv",
        "left_out.csv",
        "results.csv",
        "cases_out.csv",
        "failures.csv",
        "out/cox/coefficients.csv",
        "out/assessment/measures.csv",
    }
    missing = [path for path in named - of_users if not any((root / path).exists() for root in roots)]
    assert len(named) > 10 and not missing
