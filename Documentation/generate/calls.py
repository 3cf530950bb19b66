"""The same call in the panel, in Python and in a shell, from a declaration and an example."""

from __future__ import annotations

import SpatioTemporalLib as st
from SpatioTemporalLib.data.readable_names import readable

from .example_files import reference_to
from .examples.offer import Example

WIDTH = 100
TITLES = {"bold": "BOLD"}
ERRORS = ("_se", "_low", "_high")


def panel_steps(example: Example) -> list[str]:
    """What to do in each step of the panel."""
    analysis = example.analysis
    domain = TITLES.get(analysis.domain, analysis.domain.replace("_", " ").capitalize())
    first = next((i for i in analysis.inputs if i.kind is st.Series), None)
    steps = []
    if first is not None:
        steps.append(f"**Data**: choose the series under *{readable('series')}*.")
    elif any(i.kind is st.FollowUp for i in analysis.inputs):
        steps.append("**Data**: join the examinations under *Several volumes* to visits, with the day of each.")
    else:
        steps.append("**Data**: nothing; load what is named below with Slicer's *Add Data*.")
    chosen = [f"*{domain} / {analysis.title}*"]
    chosen += [f"*{readable(name)}*" for name in example.inputs if first is None or name != first.name]
    text = "**Analyse**: choose " + _listed(chosen) + "."
    if example.parameters:
        settings = [f"*{readable(name)}* to {_shown(value)}" for name, value in example.parameters.items()]
        text += f" Set {_listed(settings)}."
    steps.append(text)
    steps.append("**Run**: press *Run*.")
    shown = [o for o in analysis.outputs if not o.optional and not o.name.endswith(ERRORS)] or analysis.outputs
    steps.append(f"**Results**: {_listed([f'*{_title(o)}*' for o in shown][:4])}.")
    return steps


def python_call(example: Example) -> str:
    """A program that runs as it stands where the files lie."""
    lines = [f'    "{example.analysis.id}",']
    lines += [f"    {name}={reference_to(example, name).python}," for name in example.inputs]
    lines += [f"    {name}={_literal(value)}," for name, value in example.parameters.items()]
    return "\n".join(["import SpatioTemporalLib as st", "", "result = st.run(", *lines, ")", "print(result)"])


def shell_call(example: Example) -> str:
    """The same as a command, wrapped."""
    words = [f"spatiotemporal run {example.analysis.id}"]
    words += [f"{_option(name)} {reference_to(example, name).shell}" for name in example.inputs]
    words += [f"{_option(name)} {_typed(value)}" for name, value in example.parameters.items()]
    words.append(f"--out {example.analysis.id.split('.')[1]}")
    lines, line = [], words[0]
    for word in words[1:]:
        if len(line) + len(word) + 3 > WIDTH:
            lines.append(f"{line} \\")
            line = f"    {word}"
        else:
            line = f"{line} {word}"
    return "\n".join([*example.offer.commands, *lines, line])


def needed_files(example: Example) -> list[str]:
    """The files of the calls that are not in a clone."""
    return [reference_to(example, name).shell for name in example.inputs if name not in example.offer.files]


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _literal(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _typed(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(_typed(v) for v in value)
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return f"'{text}'" if " " in text else text


def _shown(value: object) -> str:
    return {True: "on", False: "off"}.get(value, _typed(value)) if isinstance(value, bool) else _typed(value).strip("'")


def _title(output) -> str:
    return output.display.symbol or readable(output.name)


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
