"""Options of the inputs of an analysis, and the values that their files hold."""

from __future__ import annotations

from ...declare import Analysis, Input
from ...io.reading.earlier_result import file_of_earlier_result, is_earlier_result
from ...kinds.kind import Given
from ...kinds.registry import files_of, read, result_kind
from .kinds import add_option, assignments, flag, options_given


def add_inputs(group, analysis: Analysis) -> None:
    """An option an input, and those that say more of all of them."""
    for item in analysis.inputs:
        _add_input(group, item)
    options = (option for item in analysis.inputs for option in files_of(item.kind).options if option.of != "each")
    for option in dict.fromkeys(options):
        add_option(group, option)
    group.add_argument(
        "--unit", action="append", default=[], metavar="INPUT=UNIT", help="unit of an input whose file does not say it"
    )


def _add_input(group, item: Input) -> None:
    files = files_of(item.kind)
    how = {"nargs": "+"} if files.several else {}
    more = files.more or ("A file, or the folder of an earlier result" if item.results else "")
    text = f"{item.help} {more}".rstrip() + ("" if item.optional else " (required)")
    group.add_argument(flag(item.name), metavar=files.metavar, help=plain(text), **how)
    for option in files.options:
        if option.of == "each":
            add_option(group, option, item)


def read_input(item: Input, given, options) -> object:
    """The value of an input by what was given for it."""
    unit = assignments(options.unit, "--unit").get(item.name)
    words = _of_earlier_result(item, given if isinstance(given, list) else [given])
    return read(item.kind, Given(item, words, flag(item.name), unit, options_given(item, options)))


def _of_earlier_result(item: Input, words: list[str]) -> list[str]:
    """What is named, or the file of an earlier result that is meant by its folder."""
    kind = result_kind(item.kind)
    if not kind or len(words) > 1 or not is_earlier_result(words[0]):
        return words
    file = file_of_earlier_result(words[0], kind, item.results)
    print(f"{item.name}: {file}")
    return [str(file)]


def plain(text: str) -> str:
    """A text that argparse leaves as it is."""
    return text.replace("%", "%%")
