"""Columns of a table of cases as options of the command that runs an analysis."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from ...command_line.options.dashes import with_dashes_joined
from ...command_line.options.kinds import flag, with_dashes
from ...command_line.verbs.run import options_of
from ...data.follow_up import FollowUp
from ...registry import get
from .pipeline import Step
from .words import as_word

# Where results go is the batch's own matter.
NOT_OF_A_CASE = {"--out", "--overwrite", "--help", "-h", "--scene", "--threads"}
SEVERAL = ";"
YES, NO = {"yes", "true", "1"}, {"no", "false", "0"}
EARLIER = "@"
NOWHERE = "results"
NO_FILE = ("", "-")
NOTHING: Mapping[str, tuple[str, ...]] = MappingProxyType({})


class StepOptions:
    """What one step of a pipeline can be told.

    common : words that hold for all cases, before those of each row.
    """

    def __init__(self, step: Step, earlier: Iterable[str], common: Iterable[str] = ()):
        self.step, self.earlier = step, set(earlier)
        self.analysis = get(step.analysis)
        self._parser = options_of(self.analysis)
        self._options = {option: action for action in self._parser._actions for option in action.option_strings}
        self._dashes = with_dashes(self.analysis)
        constants = [word for name, value in step.parameters.items() for word in (flag(name), as_word(value))]
        self.common, self._common_files = self._absolute([*constants, *common])
        self._sources = {name: step.inputs.get(name, name) for name in (item.name for item in self.analysis.inputs)}
        # Only what the pipeline says is an earlier step: a step may be called as an input is.
        self._from_earlier = {n: s for n, s in step.inputs.items() if s.partition(":")[0] in self.earlier}

    def columns(self, names: Iterable[str]) -> list[str]:
        """Which of these columns it takes."""
        return [name for name in names if self._targets(name)]

    def takes_text(self, column: str) -> bool:
        """Whether a column is for what is no single number."""
        numbers = {flag(p.name) for p in self.analysis.parameters if p.type in (int, float)}
        return any(option not in numbers for option in self._targets(column))

    def words(
        self, row: dict[str, str], folder: Path, gathered: Mapping[str, tuple[str, ...]] = NOTHING
    ) -> tuple[list[str], list[str], list[str]]:
        """The words of the command for a row, the files among them, and what is missing, in words.

        gathered : files that a cell stands for, where it names no path; the cell stays a word.
        """
        words, files, missing = list(self.common), [], []
        for name, source in self._from_earlier.items():
            words += [flag(name), f"{EARLIER}{source}"]
        for column, cell in row.items():
            for option in self._targets(column) if cell else ():
                action = self._options[option]
                if action.nargs == 0:
                    words += [option] if cell.lower() in YES else []
                    if cell.lower() not in YES | NO:
                        missing.append(f"{column} is {cell!r}, yes or no was expected")
                    continue
                values = [part.strip() for part in cell.split(SEVERAL)] if action.nargs else [cell]
                if self._names_files(action):
                    values, own, lost = _resolved(values, folder, self._between(action), gathered)
                    files += own
                    missing += [f"{column}: {path} is not there" for path in lost]
                # Several files are one option's, several values of an option that adds up are options of their own.
                words += [option, *values]
        given = set(words)
        for item in self.analysis.inputs:
            if not item.optional and flag(item.name) not in given:
                missing.append(f"{self._sources[item.name]} is not given, which {self.analysis.id} needs")
        return words, files + self._common_files, missing

    def check(self, words: list[str]) -> None:
        """Refuse words that the command would refuse before it reads a file."""
        given = self.parsed(words, NOWHERE)
        for parameter in self.analysis.parameters:
            value = getattr(given, f"parameter_{parameter.name}")
            if value is not None:
                parameter.check(value)

    def parsed(self, words: list[str], out: str):
        """What the words say."""
        return self._parser.parse_args(with_dashes_joined([*words, "--out", out], self._dashes))

    def _names_files(self, action) -> bool:
        return "FILE" in str(action.metavar) or bool(self._between(action))

    def _between(self, action) -> str:
        """What stands between several files in one word: masks of visits are given so."""
        visits = {f"{item.name}_masks" for item in self.analysis.inputs if item.kind is FollowUp}
        return "," if action.dest in visits else ""

    def _targets(self, column: str) -> list[str]:
        """The options that a column is for: of inputs that take it, else of its own name."""
        inputs = [
            flag(name) for name, source in self._sources.items() if source == column and name not in self._from_earlier
        ]
        own = flag(column)
        if not inputs and own in self._options and own not in NOT_OF_A_CASE and column not in self._sources:
            inputs = [own]
        return inputs

    def _absolute(self, words: list[str]) -> tuple[list[str], list[str]]:
        """Words with the paths among them made absolute, as workers may run elsewhere, and these paths."""
        found, files, action = [], [], None
        for word in words:
            option, equals, value = word.partition("=")
            if word.startswith("--"):
                action = self._options.get(option)
                if equals and action is not None and self._names_files(action):
                    (value,), own, _ = _resolved([value], Path.cwd(), self._between(action))
                    files, word = files + own, f"{option}={value}"
            elif action is not None and self._names_files(action):
                (word,), own, _ = _resolved([word], Path.cwd(), self._between(action))
                files += own
            found.append(word)
        return found, files


def _resolved(
    values: list[str], folder: Path, between: str = "", gathered: Mapping[str, tuple[str, ...]] = NOTHING
) -> tuple[list[str], list[str], list[str]]:
    """Values with relative paths made absolute, the files that are there, and those that are not.

    between : what stands between several paths within one value, where "-" is none of them.
    """
    found, files, lost = [], [], []
    if between:
        parts = [[part.strip() for part in value.split(between)] for value in values]
        for own in parts:
            resolved, there, away = _resolved([part for part in own if part not in NO_FILE], folder, "", gathered)
            files, lost, rest = files + there, lost + away, iter(resolved)
            found.append(between.join(part if part in NO_FILE else next(rest) for part in own))
        return found, files, lost
    for value in values:
        if value in gathered:
            files += gathered[value]
            found.append(value)
            continue
        head, tail = _apart(value, folder)
        path = folder / head
        if is_there(path):
            files.append(str(path))
            found.append(f"{path}{tail}")
        else:
            lost.append(value)
            found.append(value)
    return found, files, lost


def _apart(value: str, folder: Path) -> tuple[str, str]:
    """A path, and what stands behind it as the participant behind a cohort or the output behind a result."""
    if is_there(folder / value):
        return value, ""
    before, colon, after = value.rpartition(":")
    return (before, f"{colon}{after}") if before and is_there(folder / before) else (value, "")


def is_there(path: Path) -> bool:
    """Whether a path leads to something; no for what is too long for a path, or lies where one may not look."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def moved(cell: str, folder: Path, to: Path) -> str | None:
    """A cell of paths that are relative to a folder, as they are from another one; None for one of no paths."""
    parts = [_apart(part.strip(), folder) for part in cell.split(SEVERAL)]
    if not all(head and is_there(folder / head) for head, _ in parts):
        return None
    return SEVERAL.join(f"{os.path.relpath(folder / head, to)}{tail}" for head, tail in parts)
