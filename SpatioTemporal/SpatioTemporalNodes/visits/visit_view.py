"""What is shown below a map of a follow-up: the images of the visit it belongs to."""

from __future__ import annotations

import slicer

import SpatioTemporalLib as st

from ..scene import attributes
from ..scene.application import sequences_logic
from ..series.frames import browser_of, proxy_of, sequence_of
from ..values.voxels import node_geometry
from .follow_up_nodes import add_browser, is_follow_up


def background_of(node, inputs: dict[str, object]):
    """The volume a map is shown over, by the inputs of its run: the visit it lies in, or its series; None without."""
    visits = visits_of(inputs)
    if visits is not None:
        return show_visit(visits, visit_number(node, visits))
    series = next((n for n in inputs.values() if n is not None and sequence_of(n) is not None), None)
    return proxy_of(sequence_of(series)) if series is not None else None


def visits_of(inputs: dict[str, object]):
    """The node that holds the visits among the inputs of a run, or None."""
    return next((node for node in inputs.values() if is_follow_up(node)), None)


def visit_number(node, sequence) -> int:
    """Which visit a map lies in, 0 the first: as its analysis declares it, else by its grid, else the first."""
    name, _, suffix = str(attributes.fact(node, "Output", "")).rpartition("_")
    count = sequence.GetNumberOfDataNodes()
    if (
        suffix.isdecimal()
        and len(suffix) < 6
        and 1 <= int(suffix) <= count
        and is_per_visit(str(attributes.fact(node, "Analysis", "")), name)
    ):
        return int(suffix) - 1
    grid = node_geometry(node)
    fitting = (n for n in range(count) if node_geometry(sequence.GetNthDataNode(n)).matches(grid))
    return next(fitting, 0)


def show_visit(sequence, number: int):
    """The volume that shows one visit of a sequence, moved there; made where there is none yet."""
    browser = browser_of(sequence) or add_browser(sequence)
    browser.SetSelectedItemNumber(number)
    sequences_logic(sequence.GetScene()).UpdateProxyNodesFromSequences(browser)
    return browser.GetProxyNode(sequence)


def is_part(node, background) -> bool:
    """Whether a map lies on another grid than the volume below it, and so may be out of sight."""
    return background is not None and not node_geometry(node).matches(node_geometry(background))


def centre_views(scene, volume) -> None:
    """Move all slice views to the middle of a volume; their zoom stays as it is."""
    grid = node_geometry(volume)
    middle = grid.ijk_to_ras([(count - 1) / 2 for count in grid.shape[::-1]])
    for node in slicer.util.getNodesByClass("vtkMRMLSliceNode", scene):
        node.JumpSliceByCentering(*middle)


def is_per_visit(analysis: str, output: str) -> bool:
    """Whether an output is declared to be one for each visit; the analyses of packages that are gone say nothing."""
    declared = st.analyses().get(analysis)
    return declared is not None and any(o.name == output and o.per_visit for o in declared.outputs)
