"""How a method declares itself: inputs, parameters, outputs, and one function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, is_dataclass

from .data.examination import EXAMINATIONS
from .data.result import Display
from .data.series import Series
from .data.volumes import LabelMap, LabelSeries, Map
from .errors import ParameterError
from .kinds.registry import is_input, is_output
from .parameters import (
    Advanced,
    Choices,
    Described,
    FileOrFolder,
    FrameRole,
    Help,
    NamedValue,
    NamedValues,
    Parameter,
    Range,
    Unit,
    parameters_as_dict,
    parameters_of,
)

__all__ = [
    "Advanced",
    "Analysis",
    "Choices",
    "Described",
    "FileOrFolder",
    "FrameRole",
    "Help",
    "Input",
    "NamedValue",
    "NamedValues",
    "Output",
    "Parameter",
    "Presets",
    "Range",
    "Unit",
    "analysis",
    "parameters_as_dict",
    "parameters_of",
]

Presets = Mapping[str, Mapping[str, object]]
SEVERAL = (Series, Map, LabelMap, LabelSeries)
NOTES = "Notes\n-----\n"  # the heading of numpy's docstrings


@dataclass(frozen=True)
class Input:
    """One thing an analysis takes.

    unit : the unit it needs, or "" for any. help : what it is and what it is for.
    setting : of a stack, the field of `Acquisition` in which its volumes differ.
    min_visits, image : of a follow-up, how many visits it needs, and the name of the image each has.
    intervals : shortest and longest median frame interval of a series that can be, s, or None for any.
    own_grid : whether an image may lie on another grid than the other inputs, or masks of visits than their image.
    may_be_empty : whether a label map without a voxel is a finding of its own, and no oversight.
    range : smallest and largest value of a map that can be, in `unit`.
    made_for : kinds of examination that a series can be, of `EXAMINATIONS`; empty for any.
    results : outputs of other analyses that can stand here, by name, or by the analysis' id, a colon and the name; the
    most likely first.
    """

    name: str
    kind: type
    unit: str = ""
    optional: bool = False
    help: str = ""
    min_frames: int = 1
    setting: str = ""
    min_visits: int = 1
    image: str = "image"
    own_grid: bool = False
    may_be_empty: bool = False
    intervals: tuple[float, float] | None = None
    range: tuple[float, float] | None = None
    made_for: tuple[str, ...] = ()
    results: tuple[str, ...] = ()


@dataclass(frozen=True)
class Output:
    """One thing an analysis gives. ``unit="{series.unit}"`` follows an input's unit.

    An output of kind `Curve` is a tuple of curves that belong in one chart.
    An optional output may be left out or be None when there is nothing to give.
    Values outside the input ``mask`` are removed, unless `anywhere`.
    several : the function gives a dict of suffix to value, each on a grid of its
    own; the outputs are called ``name_suffix``.
    per_visit : the suffixes are the numbers of the visits, 1 the first, and each
    value lies in the coordinates of its visit.
    range : smallest and largest value of a map that can be; what lies outside becomes NaN and is told.
    """

    name: str
    kind: type
    unit: str = ""
    help: str = ""
    display: Display = field(default_factory=Display)
    optional: bool = False
    anywhere: bool = False
    several: bool = False
    per_visit: bool = False
    range: tuple[float, float] | None = None


@dataclass(frozen=True)
class NoParameters:
    """For an analysis that has none."""


@dataclass(frozen=True)
class Analysis:
    """One published method: what it takes, its parameters, what it gives, and its function."""

    id: str
    title: str
    summary: str
    citation: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    parameters_type: type
    function: Callable

    @property
    def domain(self) -> str:
        """First part of the id, e.g. "kinetics"."""
        return self.id.split(".")[0]

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return parameters_of(self.parameters_type)

    @property
    def notes(self) -> str:
        """What the docstring says beyond its summary: formulas and how they are meant; paragraphs, or ""."""
        paragraphs = (inspect.getdoc(self.function) or "").split("\n\n")[1:]
        return "\n\n".join(paragraph.removeprefix(NOTES).strip("\n") for paragraph in paragraphs)

    def input(self, name: str) -> Input:
        return next(i for i in self.inputs if i.name == name)

    @property
    def presets(self) -> Presets:
        """Values of parameters that go together, by the name of what they are usual for."""
        known = {p.name for p in self.parameters}
        all_presets = getattr(self.parameters_type, "presets", {})
        own = {name: {n: v for n, v in values.items() if n in known} for name, values in all_presets.items()}
        return {name: values for name, values in own.items() if values}

    def checked_parameters(self, values: dict[str, object]) -> object:
        """An instance of the parameters dataclass with all values checked; ``preset`` names one of `presets`."""
        known = {p.name: p for p in self.parameters}
        values = self._with_preset(values)
        for name in values:
            if name not in known:
                raise ParameterError(
                    "E-PARAMETER",
                    f"{self.id} has no parameter {name!r}",
                    fix=f"Its parameters are: {', '.join(known) or 'none'}.",
                )
        return self.parameters_type(**{name: known[name].check(value) for name, value in values.items()})

    def _with_preset(self, values: dict[str, object]) -> dict[str, object]:
        if "preset" not in values or not self.presets:
            return values
        values = dict(values)
        name = values.pop("preset")
        if name not in self.presets:
            raise ParameterError(
                "E-PARAMETER",
                f"{self.id} has no preset {name!r}",
                fix=f"Its presets are: {'; '.join(self.presets)}.",
            )
        # What is given beside a preset is meant to differ from it.
        return {**self.presets[name], **values}

    def schema(self) -> dict[str, object]:
        """Everything declared, as JSON types."""
        return {
            "id": self.id,
            "title": self.title,
            "summary": self.summary,
            "notes": self.notes,
            "citation": self.citation,
            "inputs": [{**_plain(i), "kind": i.kind.__name__} for i in self.inputs],
            "parameters": {p.name: p.schema() for p in self.parameters},
            "presets": self.presets,
            "outputs": [{**_plain(o), "kind": o.kind.__name__} for o in self.outputs],
        }


def analysis(*, id, title, citation, inputs, outputs, parameters=NoParameters):
    """Declare the decorated function as an analysis.

    The function is called as ``function(**inputs, parameters=..., context=...)``
    and returns a dict with one entry for each declared output; arrays are
    stamped with geometry and unit by `SpatioTemporalLib.run`. Its docstring's
    first paragraph is the summary shown to users, the section Notes has the
    formulas (blocks ``.. math::``) that `describe` and the manual show.
    """

    def decorate(function):
        declaration = Analysis(
            id=id,
            title=title,
            summary=" ".join((inspect.getdoc(function) or "").split("\n\n")[0].split()),
            citation=citation,
            inputs=tuple(inputs),
            outputs=tuple(outputs),
            parameters_type=parameters,
            function=function,
        )
        _check_declaration(declaration)
        function.declaration = declaration
        return function

    return decorate


def _check_declaration(declaration: Analysis) -> None:
    faults = [f"{p.name} has no help" for p in declaration.parameters if not p.help]
    faults += [f"{p.name} has type {p.type}" for p in declaration.parameters if p.type not in (int, float, bool, str)]
    faults += [f"{o.name} has no unit" for o in declaration.outputs if o.kind in (Map, Series) and not o.unit]
    faults += [f"{x.name} has no help" for x in (*declaration.inputs, *declaration.outputs) if not x.help]
    faults += [f"{i.name} is a {i.kind}" for i in declaration.inputs if not is_input(i.kind)]
    faults += [f"{o.name} is a {o.kind}" for o in declaration.outputs if not is_output(o.kind)]
    faults += [f"there cannot be several {o.name}" for o in declaration.outputs if o.several and o.kind not in SEVERAL]
    faults += [f"{i.name} is made for {e}" for i in declaration.inputs for e in i.made_for if e not in EXAMINATIONS]
    names = {i.name for i in declaration.inputs}
    faults += [f"{p.name} is an input and a parameter" for p in declaration.parameters if p.name in names]
    taken = set(inspect.signature(declaration.function).parameters)
    faults += [f"the function does not take {n}" for n in {i.name for i in declaration.inputs} - taken]
    paths = {p.name for p in declaration.parameters if p.path}
    faults += [
        f"{p.name} is named by no path" for p in declaration.parameters if p.named_by and p.named_by not in paths
    ]
    if not declaration.citation:
        faults.append("no citation")
    if not declaration.summary:
        faults.append("no docstring")
    if not is_dataclass(declaration.parameters_type):
        faults.append("parameters is no dataclass")
    if faults:
        raise TypeError(f"analysis {declaration.id}: {'; '.join(faults)}")


def _plain(declared: Input | Output) -> dict[str, object]:
    return asdict(declared)
