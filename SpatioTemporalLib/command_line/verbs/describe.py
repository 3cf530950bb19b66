"""``spatiotemporal describe``: what an analysis takes, its parameters, and what it gives."""

from __future__ import annotations

import json
import textwrap

from ... import registry
from ...declare import Analysis, Parameter

WIDTH = 110
FORMULA = ".. math::"


def add_to(verbs) -> None:
    parser = verbs.add_parser("describe", help="say what an analysis takes and gives")
    parser.add_argument("name", metavar="NAME", help="id of the analysis, as 'spatiotemporal list' shows it")
    parser.add_argument("--json", action="store_true", help="print the declaration as JSON schema")
    parser.set_defaults(function=describe)


def describe(arguments) -> None:
    analysis = registry.get(arguments.name)
    print(json.dumps(analysis.schema(), indent=2) if arguments.json else description(analysis))


def description(analysis: Analysis) -> str:
    """The declaration as text for a terminal."""
    lines = [f"{analysis.id} — {analysis.title}", "", *_wrapped(analysis.summary, ""), "", *_notes(analysis), "Inputs"]
    for item in analysis.inputs:
        kind = f"{item.kind.__name__}{f' [{item.unit}]' if item.unit else ''}"
        needed = "optional" if item.optional else "required"
        grid = ", on any grid" if item.own_grid else ""
        least = f", {item.min_visits} visits or more" if item.min_visits > 1 else ""
        lines += [f"  {item.name} ({kind}, {needed}{least}{grid})", *_wrapped(item.help, "      ")]
    lines += ["", "Parameters"]
    for parameter in analysis.parameters:
        lines += [f"  {parameter_line(parameter)}", *_wrapped(parameter.help, "      ")]
    if analysis.presets:
        lines += ["", "Presets (preset=NAME, --preset NAME)"]
    for name, values in analysis.presets.items():
        lines.append(f"  {name}: {', '.join(f'{n} = {v}' for n, v in values.items())}")
    lines += ["", "Outputs"]
    for item in analysis.outputs:
        unit = f" [{item.unit}]" if item.unit else ""
        name = f"{item.name}_…" if item.several else item.name
        lines += [f"  {name} ({item.kind.__name__}{unit})", *_wrapped(item.help, "      ")]
    return "\n".join([*lines, "", *_wrapped(f"Reference: {analysis.citation}", "")])


def _notes(analysis: Analysis) -> list[str]:
    """Paragraphs, formulas set in."""
    lines = []
    for paragraph in filter(None, analysis.notes.split("\n\n")):
        if paragraph.startswith(FORMULA):
            formula = paragraph.removeprefix(FORMULA).replace(r"\,", "").replace(r"\quad", "")
            lines += [*_wrapped(" ".join(formula.split()), "    "), ""]
        else:
            lines += [*_wrapped(" ".join(paragraph.replace(":math:`", "`").split()), ""), ""]
    return lines


def parameter_line(parameter: Parameter) -> str:
    """Name, default, unit and range in one line."""
    unit = f" {parameter.unit}" if parameter.unit else ""
    default = "automatic" if parameter.default is None else f"{parameter.default}{unit}"
    allowed = ""
    if parameter.range:
        allowed = f", {parameter.range[0]:g} to {parameter.range[1]:g}{unit}"
    elif parameter.choices:
        allowed = f", one of {', '.join(parameter.choices)}"
    return f"{parameter.name} = {default}{allowed}{' (advanced)' if parameter.advanced else ''}"


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent)
