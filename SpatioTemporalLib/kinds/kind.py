"""What a kind of input or output says of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, is_dataclass, replace
from typing import Any, Literal

from ..errors import ParameterError
from .identity import fields_identity


@dataclass(frozen=True)
class Option:
    """An option of the command line that goes with inputs of a kind.

    name : after the input's own for options of each input, as "days" of ``--visits-days``.
    of : "each" input; "all" inputs of the kind together, as ``--times``; "named" for one option of all, in which a name
    and an equals sign before the value say which input is meant, as ``--settings stack=2,5,12``.
    type : what a value is; bool for an option without one.
    may_begin_with_dash : as a list of files in which a dash stands for none.
    """

    name: str
    help: str
    metavar: str | None = None
    of: Literal["each", "all", "named"] = "each"
    type: type = str
    may_begin_with_dash: bool = False


@dataclass(frozen=True)
class Given:
    """What somebody gave for an input at the command line.

    input : declaration of the input, with name, unit, setting
    words : what stands after its option, mostly files
    flag : its option, for messages
    unit : given for it, or None
    options : those of its kind by name, None where one was not given
    """

    input: Any
    words: list[str]
    flag: str
    unit: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def in_unit(self, value: Any) -> Any:
        """The value in the unit that was given, if one was."""
        if not self.unit:
            return value
        if not hasattr(value, "unit"):
            name = self.input.name
            raise ParameterError("E-PARAMETER", f"--unit names {name}, which has no unit", fix="Leave it out.")
        return replace(value, unit=self.unit)


@dataclass(frozen=True)
class Files:
    """How a kind is given in files, or in the words of an option.

    read : the value of what was `Given`
    how : the same in Python, for messages, e.g. "read_map"
    several : whether several files make one value
    metavar, more : for the help of the option: what stands after it, and a sentence
    may_begin_with_dash : as coordinates do
    """

    read: Callable[[Given], Any]
    how: str
    several: bool = False
    metavar: str = "FILE"
    more: str = ""
    options: tuple[Option, ...] = ()
    may_begin_with_dash: bool = False


@dataclass(frozen=True)
class Nodes:
    """MRML's classes of nodes that can hold a kind, by name; attribute : name and value that such nodes have."""

    classes: tuple[str, ...]
    attribute: tuple[str, str] | None = None


@dataclass(frozen=True)
class Made:
    """From which other kind one is made, and how: files and nodes of that kind then serve for this one too."""

    of: type
    by: Callable[[Any], Any]


@dataclass(frozen=True)
class Kind:
    """A kind of input or output, declared in a file of `kinds.declared` and found by being there.

    It is handed to the worker and back by its fields: arrays, numbers, texts, findings, geometries, other dataclasses,
    and tuples and dicts of these, as their annotations say.

    Attributes
    ----------
    data : type
        A frozen dataclass that refuses in its constructor what cannot be.
    called : str
        In a sentence of the manual, e.g. "label map".
    files, nodes : optional
        Where it is read from; those of the kind it is `made` of unless it has its own.
    made : Made, optional
    identity : callable
        ``identity(value, look)`` gives what makes it the same thing, for the provenance; calls `look` now and then.
    is_input, is_output : bool
        What it can be of an analysis.
    """

    data: type
    called: str
    files: Files | None = None
    nodes: Nodes | None = None
    made: Made | None = None
    identity: Callable[[Any, Callable[[], None]], dict[str, Any]] = fields_identity
    is_input: bool = True
    is_output: bool = False

    def __post_init__(self):
        if not is_dataclass(self.data):
            raise TypeError(f"{self.data} is no dataclass, which a kind has to be")
        if self.is_input and self.files is None and self.made is None:
            raise TypeError(f"{self.name} says neither how it is read from files nor of which kind it is made")

    @property
    def name(self) -> str:
        return self.data.__name__
