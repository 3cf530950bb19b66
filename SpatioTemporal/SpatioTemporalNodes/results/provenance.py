"""How each output node was made, kept in its attributes."""

from __future__ import annotations

from dataclasses import dataclass, field

from SpatioTemporalLib.data import Result
from SpatioTemporalLib.errors import Finding, InputError, Severity

from ..scene import attributes

TEXTS = ("analysis", "title", "citation", "device", "created")
JSONS = ("parameters", "inputs", "software", "seconds", "seed")


@dataclass(frozen=True)
class RunSummary:
    """One run found in a scene.

    nodes : output name to the names of its nodes.
    parameters, inputs : as in `Provenance`.
    """

    run: str
    analysis: str
    title: str
    citation: str
    created: str
    parameters: dict[str, object]
    inputs: dict[str, dict[str, object]]
    software: dict[str, str]
    findings: tuple[Finding, ...]
    nodes: dict[str, list[str]] = field(default_factory=dict)

    def __str__(self) -> str:
        settings = ", ".join(f"{name}={value}" for name, value in self.parameters.items())
        lines = [f"{self.title} ({self.analysis}), {self.created}", f"  {settings or 'no parameters'}"]
        lines += [f"  {output}: {', '.join(names)}" for output, names in self.nodes.items()]
        return "\n".join(lines + [f"  {finding}" for finding in self.findings])


def stamp(node, result: Result, run: str, output: str) -> None:
    """Write on a node which output of which run it is and how that was made."""
    made = result.provenance
    attributes.set_fact(node, "Run", run)
    attributes.set_fact(node, "Output", output)
    attributes.set_fact(node, "Help", result.helps.get(output, ""))
    for name in TEXTS:
        attributes.set_fact(node, name.capitalize(), getattr(made, name))
    for name in JSONS:
        attributes.set_fact(node, name.capitalize(), getattr(made, name))
    attributes.set_findings(node, result.findings)


def result_summary(scene) -> list[RunSummary]:
    """The runs whose outputs a scene holds, oldest first."""
    runs: dict[str, RunSummary] = {}
    nodes = scene.GetNodesByClass("vtkMRMLNode")
    nodes.UnRegister(None)
    for index in range(nodes.GetNumberOfItems()):
        node = nodes.GetItemAsObject(index)
        run = attributes.fact(node, "Run")
        if run is None:
            continue
        summary = runs.setdefault(run, _summary_of(node, run))
        summary.nodes.setdefault(attributes.fact(node, "Output", ""), []).append(node.GetName())
    return sorted(runs.values(), key=lambda summary: summary.created)


def made_with(node) -> dict[str, dict]:
    """Parameters, inputs and software of a run.

    Raises
    ------
    InputError
        ``E-SCENE-FACT`` when the scene does not tell them rightly.
    """
    names = ("parameters", "inputs", "software")
    facts = {name: attributes.json_fact(node, name.capitalize(), {}, kind=dict) for name in names}
    if not all(isinstance(described, dict) for described in facts["inputs"].values()):
        raise attributes.damaged_fact(node, "Inputs", "does not describe inputs")
    return facts


def _summary_of(node, run: str) -> RunSummary:
    texts = {n: str(attributes.fact(node, n.capitalize(), "")) for n in ("analysis", "title", "citation", "created")}
    try:
        facts, findings = made_with(node), attributes.findings_of(node)
    except InputError as error:
        # One run of which nothing is known any more does not hide the others.
        facts = {name: {} for name in ("parameters", "inputs", "software")}
        findings = (Finding(error.code, Severity.WARN, f"{error.message}; it cannot be run again", error.where),)
    return RunSummary(run=run, **texts, **facts, findings=findings)
