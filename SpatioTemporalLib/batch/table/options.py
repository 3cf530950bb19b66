"""Columns of a table of cases as options of the command that runs an analysis."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ...command_line.options.dashes import with_dashes_joined
from ...command_line.options.kinds import flag, with_dashes
from ...command_line.verbs.run import options_of
from ...errors import InputError
from ...registry import get
from .pipeline import Step
from .words import as_word

# Where results go is the batch's own matter.
NOT_OF_A_CASE = {"--out", "--overwrite", "--help", "-h", "--scene", "--threads"}
SEVERAL = ";"
YES, NO = {"yes", "true", "1"}, {"no", "false", "0"}
EARLIER = "@"
NOWHERE = "results"


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

    def columns(self, names: Iterable[str]) -> list[str]:
        """Which of these columns it takes."""
        return [name for name in names if self._targets(name)]

    def words(self, row: dict[str, str], folder: Path) -> tuple[list[str], list[str], list[str]]:
        """The words of the command for a row, the files among them, and what is missing, in words."""
        words, files, missing = list(self.common), [], []
        for name, source in self._sources.items():
            if source.partition(":")[0] in self.earlier:
                words += [flag(name), f"{EARLIER}{source}"]
        for column, cell in row.items():
            for option in self._targets(column) if cell else ():
                action = self._options[option]
                if action.nargs == 0:
                    words += [option] if _is_yes(cell, column) else []
                    continue
                values = [part.strip() for part in cell.split(SEVERAL)] if action.nargs else [cell]
                if "FILE" in str(action.metavar):
                    values, own, lost = _resolved(values, folder)
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

    def _targets(self, column: str) -> list[str]:
        """The options that a column is for: of inputs that take it, else of its own name."""
        inputs = [flag(name) for name, source in self._sources.items() if source == column]
        own = flag(column)
        if not inputs and own in self._options and own not in NOT_OF_A_CASE and column not in self._sources:
            inputs = [own]
        return inputs

    def _absolute(self, words: list[str]) -> tuple[list[str], list[str]]:
        """Words with the paths among them made absolute, as workers may run elsewhere, and these paths."""
        found, files, action = [], [], None
        for word in words:
            if word.startswith("--"):
                action = self._options.get(word.split("=")[0])
            elif action is not None and "FILE" in str(action.metavar):
                (word,), own, _ = _resolved([word], Path.cwd())
                files += own
            found.append(word)
        return found, files


def _resolved(values: list[str], folder: Path) -> tuple[list[str], list[str], list[str]]:
    """Values with relative paths made absolute, the files that are there, and those that are not."""
    found, files, lost = [], [], []
    for value in values:
        head, tail = _apart(value, folder)
        path = folder / head
        if path.exists():
            files.append(str(path))
            found.append(f"{path}{tail}")
        else:
            lost.append(value)
            found.append(value)
    return found, files, lost


def _apart(value: str, folder: Path) -> tuple[str, str]:
    """A path, and what stands behind it as the participant behind a cohort or the output behind a result."""
    if (folder / value).exists():
        return value, ""
    before, colon, after = value.rpartition(":")
    return (before, f"{colon}{after}") if before and (folder / before).exists() else (value, "")


def _is_yes(cell: str, column: str) -> bool:
    if cell.lower() not in YES | NO:
        raise InputError(
            "E-BATCH-CASES", f"{column} is {cell!r}, yes or no was expected", fix="Write yes or no, or leave it empty."
        )
    return cell.lower() in YES
