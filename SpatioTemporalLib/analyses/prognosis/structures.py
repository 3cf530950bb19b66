"""Structures and lesions of a patient as a table and a graph: what a prognosis from their relations rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ...data.curve import Table
from ...data.follow_up import FollowUp
from ...data.graph import Graph
from ...declare import Help, Input, Output, Range, Unit, analysis
from ...steps.structures.structure_graph import structure_graph
from ...steps.structures.structure_table import structure_table


@dataclass(frozen=True)
class StructuresParameters:
    gate: Annotated[
        float,
        Unit("mm"),
        Range(1, 200),
        Help("Lesions of two visits whose centres, counted from the liver's, lie farther apart are never the same."),
    ] = 20.0


@analysis(
    id="prognosis.structures",
    title="Structures and lesions as a graph",
    citation="Own definition, of structures as in Zhu et al., arXiv 2505.03123v1 (2025); matching by Kuhn, Naval Res "
    "Logist Q 2:83 (1955)",
    inputs=[
        Input(
            "visits",
            FollowUp,
            own_grid=True,
            help="One examination or several, with segments named liver, remnant, portal, hepatic, and tumour for each "
            "lesion; segments may overlap.",
        )
    ],
    outputs=[
        Output("graph", Graph, help="Lesions and structures, and how they stand to one another, drawn in 3D."),
        Output("structures", Table, help="One row a structure or lesion and visit: size, shape, values, distances."),
        Output("relations", Table, help="One row a relation: near, at, in, and next for a lesion at the visit after."),
    ],
    parameters=StructuresParameters,
)
def structures(visits, *, parameters, context):
    r"""Size, shape, image values and distances of structures and lesions, and the graph of their relations.

    Notes
    -----
    Distances are the shortest between surfaces, mm. Lesions are near one another
    when one is among the other's four nearest within 60 mm. Growth of a lesion from
    one visit to the next, and closeness:

    .. math::
       g = \frac{\ln V_2 - \ln V_1}{t_2 - t_1}, \qquad c = e^{-d / 40\,\mathrm{mm}}

    with 25 mm in place of 40 for vessels and the capsule.
    """
    table, findings = structure_table(visits, context, parameters.gate)
    graph = structure_graph(table, visits.name)
    return {"graph": graph, "structures": table, "relations": graph.edges, "findings": findings}
