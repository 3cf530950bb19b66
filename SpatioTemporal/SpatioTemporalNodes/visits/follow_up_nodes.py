"""The visits of a patient as a sequence of volumes whose index is the day, and back.

Each volume keeps its own grid. A visit's segmentation is referred to by the
sequence, so that a saved scene keeps it.
"""

from __future__ import annotations

import numpy as np
import slicer

from SpatioTemporalLib.data import FollowUp, Map, Visit
from SpatioTemporalLib.data.follow_up import order_problem
from SpatioTemporalLib.errors import InputError

from ..display.volume_display import show_as_anatomy
from ..scene import attributes
from ..scene.application import sequences_logic
from ..series.frames import frames_of, sequence_of
from ..values.overlapping_segments import overlapping_segments
from ..values.segmentation_nodes import fill_segmentation
from ..values.units import units_entry
from ..values.value_nodes import labels_from_node, unit_of
from ..values.voxels import node_geometry, node_values, set_node_geometry, set_node_values, with_nan

KIND, VISITS = "Kind", "FollowUp"
INDEX_NAME, INDEX_UNIT = "days", "d"
DAY_UNITS = ("d", "day", "days")
MASK_REFERENCE = "SpatioTemporal.Mask."
IMAGE, MASK = "image", "mask"


def add_follow_up(scene, volumes: list, days: list[float], masks: list | None = None, name: str | None = None):
    """A sequence of copies of volumes, one a visit, sorted by day.

    Parameters
    ----------
    volumes : list of vtkMRMLScalarVolumeNode
    days : list of float
        Counted from any day; the first visit becomes day 0.
    masks : list of vtkMRMLSegmentationNode or None, optional
        One for each volume.
    name : str, optional

    Raises
    ------
    InputError
        ``E-VISIT-ORDER`` when two visits were on one day, ``E-INPUT-UNIT`` when
        the volumes say different units.
    """
    masks = masks or [None] * len(volumes)
    order = np.argsort(days, kind="stable")
    since = [float(days[n]) - float(days[order[0]]) for n in order]
    name = name or f"Visits of {volumes[order[0]].GetName()}"
    problem = order_problem(since)
    if problem:
        raise InputError("E-VISIT-ORDER", problem, where=name, fix="Give each visit a day of its own.")
    unit = _one_unit(volumes, name)
    copies = [_copy(volumes[n]) for n in order]
    sequence = scene.AddNewNodeByClass("vtkMRMLSequenceNode", name)
    sequence.SetIndexName(INDEX_NAME)
    sequence.SetIndexUnit(INDEX_UNIT)
    sequence.SetIndexType(slicer.vtkMRMLSequenceNode.NumericIndex)
    for number, (copy, day, n) in enumerate(zip(copies, since, order)):
        sequence.SetDataNodeAtValue(copy, repr(day))
        if masks[n] is not None:
            sequence.SetNodeReferenceID(f"{MASK_REFERENCE}{number}", masks[n].GetID())
    attributes.set_fact(sequence, KIND, VISITS)
    if unit:
        attributes.set_fact(sequence, "Unit", unit)
    return sequence


def add_visits(scene, visits: FollowUp):
    """A sequence that shows a follow-up, with a volume that moves from visit to visit, and its segmentations."""
    images = [next(iter(visit.images.values())) for visit in visits.visits]
    masks = [None if visit.mask is None else _segmentation(scene, visit) for visit in visits.visits]
    sequence = add_follow_up(scene, [_volume(image) for image in images], visits.days.tolist(), masks, visits.name)
    add_browser(sequence)
    return sequence


def add_browser(sequence):
    """A browser with a volume that moves from visit to visit, the first shown."""
    scene = sequence.GetScene()
    browser = scene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", f"{sequence.GetName()} browser")
    browser.AddSynchronizedSequenceNode(sequence)
    sequences_logic(scene).UpdateProxyNodesFromSequences(browser)
    proxy = browser.GetProxyNode(sequence)
    proxy.SetName(sequence.GetName())
    if unit_of(sequence):
        proxy.SetVoxelValueUnits(units_entry(unit_of(sequence)))
    show_as_anatomy(proxy, node_values(sequence.GetNthDataNode(0))[None])
    return browser


def is_follow_up(node) -> bool:
    """Whether a node holds visits that were joined here."""
    return node is not None and attributes.fact(node, KIND) == VISITS


def follow_up_from_node(node) -> FollowUp:
    """The visits of a sequence whose index is days, each with the segmentation it refers to as "mask".

    Where segments overlap, each is a mask of its own too, under its name and cut to where it lies.

    Raises
    ------
    InputError
        ``E-VISITS`` when the index is not days, ``E-UNIT`` when nothing says the unit of the values.
    """
    sequence = sequence_of(node)
    if sequence is None or (sequence.GetIndexUnit() or "").strip().lower() not in DAY_UNITS:
        raise InputError(
            "E-VISITS",
            "the volumes are not indexed by days",
            where=node.GetName(),
            fix="Join the volumes of the visits in step 1 (Several volumes, Visits).",
        )
    unit = unit_of(sequence)
    if not unit:
        raise InputError(
            "E-UNIT",
            "nothing says in which unit the volumes are",
            where=node.GetName(),
            fix="Fill in the unit beside it in step 3, such as HU, or a.u. for the signal of MR.",
        )
    frames = frames_of(sequence)
    visits, findings = [], []
    for number, volume in enumerate(frames.volumes):
        image = Map(node_values(volume), node_geometry(volume), unit, volume.GetName() or IMAGE)
        mask = sequence.GetNodeReference(f"{MASK_REFERENCE}{number}")
        drawn = {} if mask is None else {MASK: labels_from_node(mask, image.geometry), **overlapping_segments(mask)}
        findings += [finding for labels in drawn.values() for finding in labels.findings]
        visits.append(Visit(attributes.index_number(sequence, number), {IMAGE: image}, drawn))
    return FollowUp(sequence.GetName() or "visits", tuple(visits), tuple(findings))


def _one_unit(volumes: list, name: str) -> str:
    units = sorted({unit_of(volume) for volume in volumes} - {""})
    if len(units) > 1:
        raise InputError(
            "E-INPUT-UNIT",
            f"the volumes are in different units: {', '.join(units)}",
            where=name,
            fix="Join volumes of one unit.",
        )
    return units[0] if units else ""


def _volume(image: Map):
    node = slicer.vtkMRMLScalarVolumeNode()
    node.SetName(image.name)
    set_node_values(node, image.values)
    set_node_geometry(node, image.geometry)
    attributes.set_fact(node, "Unit", image.unit)
    return node


def _segmentation(scene, visit: Visit):
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", f"{visit.mask.name}, day {visit.days:g}")
    fill_segmentation(node, visit.mask)
    node.GetDisplayNode().SetVisibility(False)
    return node


def _copy(node):
    """A volume with the voxels and the place of another, and nothing else that may tell of a patient."""
    values, geometry = node_values(node), node_geometry(node)
    copy = slicer.vtkMRMLScalarVolumeNode()
    copy.SetName(node.GetName())
    set_node_values(copy, with_nan(values) if attributes.json_fact(node, "NotANumberCount", 0) else values)
    set_node_geometry(copy, geometry)
    return copy
