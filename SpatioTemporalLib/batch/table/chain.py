"""What was run one after another, as a pipeline for other cases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ...declare import Analysis
from ...registry import get
from .pipeline import Pipeline, Step


@dataclass(frozen=True)
class Ran:
    """One run.

    run : tells it from the others. inputs : by name, (run, output) of what an earlier run gave, else ("", what tells it
    from other data).
    """

    run: str
    analysis: str
    parameters: Mapping[str, object]
    inputs: Mapping[str, tuple[str, str]]


def pipeline_of(runs: Iterable[Ran]) -> Pipeline:
    """The pipeline that does again what was run, each run behind those whose outputs it took.

    What came from no run becomes a column of the table of cases, called as the first input that took it; parameters
    that have their defaults are left out.
    """
    runs = list(runs)
    columns, sources = {}, [(name, source) for ran in runs for name, source in ran.inputs.items() if not source[0]]
    for name, source in sources:
        if source not in columns:
            columns[source] = _unlike(name, columns.values())
    taken = {*columns.values(), *(item.name for ran in runs for item in get(ran.analysis).inputs)}
    names, steps = {}, []
    for ran in runs:
        analysis = get(ran.analysis)
        names[ran.run] = _unlike(analysis.id.rpartition(".")[2], {*taken, *names.values()})
        inputs = {}
        for name, source in ran.inputs.items():
            word = f"{names[source[0]]}:{source[1]}" if source[0] else columns[source]
            if word != name:
                inputs[name] = word
        steps.append(Step(names[ran.run], analysis.id, inputs, _changed(analysis, ran.parameters)))
    return Pipeline(tuple(steps))


def columns_of(pipeline: Pipeline) -> tuple[list[str], list[str]]:
    """Columns that a table of cases has to have for a pipeline, and those that it may have."""
    needed, possible, earlier = {}, {}, set()
    for step in pipeline.steps:
        for item in get(step.analysis).inputs:
            source = step.inputs.get(item.name, item.name)
            if item.name not in step.inputs or source.partition(":")[0] not in earlier:
                (possible if item.optional else needed)[source] = None
        earlier.add(step.name)
    return list(needed), [name for name in possible if name not in needed]


def _unlike(name: str, taken: Iterable[str]) -> str:
    taken, number, found = set(taken), 2, name
    while found in taken:
        found, number = f"{name}_{number}", number + 1
    return found


def _changed(analysis: Analysis, values: Mapping[str, object]) -> dict[str, object]:
    defaults = {parameter.name: parameter.default for parameter in analysis.parameters}
    return {n: v for n, v in values.items() if n in defaults and v is not None and v != defaults[n]}
