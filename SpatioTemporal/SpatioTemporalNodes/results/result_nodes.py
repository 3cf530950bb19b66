"""A `Result` as nodes: one folder a run, each output shown as what it is."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from SpatioTemporalLib.data import Graph, LabelMap, LabelSeries, Map, Report, Result, Series, Table

from ..display.volume_display import show_as_map
from ..scene import attributes
from ..series.frames import browser_of, proxy_of, sequence_of
from ..series.series_nodes import add_series, refill_series, remove_sequence
from ..values.graph_nodes import GraphNodes, fill_graph
from ..values.report_nodes import fill_text
from ..values.segmentation_nodes import fill_segmentation, set_grid
from ..values.table_nodes import CurveNodes, fill_chart, fill_table
from ..values.units import coded_entry, units_entry
from ..values.voxels import set_node_geometry, set_node_values, without_nan
from ..visits.follow_up_nodes import is_follow_up
from ..visits.visit_view import is_per_visit
from .hierarchy import hierarchy_of, put_in_folder, run_folder
from .provenance import stamp


@dataclass(frozen=True)
class ResultNodes:
    """The nodes of one run.

    folder : subject hierarchy item.
    by_output : output name to its nodes, the one to show first. A series gives
    its sequence and its browser; curves give their chart, table and plots.
    """

    folder: int
    by_output: dict[str, tuple] = field(default_factory=dict)

    def __getitem__(self, output: str):
        return self.by_output[output][0]

    def of_class(self, name: str) -> list:
        """All nodes of a class, in the order of the outputs."""
        return [node for nodes in self.by_output.values() for node in nodes if node.IsA(name)]


@dataclass(frozen=True)
class _Place:
    """Where the nodes of one run go: the scene, the input they belong to, and what may be used again."""

    scene: object
    result: Result
    run: str
    folder: int
    series: object = None
    browser: object = None
    before: dict[str, tuple] = field(default_factory=dict)

    def node(self, class_name: str, output: str, title: str, index: int = 0):
        """The node of an earlier run for this output, or a new one, stamped and in the folder."""
        earlier = [n for n in self.before.get(output, ()) if n.IsA(class_name) and n.GetScene() is self.scene]
        if index < len(earlier):
            node = earlier[index]
        else:
            node = self.scene.AddNewNodeByClass(class_name, self._free_name(title))
        self.adopt(node, output)
        return node

    def adopt(self, node, output: str) -> None:
        stamp(node, self.result, self.run, output)
        put_in_folder(self.folder, node)

    def _free_name(self, title: str) -> str:
        """The title; with the method's where another run has the same output."""
        if self.scene.GetFirstNodeByName(title) is None:
            return title
        return self.scene.GenerateUniqueName(f"{title} ({self.result.provenance.title})")

    def title(self, output: str) -> str:
        display = self.result.displays.get(output)
        symbol = display.symbol if display is not None and display.symbol else output
        return f"{self.series.GetName()} {symbol}" if self.series is not None else symbol


def add_result(
    scene,
    result: Result,
    *,
    series=None,
    browser=None,
    name: str | None = None,
    replace: ResultNodes | None = None,
) -> ResultNodes:
    """Nodes that show every output of a run.

    Parameters
    ----------
    scene : vtkMRMLScene
    result : Result
    series : node, optional
        The sequence or volume the run was made from: the folder goes beside it
        and names begin with its name.
    browser : vtkMRMLSequenceBrowserNode, optional
        Moves series among the outputs too; that of `series` if not given.
    name : str, optional
        Of the folder; the method's title and the time if not given.
    replace : ResultNodes, optional
        Of an earlier run: nodes that fit are filled anew, so views keep showing
        them, and those left over are removed.
    """
    steps = adding_result(scene, result, series=series, browser=browser, name=name, replace=replace)
    while True:
        try:
            next(steps)
        except StopIteration as done:
            return done.value


def adding_result(
    scene, result: Result, *, series=None, browser=None, name: str | None = None, replace: ResultNodes | None = None
) -> Generator[str, None, ResultNodes]:
    """As `add_result`, one output a step, for who has other things to do in between."""
    sequence = sequence_of(series) if series is not None else None
    shown = proxy_of(sequence) if sequence is not None and not is_follow_up(sequence) else series
    place = _Place(
        scene=scene,
        result=result,
        run=uuid.uuid4().hex,
        folder=_folder(scene, name or _folder_name(result), shown, replace),
        series=shown,
        browser=browser or (browser_of(sequence) if sequence is not None else None),
        before=replace.by_output if replace else {},
    )
    by_output: dict[str, tuple] = {}
    try:
        for output, value in result.items():
            by_output[output] = tuple(_writer(value)(place, output, value))
            yield output
    except Exception:
        # Half a result would look like a whole one. What stood there before was filled anew and stays.
        if replace is None:
            remove_nodes(scene, ResultNodes(place.folder, by_output))
        raise
    _remove_left_over(scene, place.before, by_output)
    return ResultNodes(place.folder, by_output)


def remove_nodes(scene, nodes: ResultNodes) -> None:
    """Remove the nodes of a run and their folder."""
    for node in [n for outputs in nodes.by_output.values() for n in outputs]:
        if node.GetScene() is not scene or node.IsA("vtkMRMLSequenceBrowserNode"):
            continue
        if node.IsA("vtkMRMLSequenceNode"):
            remove_sequence(node)
        else:
            scene.RemoveNode(node)
    if nodes.folder:
        hierarchy_of(scene).RemoveItem(nodes.folder)


