"""Analyses after one another for each case, as a small file of names and parameters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ...declare import Analysis
from ...errors import InputError
from ...io.files.atomic import atomic_path
from ...io.files.boundary import existing_file, reading
from ...io.files.json_text import MOST_TEXT, parsed
from ...registry import get

FIX = 'Write {"steps": [{"name": ..., "analysis": ..., "inputs": {...}, "parameters": {...}}]}.'


@dataclass(frozen=True)
class Step:
    """One analysis of a pipeline.

    name : of its folder within a case's. inputs : an earlier step, as "t1" or "t1:t1" for one output of it, or a column
    of the table of cases; inputs that are not named take the column of their own name. parameters : the same for all.
    """

    name: str
    analysis: str
    inputs: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Pipeline:
    """Steps in the order in which they run."""

    steps: tuple[Step, ...]

    @classmethod
    def of(cls, analysis: str) -> Pipeline:
        """One analysis alone."""
        return cls((Step(get(analysis).id, analysis),))

    @property
    def single(self) -> bool:
        return len(self.steps) == 1

    @property
    def title(self) -> str:
        return ", then ".join(get(step.analysis).title for step in self.steps)


def read_pipeline(path: str | Path) -> Pipeline:
    """The pipeline of a file.

    Raises
    ------
    InputError
        ``E-PIPELINE`` for what is no list of steps, for names that are used twice or not there yet.
    """
    path = existing_file(path)
    with reading(path, "pipeline"):
        text = path.read_bytes()[: MOST_TEXT + 1].decode("utf-8")
    try:
        return pipeline_from(parsed(text), where=path.name)
    except ValueError as error:
        raise InputError("E-PIPELINE", f"is no JSON: {error}", where=path.name, fix=FIX) from error


def pipeline_from(content: object, *, where: str) -> Pipeline:
    """The pipeline that an object of JSON describes; ``E-PIPELINE`` and errors of the registry otherwise."""
    listed = content.get("steps") if isinstance(content, dict) else None
    if not isinstance(listed, list) or not listed:
        raise InputError("E-PIPELINE", "holds no list of steps", where=where, fix=FIX)
    steps: list[Step] = []
    for number, row in enumerate(listed, start=1):
        step = _step(row, number, where)
        _check(step, {earlier.name: get(earlier.analysis) for earlier in steps}, where)
        steps.append(step)
    return Pipeline(tuple(steps))


def write_pipeline(path: str | Path, pipeline: Pipeline) -> Path:
    """Write a pipeline as `read_pipeline` reads it."""
    rows = [
        {"name": s.name, "analysis": s.analysis, "inputs": dict(s.inputs), "parameters": dict(s.parameters)}
        for s in pipeline.steps
    ]
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps({"steps": rows}, indent=2) + "\n", encoding="utf-8")
    return Path(path)


def _step(row: object, number: int, where: str) -> Step:
    texts = isinstance(row, dict) and isinstance(row.get("analysis"), str)
    inputs, parameters = (row.get(key, {}) if texts else None for key in ("inputs", "parameters"))
    if not isinstance(inputs, dict) or not isinstance(parameters, dict):
        raise InputError("E-PIPELINE", f"step {number} names no analysis, inputs or parameters", where=where, fix=FIX)
    analysis = get(row["analysis"])
    unknown = sorted(set(row) - {"name", "analysis", "inputs", "parameters"})
    unknown += sorted(set(inputs) - {item.name for item in analysis.inputs})
    unknown += sorted(set(parameters) - {parameter.name for parameter in analysis.parameters} - {"preset"})
    if unknown:
        text = f"step {number} ({analysis.id}) has {unknown[0]}, which is no part, input or parameter of it"
        raise InputError("E-PIPELINE", text, where=where, fix=f"spatiotemporal describe {analysis.id} lists them.")
    return Step(str(row.get("name", analysis.id)), analysis.id, {k: str(v) for k, v in inputs.items()}, parameters)


def _check(step: Step, before: dict[str, Analysis], where: str) -> None:
    plain = step.name.replace("-", "").replace("_", "").replace(".", "")
    # Beside the folders of steps lies what a case is made from.
    if not plain.isalnum() or step.name.startswith(".") or step.name.lower().endswith(".json") or step.name in before:
        text = f"the step name {step.name!r} is used twice or is no name of a folder"
        raise InputError("E-PIPELINE", text, where=where, fix="Give each step a name of letters and digits.")
    for name, source in step.inputs.items():
        earlier, colon, output = source.partition(":")
        if not colon or earlier not in before:
            continue
        given = before[earlier].outputs
        if not any(output == own.name or (own.several and output.startswith(f"{own.name}_")) for own in given):
            text = f"{name} of the step {step.name} is {source}, but {earlier} gives {', '.join(o.name for o in given)}"
            raise InputError("E-PIPELINE", text, where=where, fix="Name one of these outputs.")
