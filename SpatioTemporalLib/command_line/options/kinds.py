"""Options that go with the inputs of a kind, and what was given by them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...declare import Analysis, Input
from ...errors import ParameterError
from ...kinds.kind import Option
from ...kinds.registry import files_of


def flag(name: str) -> str:
    """The option of an input or a parameter."""
    return f"--{name.replace('_', '-')}"


def add_option(group, option: Option, of: Input | None = None) -> None:
    """Add an option, with an input's name before its own where each input has one."""
    how: dict[str, object] = {"help": option.help}
    if option.type is bool:
        how["action"] = "store_true"
    else:
        how |= {"metavar": option.metavar} if option.metavar else {}
        how |= {"type": option.type} if option.type is not str else {}
    if option.of == "named":
        how["action"] = "append"
    group.add_argument(flag(_place(option, of)), **how)


def options_given(item: Input, options) -> Mapping[str, object]:
    """What the options of an input's kind say of this input, by their names."""
    found = {}
    for option in files_of(item.kind).options:
        value = getattr(options, _place(option, item))
        if option.of == "named":
            value = assignments(value or [], flag(option.name), default=item.name).get(item.name)
        found[option.name] = value
    return found


def options_by_name(analysis: Analysis) -> Iterator[str]:
    """The options in which inputs are named, each once."""
    kinds = dict.fromkeys(item.kind for item in analysis.inputs)
    return (option.name for kind in kinds for option in files_of(kind).options if option.of == "named")


def with_dashes(analysis: Analysis) -> set[str]:
    """The options of inputs whose values may begin with a dash."""
    found = {flag(item.name) for item in analysis.inputs if files_of(item.kind).may_begin_with_dash}
    for item in analysis.inputs:
        options = files_of(item.kind).options
        found |= {flag(_place(option, item)) for option in options if option.may_begin_with_dash}
    return found


def assignments(given: list[str], option: str, default: str = "") -> dict[str, str]:
    """Values by name; a value without a name belongs to the default one."""
    values = {}
    for assignment in given:
        name, equals, value = assignment.partition("=")
        if default and not equals:
            name, equals, value = default, "=", assignment
        if not equals:
            raise ParameterError(
                "E-PARAMETER", f"{option} {assignment} has no value", fix=f"Write {option} name=value."
            )
        values[name.strip().replace("-", "_")] = value.strip()
    return values


def _place(option: Option, of: Input | None) -> str:
    """Where argparse keeps the value of an option."""
    return f"{of.name}_{option.name}" if option.of == "each" and of is not None else option.name
