"""The README's examples do what the README says, and what it names is there."""

import re

from library.docs.manual_blocks import ROOT, blocks, commands, run_python, run_shell

README = (ROOT / "README.md").read_text(encoding="utf-8")


def examples(language):
    return [content for _, content in blocks(README, language)]


def test_every_example_is_run_here_or_in_the_panel():
    assert {language for language, _ in blocks(README)} == {"sh", "python"}
    assert [words[0] for block in examples("sh") for words in commands(block)] == ["make"] * 2 + ["spatiotemporal"] * 2
    assert ["getModuleLogic" in block for block in examples("python")] == [True, False]


def test_targets_of_make_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = [target for target in re.findall(r"make (?:PYTHON=\S+ )?([a-z-]+)", README) if target != "docs"]
    assert named
    for target in [*named, "docs"]:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_python_example_runs(clone):
    names = run_python(examples("python")[1], "README.md")
    assert names["result"].ktrans.unit == "1/min"
    assert (clone / "ktrans.nii.gz").exists()


def test_command_line_example_runs(clone, capsys):
    run_shell(examples("sh")[1], capsys)
    assert (clone / "out" / "tofts" / "scene.mrb").exists()


def test_every_picture_and_file_named_exists():
    named = re.findall(r"\]\(((?:Resources|Documentation)/[^)]+)\)", README)
    named += re.findall(r"`(LICENSE|Resources/[^`]+)`", README)
    assert len(named) >= 6
    # The pages that make docs makes are named by the manual only.
    for path in named:
        assert (ROOT / path).is_file(), path


def test_it_fits_a_newcomer():
    assert len(README.splitlines()) < 110
    assert README.count("not for clinical use") == 1
