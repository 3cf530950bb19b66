"""The parameters of an analysis: what a field declares, and how values are checked against it."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable
from dataclasses import MISSING, asdict, dataclass, fields
from enum import Enum
from types import UnionType

from .errors import ParameterError


@dataclass(frozen=True)
class Unit:
    """Unit of a parameter, shown as a suffix."""

    symbol: str


@dataclass(frozen=True)
class Range:
    """Smallest and largest value allowed, both included."""

    low: float
    high: float


@dataclass(frozen=True)
class Help:
    """One or two sentences for the tooltip and the manual."""

    text: str


class Choices(tuple):
    """The values a text parameter may take: ``Choices("parker", "measured")``."""

    def __new__(cls, *values: str):
        return super().__new__(cls, values)


@dataclass(frozen=True)
class Advanced:
    """Marks a parameter that most users leave alone."""


class FrameRole(Enum):
    """Marks a parameter that is about the frames of the series, so that what is left out is left out everywhere."""

    SKIPPED_FIRST = "how many first frames are left out"
    COUNTED_FROM_FIRST = "a number of frames counted from the first of the series"
    WEIGHTS = "a weight for each frame; 0 leaves it out"


@dataclass(frozen=True)
class NamedValue:
    """One of the values that a thing on the disk asks for: a number, or one of `levels` where there are any.

    usual : what it mostly is, in words.
    """

    name: str
    unit: str = ""
    levels: tuple[str, ...] = ()
    usual: str = ""


@dataclass(frozen=True)
class Described:
    """What a path leads to, for who chooses it.

    text : one line. warning : what must not be overlooked, or "". values : what is to be known beside it.
    """

    text: str
    warning: str = ""
    values: tuple[NamedValue, ...] = ()


@dataclass(frozen=True)
class FileOrFolder:
    """Marks a text that is the path of a folder, or of a file with one of these endings.

    words : texts that stand for something and are no path.
    describe : callable(text) -> `Described`, quick, needing no optional
    package; raises `InputError` when nothing of the kind is there.
    """

    endings: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    describe: Callable[[str], Described] | None = None


@dataclass(frozen=True)
class NamedValues:
    """Marks texts ``name=value``; the `FileOrFolder` parameter ``source`` describes which names there are."""

    source: str


@dataclass(frozen=True)
class Parameter:
    """One field of a parameters dataclass, as the outside sees it."""

    name: str
    type: type
    default: object
    unit: str = ""
    range: tuple[float, float] | None = None
    choices: tuple[str, ...] = ()
    help: str = ""
    advanced: bool = False
    nullable: bool = False
    repeated: bool = False
    path: FileOrFolder | None = None
    named_by: str = ""
    frame_role: FrameRole | None = None

    def check(self, value: object) -> object:
        """The value in the declared type, or a `ParameterError` that says what is wrong."""
        if value is None:
            if self.nullable:
                return None
            raise self._error("is missing")
        if not self.repeated:
            return self._check_one(value)
        items = [item.strip() for item in value.split(",")] if isinstance(value, str) else value
        try:
            return tuple(self._check_one(item) for item in items)
        except TypeError as error:
            raise self._error(f"= {value!r} is not a list of {self.type.__name__}") from error

    def _check_one(self, value: object) -> object:
        value = self._converted(value)
        if self.choices and value not in self.choices:
            raise self._error(f"= {value!r} is none of {', '.join(self.choices)}")
        if self.range and not self.range[0] <= value <= self.range[1]:
            low, high = self.range
            unit = f" {self.unit}" if self.unit else ""
            raise self._error(f"= {value:g}{unit} is outside {low:g}..{high:g}{unit}")
        return value

    def _converted(self, value: object) -> object:
        try:
            if self.type is bool:
                return _as_bool(value)
            if self.type is int and float(value) != int(float(value)):
                raise ValueError
            if self.type is int:
                return int(float(value))
            if self.type is str and not isinstance(value, str):
                raise ValueError
            if self.type is float and isinstance(value, str):
                value = value.strip()
            return self.type(value)
        except (TypeError, ValueError) as error:
            kind = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}[self.type]
            raise self._error(f"= {value!r} is not {kind}") from error

    def _error(self, what: str) -> ParameterError:
        return ParameterError("E-PARAMETER", f"{self.name} {what}. {self.help}", fix=f"Default: {self.default!r}")

    def schema(self) -> dict[str, object]:
        """JSON schema of this parameter, with the extra keys ``unit`` and ``advanced``."""
        names = {int: "integer", float: "number", bool: "boolean", str: "string"}
        one: dict[str, object] = {"type": [names[self.type], "null"] if self.nullable else names[self.type]}
        if self.range:
            one |= {"minimum": self.range[0], "maximum": self.range[1]}
        if self.choices:
            one["enum"] = list(self.choices)
        if self.path:
            one["format"] = "path"
        if self.named_by:
            one |= {"format": "name=value", "named_by": self.named_by}
        schema = {"type": "array", "items": one} if self.repeated else one
        default = list(self.default) if isinstance(self.default, tuple) else self.default
        return schema | {
            "default": default,
            "unit": self.unit,
            "description": self.help,
            "advanced": self.advanced,
        }


@functools.cache
def parameters_of(parameters_type: type) -> tuple[Parameter, ...]:
    """The fields of a parameters dataclass, in the order they are declared."""
    hints = {name: hint for base in reversed(parameters_type.__mro__) for name, hint in _own_hints(base).items()}
    return tuple(_parameter(f, hints[f.name]) for f in fields(parameters_type))


def parameters_as_dict(parameters: object) -> dict[str, object]:
    """All parameters as JSON types."""
    return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(parameters).items()}


@functools.cache
def _own_hints(owner: type) -> dict[str, object]:
    # A class at a time: most analyses share theirs, and evaluating them anew is most of the time of importing all.
    return inspect.get_annotations(owner, eval_str=True)


def _parameter(declared_field, hint) -> Parameter:
    base, *notes = typing.get_args(hint) if typing.get_origin(hint) is typing.Annotated else (hint,)
    options = [a for a in typing.get_args(base) if a is not type(None)]
    nullable = typing.get_origin(base) in (typing.Union, UnionType)
    base = options[0] if nullable else base
    repeated = typing.get_origin(base) is tuple
    base = typing.get_args(base)[0] if repeated else base
    note = {type(n): n for n in notes}
    limits = note.get(Range)
    return Parameter(
        name=declared_field.name,
        type=base,
        default=None if declared_field.default is MISSING else declared_field.default,
        unit=note[Unit].symbol if Unit in note else "",
        range=(limits.low, limits.high) if limits else None,
        choices=tuple(note.get(Choices, ())),
        help=note[Help].text if Help in note else "",
        advanced=Advanced in note or any(n is Advanced for n in notes),
        nullable=nullable,
        repeated=repeated,
        path=note.get(FileOrFolder),
        named_by=note[NamedValues].source if NamedValues in note else "",
        frame_role=note.get(FrameRole),
    )


def _as_bool(value: object) -> bool:
    words = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    if isinstance(value, bool):
        return value
    return _lookup(words, str(value).strip().lower())


def _lookup(words: dict[str, bool], word: str) -> bool:
    if word not in words:
        raise ValueError(word)
    return words[word]
