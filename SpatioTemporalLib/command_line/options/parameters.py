"""Options of the command line made from a dataclass of parameters."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ...parameters import parameters_of


def add_parameter_options(group, parameters_type: type) -> None:
    """An option for each parameter, with its unit, range and default in the help."""
    for parameter in parameters_of(parameters_type):
        allowed = f" {parameter.range[0]:g}..{parameter.range[1]:g}" if parameter.range else ""
        choices = f" {', '.join(parameter.choices)}" if parameter.choices else ""
        unit = f" {parameter.unit}" if parameter.unit else ""
        text = f"{parameter.help}{allowed}{choices}{unit}; default {parameter.default}"
        group.add_argument(
            f"--{parameter.name.replace('_', '-')}",
            metavar="VALUE",
            dest=f"parameter_{parameter.name}",
            help=text.replace("%", "%%"),
        )


def given_parameters(arguments, parameters_type: type, usual: Mapping[str, object] = MappingProxyType({})):
    """The dataclass with what was given, checked; `usual` stands for defaults that were not given."""
    values = dict(usual)
    for parameter in parameters_of(parameters_type):
        value = getattr(arguments, f"parameter_{parameter.name}")
        if value is not None:
            values[parameter.name] = parameter.check(value)
    return parameters_type(**values)
