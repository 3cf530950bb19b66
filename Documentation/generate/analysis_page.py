"""The page of an analysis, from its declaration and an example."""

from __future__ import annotations

from SpatioTemporalLib.data import Curve
from SpatioTemporalLib.data.examination import in_words
from SpatioTemporalLib.declare import Analysis, Parameter
from SpatioTemporalLib.kinds.registry import kind_of

from .calls import needed_files, panel_steps, python_call, shell_call
from .examples import example_of
from .examples.offer import Example
from .markdown import fenced, page, plain, table
from .notes import notes_as_markdown


def analysis_page(analysis: Analysis, picture: str = "") -> str:
    """Markdown; picture is the path of one that shows a result, or empty."""
    example = example_of(analysis)
    return page(
        f"# {plain(analysis.title)}",
        f"`{analysis.id}`",
        plain(analysis.summary),
        _figure(picture, example),
        notes_as_markdown(analysis.notes),
        "## Inputs",
        table(("input", "what", "unit", "meaning"), [_input_row(item) for item in analysis.inputs]),
        _parameters("## Parameters", [p for p in analysis.parameters if not p.advanced]),
        _parameters("## Advanced parameters", [p for p in analysis.parameters if p.advanced]),
        "## Outputs",
        table(("output", "what", "unit", "meaning"), [_output_row(item) for item in analysis.outputs]),
        _calls(example) if example else _options(analysis),
        "## Reference",
        plain(analysis.citation),
    )


def _figure(picture: str, example: Example | None) -> str:
    if not picture or example is None:
        return ""
    return f":::{{figure}} {picture}\n:alt: {plain(example.analysis.title)}\n\n{plain(example.offer.story)}\n:::"


def _input_row(item) -> tuple[str, ...]:
    what = kind_of(item.kind).called
    facts = [
        "" if not item.optional else "optional",
        f"at least {item.min_frames} frames" if item.min_frames > 1 else "",
        f"at least {item.min_visits} visits" if item.min_visits > 1 else "",
        f"differing in {item.setting.replace('_', ' ')}" if item.setting else "",
        "on any grid" if item.own_grid else "",
        f"made for {plain(in_words(item.made_for))}" if item.made_for else "",
    ]
    return f"`{item.name}`", ", ".join([what, *filter(None, facts)]), plain(item.unit), plain(item.help)


def _parameters(heading: str, parameters: list[Parameter]) -> str:
    if not parameters:
        return ""
    rows = [(f"`{p.name}`", _default(p), plain(p.unit), _allowed(p), plain(p.help)) for p in parameters]
    return page(heading, table(("parameter", "default", "unit", "allowed", "meaning"), rows)).rstrip()


def _default(parameter: Parameter) -> str:
    value = parameter.default
    if value is None:
        return "automatic"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ", ".join(map(_number, value)) or "none"
    return plain(_number(value)) or "none"


def _allowed(parameter: Parameter) -> str:
    if parameter.range:
        return f"{parameter.range[0]:g} to {parameter.range[1]:g}"
    if parameter.choices:
        return ", ".join(f"`{choice}`" for choice in parameter.choices)
    return {bool: "on, off", str: "text", int: "whole number", float: "number"}[parameter.type]


def _number(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _output_row(item) -> tuple[str, ...]:
    name = f"`{item.name}_…`" if item.several else f"`{item.name}`"
    # An output of curves is several in one chart.
    what = kind_of(item.kind).called + ("s" if item.kind is Curve else "")
    what += ", where there is one" if item.optional else ""
    unit = item.unit.replace("{", "unit of ").replace(".unit}", "") if "{" in item.unit else item.unit
    return name, what, plain(unit), plain(item.help)


def _options(analysis: Analysis) -> str:
    """What there is to type where nothing suits the analysis, to show it on."""
    return page("## In a shell", fenced("sh", f"spatiotemporal describe {analysis.id}")).rstrip()


def _calls(example: Example) -> str:
    missing = needed_files(example)
    told = [f"`{place}`" for place in missing]
    others = f"Put files of your own in the place of {', '.join(told)}." if told else ""
    steps = "\n".join(f"- {step}" for step in panel_steps(example))
    return page(
        "## In the panel",
        steps,
        "## In Python",
        others,
        fenced("python", python_call(example)),
        "## In a shell",
        fenced("sh", shell_call(example)),
    ).rstrip()