def _writer(value) -> Callable:
    writers = {
        Map: _add_map,
        LabelMap: _add_labels,
        Series: _add_series,
        LabelSeries: _add_series,
        Table: _add_table,
        Report: _add_report,
        Graph: _add_graph,
        tuple: _add_curves,
    }
    return next(writer for kind, writer in writers.items() if isinstance(value, kind))


def _add_map(place: _Place, output: str, value: Map):
    node = place.node("vtkMRMLScalarVolumeNode", output, place.title(output))
    values = np.asarray(value.values, dtype=np.float32)
    missing = ~np.isfinite(values)
    set_node_values(node, without_nan(values))
    set_node_geometry(node, value.geometry)
    declared = place.result.displays[output]
    node.SetVoxelValueUnits(units_entry(value.unit))
    node.SetVoxelValueQuantity(coded_entry(declared.quantity) if declared.quantity is not None else None)
    error = place.result.outputs.get(f"{output}_se")
    show_as_map(node, values, declared, _of_all_visits(place.result, output), getattr(error, "values", None))
    attributes.set_fact(node, "Unit", value.unit)
    attributes.set_fact(node, "NotANumberCount", int(np.count_nonzero(missing)))
    attributes.set_fact(node, "NotANumberShownAs", "-0")
    yield node


def _of_all_visits(result: Result, output: str) -> np.ndarray:
    """(N,) values of a map, and of those of the other visits: they are compared, and so need one window."""
    name = output.rpartition("_")[0]
    alike = [output]
    if is_per_visit(result.provenance.analysis, name):
        alike = [other for other in result.of_kind(Map) if other.rpartition("_")[0] == name]
    return np.concatenate([np.ravel(result[other].values) for other in alike])


def _add_labels(place: _Place, output: str, value: LabelMap):
    node = place.node("vtkMRMLSegmentationNode", output, place.title(output))
    if place.series is not None and place.series.IsA("vtkMRMLVolumeNode"):
        node.SetReferenceImageGeometryParameterFromVolumeNode(place.series)
    is_new = node.GetDisplayNode() is None
    fill_segmentation(node, value)
    set_grid(node, value.geometry)
    if is_new:
        # What is declared before any image is what the run is about; the rest would cover the images.
        image = next((n for n, v in place.result.items() if isinstance(v, (Map, Series))), None)
        node.GetDisplayNode().SetVisibility(_is_before(place.result, output, image))
        node.GetDisplayNode().SetVisibility2DFill(image is None)
    yield node


def _is_before(result: Result, output: str, other: str | None) -> bool:
    order = list(result)
    return other is None or order.index(output) < order.index(other)


def _add_series(place: _Place, output: str, value: Series | LabelSeries):
    title = place.title(output)
    earlier = place.before.get(output, ())
    if earlier and earlier[0].GetScene() is place.scene:
        sequence, browser = refill_series(*earlier[:2], value)
    else:
        sequence, browser = add_series(place.scene, value, name=title, browser=place.browser)
    place.adopt(sequence, output)
    # Not stamped: each frame that is shown brings its own attributes, and the sequence has these.
    put_in_folder(place.folder, browser.GetProxyNode(sequence))
    yield sequence
    yield browser


def _add_table(place: _Place, output: str, value: Table):
    node = place.node("vtkMRMLTableNode", output, place.title(output))
    fill_table(node, value)
    yield node


def _add_report(place: _Place, output: str, value: Report):
    node = place.node("vtkMRMLTextNode", output, place.title(output))
    fill_text(node, value)
    yield node


def _add_graph(place: _Place, output: str, value: Graph):
    title = place.title(output)
    nodes = GraphNodes(
        model=place.node("vtkMRMLModelNode", output, title),
        nodes=place.node("vtkMRMLTableNode", output, f"{title} nodes"),
        edges=place.node("vtkMRMLTableNode", output, f"{title} edges", index=1),
    )
    fill_graph(nodes, value)
    return (nodes.model, nodes.nodes, nodes.edges)


def _add_curves(place: _Place, output: str, curves: tuple):
    title = place.title(output)
    nodes = CurveNodes(
        table=place.node("vtkMRMLTableNode", output, f"{title} table"),
        plots=tuple(place.node("vtkMRMLPlotSeriesNode", output, c.name, index=i) for i, c in enumerate(curves)),
        chart=place.node("vtkMRMLPlotChartNode", output, title),
    )
    fill_chart(nodes, curves, title)
    return (nodes.chart, nodes.table, *nodes.plots)


def _folder(scene, title: str, beside, replace: ResultNodes | None) -> int:
    hierarchy = hierarchy_of(scene)
    if replace is not None and hierarchy.GetItemName(replace.folder):
        hierarchy.SetItemName(replace.folder, title)
        return replace.folder
    return run_folder(scene, title, beside=beside)


def _folder_name(result: Result) -> str:
    made = result.provenance
    try:
        when = datetime.fromisoformat(made.created).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except ValueError:
        when = made.created
    return f"{made.title} {when}".strip()


def _remove_left_over(scene, before: dict[str, tuple], now: dict[str, tuple]) -> None:
    kept = {node.GetID() for nodes in now.values() for node in nodes}
    left_over = [n for nodes in before.values() for n in nodes if n.GetScene() is scene and n.GetID() not in kept]
    for node in left_over:
        if node.IsA("vtkMRMLSequenceNode"):
            remove_sequence(node)
        # A browser may be that of the input; `remove_sequence` takes it when nothing else needs it.
        elif not node.IsA("vtkMRMLSequenceBrowserNode"):
            scene.RemoveNode(node)
