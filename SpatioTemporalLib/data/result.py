"""What a run gives back: declared outputs and how they came about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field

from ..errors import Finding
from .curve import Curve, Table
from .report import Report
from .series import Series
from .volumes import Code, LabelMap, LabelSeries, Map

OutputValue = Map | LabelMap | Series | LabelSeries | Table | Report | tuple[Curve, ...]


@dataclass(frozen=True)
class Display:
    """How an output is best shown.

    window : (low, high) in the output's unit; None takes the 2nd and 98th percentile.
    colours : name of a perceptually uniform colour map ("viridis", "inferno",
    "magma", "plasma", "cividis", "gray"), or "coolwarm" for values of either
    sign: its middle means zero.
    quantity : coded concept of what is measured, for DICOM and MRML.
    symbol : as printed in the field, e.g. "Ktrans".
    """

    window: tuple[float, float] | None = None
    colours: str = "viridis"
    quantity: Code | None = None
    symbol: str = ""


@dataclass(frozen=True)
class Provenance:
    """How a result was made, complete enough to make it again.

    Attributes
    ----------
    analysis, title, citation : str
    parameters : dict         every parameter, defaults included
    inputs : dict             input name to its name, SHA-256, size and time source
    software : dict           package name to version
    device : str              what it was computed on
    seconds : float           wall-clock time taken
    created : str             ISO 8601, UTC
    seed : int                of the random generator
    """

    analysis: str
    title: str
    citation: str
    parameters: dict[str, object]
    inputs: dict[str, dict[str, object]]
    software: dict[str, str]
    device: str
    seconds: float
    created: str
    seed: int

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True, eq=False)
class Result(Mapping):
    """Outputs of one run by name, with provenance and findings.

    ``result["ktrans"]`` and ``result.ktrans`` are the same `Map`.
    """

    outputs: dict[str, OutputValue]
    displays: dict[str, Display]
    helps: dict[str, str]
    provenance: Provenance
    findings: tuple[Finding, ...] = field(default=())

    def __getitem__(self, name: str) -> OutputValue:
        return self.outputs[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.outputs)

    def __len__(self) -> int:
        return len(self.outputs)

    def __getattr__(self, name: str) -> OutputValue:
        outputs = self.__dict__.get("outputs", {})
        if name in outputs:
            return outputs[name]
        raise AttributeError(f"{name} is not among the outputs: {', '.join(outputs)}")

    def of_kind(self, kind: type) -> dict[str, OutputValue]:
        """The outputs of one kind by name; `Curve` gives those that are tuples of curves."""
        if kind is Curve:
            return {n: v for n, v in self.outputs.items() if isinstance(v, tuple)}
        return {n: v for n, v in self.outputs.items() if isinstance(v, kind)}

    def __str__(self) -> str:
        lines = [f"{self.provenance.title} ({self.provenance.seconds:.2f} s on {self.provenance.device})"]
        for name, value in self.outputs.items():
            text = "\n    ".join(str(curve) for curve in value) if isinstance(value, tuple) else str(value)
            lines.append(f"  {name}: {text}")
        return "\n".join(lines + [f"  {finding}" for finding in self.findings])
