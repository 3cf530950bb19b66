import json
from dataclasses import dataclass
from typing import Annotated

import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.command_line.verbs.describe import description
from SpatioTemporalLib.declare import (
    Advanced,
    Choices,
    FileOrFolder,
    Help,
    Input,
    NamedValues,
    Output,
    Range,
    Unit,
    analysis,
    parameters_of,
)


@dataclass(frozen=True)
class Example:
    window: Annotated[float, Unit("s"), Range(5, 300), Help("Length of the window.")] = 60.0
    frames: Annotated[int, Range(1, 50), Help("Frames averaged.")] = 3
    method: Annotated[str, Choices("fast", "exact"), Help("How.")] = "fast"
    smooth: Annotated[bool, Help("Whether to smooth."), Advanced()] = False
    angles: Annotated[tuple[float, ...], Unit("deg"), Range(0, 90), Help("Angles.")] = (2.0, 5.0)
    arrival: Annotated[float | None, Unit("s"), Help("Found when empty.")] = None
    weights: Annotated[str, FileOrFolder(endings=(".zip",)), Help("Where they lie.")] = "demo"
    known: Annotated[tuple[str, ...], NamedValues(source="weights"), Help("What is known.")] = ()


@dataclass(frozen=True)
class Unnamed:
    known: Annotated[tuple[str, ...], NamedValues(source="weights"), Help("What is known.")] = ()


PARAMETERS = {p.name: p for p in parameters_of(Example)}


@pytest.mark.parametrize(
    "name, given, expected",
    [
        ("window", "45", 45.0),
        ("window", 5, 5.0),
        ("frames", "7", 7),
        ("frames", 7.0, 7),
        ("method", "exact", "exact"),
        ("smooth", "yes", True),
        ("smooth", "0", False),
        ("angles", "2, 5.5,12", (2.0, 5.5, 12.0)),
        ("angles", [1, 2], (1.0, 2.0)),
        ("arrival", None, None),
        ("arrival", "3", 3.0),
        ("weights", "/some/where", "/some/where"),
        ("known", "age=63,sex=F", ("age=63", "sex=F")),
    ],
)
def test_values_come_out_in_the_declared_type(name, given, expected):
    got = PARAMETERS[name].check(given)
    assert got == expected
    assert type(got) is type(expected)


@pytest.mark.parametrize(
    "name, given, words",
    [
        ("window", 1000, "window = 1000 s is outside 5..300 s. Length of the window."),
        ("window", "long", "'long' is not a number"),
        ("window", None, "is missing"),
        ("window", float("nan"), "outside"),
        ("frames", 2.5, "not a whole number"),
        ("method", "slow", "'slow' is none of fast, exact"),
        ("smooth", "maybe", "not true or false"),
        ("angles", "2,100", "outside 0..90 deg"),
        ("method", 3, "not a text"),
    ],
)
def test_wrong_values_are_refused_with_name_value_and_range(name, given, words):
    with pytest.raises(st.ParameterError) as caught:
        PARAMETERS[name].check(given)
    assert name in str(caught.value)
    assert words in str(caught.value)


def test_schema_holds_type_unit_range_choices_and_help():
    schema = json.loads(json.dumps({name: p.schema() for name, p in PARAMETERS.items()}))
    assert schema["window"] == {
        "type": "number",
        "minimum": 5,
        "maximum": 300,
        "default": 60.0,
        "unit": "s",
        "description": "Length of the window.",
        "advanced": False,
    }
    assert schema["method"]["enum"] == ["fast", "exact"]
    assert schema["smooth"]["advanced"] is True
    assert schema["angles"]["type"] == "array"
    assert schema["arrival"]["type"] == ["number", "null"]
    assert (schema["weights"]["type"], schema["weights"]["format"]) == ("string", "path")
    assert schema["known"]["items"] == {"type": "string", "format": "name=value", "named_by": "weights"}


def declare(**changes):
    facts = {
        "id": "test.example",
        "title": "Example",
        "citation": "own definition",
        "inputs": [Input("series", st.Series, help="A series.")],
        "outputs": [Output("mean", st.Map, unit="a.u.", help="A mean.")],
        "parameters": Example,
    }

    @analysis(**{**facts, **changes})
    def example(series, *, parameters, context):
        """Mean over time."""
        return {"mean": series.values.mean(axis=0)}

    return example.declaration


def test_unknown_parameter_names_the_known_ones():
    with pytest.raises(st.ParameterError, match="no parameter 'windows'.*window, frames"):
        declare().checked_parameters({"windows": 3})


@pytest.mark.parametrize(
    "changes, fault",
    [
        ({"citation": ""}, "no citation"),
        ({"parameters": Unnamed}, "known is named by no path"),
        ({"outputs": [Output("mean", st.Map, help="A mean.")]}, "mean has no unit"),
        ({"outputs": [Output("mean", st.Map, unit="1")]}, "mean has no help"),
        ({"inputs": [Input("other", st.Series, help="x")]}, "does not take other"),
        ({"inputs": [Input("series", list, help="x")]}, "series is a <class 'list'>"),
    ],
)
def test_incomplete_declarations_are_refused_when_they_are_made(changes, fault):
    with pytest.raises(TypeError, match=fault):
        declare(**changes)


def test_notes_of_a_docstring_are_declared_and_described(capsys):
    @analysis(
        id="test.noted",
        title="Noted",
        citation="own definition",
        inputs=[Input("series", st.Series, help="Any.")],
        outputs=[Output("mean", st.Map, unit="a.u.", help="Mean.")],
    )
    def noted(series, *, parameters, context):
        r"""The mean.

        Notes
        -----
        .. math:: m = \frac{1}{T} \, \sum_t S_t

        T is the number
        of frames.
        """

    assert noted.declaration.summary == "The mean."
    assert noted.declaration.notes == ".. math:: m = \\frac{1}{T} \\, \\sum_t S_t\n\nT is the number\nof frames."
    assert noted.declaration.schema()["notes"] == noted.declaration.notes
    text = description(noted.declaration)
    assert "\n    m = \\frac{1}{T} \\sum_t S_t\n\nT is the number of frames.\n" in text
