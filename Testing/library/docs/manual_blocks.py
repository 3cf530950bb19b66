"""The examples of README and manual, run as they stand in a folder that has what a clone has."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from SpatioTemporalLib import cli

ROOT = Path(__file__).parents[3]
MANUAL = ROOT / "Documentation"
BLOCK = re.compile(r"^```([\w{}:-]*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
# What an example says to make, made smaller, by verb.
SMALLER = {"simulate": ["--extent", "30,30,24", "--frames", "80"]}


def blocks(text: str, *languages: str) -> list[tuple[str, str]]:
    """Language and content of each code block of a page, of these languages or of all."""
    return [block for block in BLOCK.findall(text) if not languages or block[0] in languages]


def the_file(page: str) -> str:
    """The one file that a page on extending shows."""
    ((_, content),) = blocks((MANUAL / "extending" / page).read_text(encoding="utf-8"), "python")
    return content


def commands(block: str) -> list[list[str]]:
    """The words of each command of an example, as a shell would hand them over."""
    return [shlex.split(line, comments=True) for line in block.replace("\\\n", "").splitlines() if line.strip()]


def run_python(block: str, page: str) -> dict[str, object]:
    """Run an example of Python; gives the names it made."""
    names: dict[str, object] = {}
    exec(compile(block, page, "exec"), names)
    return names


def run_shell(block: str, capsys, more: list[str] | None = None) -> None:
    """Run the commands of an example in this process, each of which has to succeed; more : options for the last."""
    told = commands(block)
    for number, (program, *words) in enumerate(told):
        assert program == "spatiotemporal", f"{program} is not run here"
        extra = more if more and number == len(told) - 1 else []
        assert cli.main([*words, *SMALLER.get(words[0], []), *extra]) == 0, (words, capsys.readouterr().err)
