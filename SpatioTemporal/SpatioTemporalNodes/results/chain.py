"""The runs behind an output, as a pipeline for many cases."""

from __future__ import annotations

from SpatioTemporalLib.batch.table.chain import Ran, pipeline_of
from SpatioTemporalLib.batch.table.pipeline import Pipeline
from SpatioTemporalLib.errors import InputError

from ..scene import attributes
from .provenance import made_with
from .run_nodes import input_nodes, nodes_of_run


def pipeline_of_run(scene, run: str) -> Pipeline:
    """A run of a scene with the runs whose outputs it took, in their order.

    Raises
    ------
    InputError
        ``E-NO-RUN`` when its nodes are gone, ``E-SCENE-FACT`` when they do not tell how they were made.
    """
    found: dict[str, Ran] = {}
    _gather(scene, run, found, set())
    return pipeline_of(found.values())


def _gather(scene, run: str, found: dict[str, Ran], begun: set[str]) -> None:
    """Add a run behind those that it needs; what goes round in a circle, as no scene of ours does, is cut."""
    begun.add(run)
    nodes = nodes_of_run(scene, run)
    if not nodes.by_output:
        raise InputError("E-NO-RUN", "no run made this", where=run, fix="Choose an output of a run.")
    first = next(iter(nodes.by_output.values()))[0]
    facts, inputs = made_with(first), {}
    for name, node in input_nodes(nodes).items():
        earlier = attributes.fact(node, "Run") if node is not None else None
        if earlier is not None and earlier not in begun:
            _gather(scene, earlier, found, begun)
        made = earlier in found
        inputs[name] = (earlier, attributes.fact(node, "Output", "")) if made else ("", node.GetID() if node else name)
    found[run] = Ran(run, str(attributes.fact(first, "Analysis", "")), facts["parameters"], inputs)
