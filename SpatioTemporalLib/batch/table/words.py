"""Parameters as words of the command."""

from __future__ import annotations

from collections.abc import Mapping

from ...command_line.options.kinds import flag
from ...declare import Analysis


def parameter_words(analysis: Analysis, values: Mapping[str, object]) -> list[str]:
    """The words that set what differs from its default, as ``["--relaxivity", "4.5"]``."""
    defaults = {parameter.name: parameter.default for parameter in analysis.parameters}
    changed = {name: value for name, value in values.items() if value is not None and value != defaults.get(name)}
    return [word for name, value in changed.items() for word in (flag(name), as_word(value))]


def as_word(value: object) -> str:
    """A value of a parameter as it is written behind its option."""
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
