"""The frames behind what a user picks: a sequence, its browser, the volume in the slice view, or a list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from SpatioTemporalLib.data import Geometry
from SpatioTemporalLib.errors import InputError

from ..scene.application import sequences_logic
from ..values.voxels import node_geometry, node_values, require_no_transform


@dataclass(frozen=True)
class Frames:
    """The volumes of a series.

    volumes : one node a frame, or one node that holds the frames as components.
    sources : nodes that may know when the frames were acquired, best first.
    label : name for messages.
    """

    volumes: tuple
    sources: tuple
    label: str

    @property
    def count(self) -> int:
        if len(self.volumes) == 1 and is_multi_volume(self.volumes[0]):
            return self.volumes[0].GetImageData().GetNumberOfScalarComponents()
        return len(self.volumes)


def frames_of(node) -> Frames:
    """The frames a node, or a list of volumes, stands for.

    Raises
    ------
    InputError
        If there are none.
    GeometryError
        ``E-GEO-TRANSFORM`` if a volume that shows them is under a transform.
    """
    if isinstance(node, Iterable):
        return _listed(tuple(node))
    sequence = sequence_of(node)
    if sequence is None:
        return _multi_volume(node)
    volumes = tuple(sequence.GetNthDataNode(i) for i in range(sequence.GetNumberOfDataNodes()))
    label = sequence.GetName() or sequence.GetID() or "sequence"
    if not volumes:
        raise InputError(
            "E-NO-FRAMES",
            "the sequence holds no frames",
            where=label,
            fix="Choose a sequence that was loaded or recorded.",
        )
    for volume in volumes:
        if volume is None or not volume.IsA("vtkMRMLVolumeNode"):
            found = "items without a node" if volume is None else f"nodes of class {volume.GetClassName()}"
            raise InputError(
                "E-KIND",
                f"the sequence holds {found}, not volumes",
                where=label,
                fix="Choose a sequence of volumes.",
            )
    proxy = proxy_of(sequence)
    # The frames lie in a scene of their own: what moves the volume that shows them is not known there.
    for shown in (node, proxy):
        if shown is not None and shown.IsA("vtkMRMLVolumeNode"):
            require_no_transform(shown, f"{shown.GetName()}, which shows {label}")
    return Frames(volumes, tuple(n for n in (sequence, proxy, volumes[0]) if n is not None), label)


def stacked(frames: Frames) -> tuple[np.ndarray, Geometry]:
    """All frames as one (T, K, J, I) array, and the grid they share.

    Raises
    ------
    GeometryError
        Naming the first frame that lies elsewhere than frame 0.
    """
    geometry = node_geometry(frames.volumes[0])
    if is_multi_volume(frames.volumes[0]):
        values = np.atleast_1d(node_values(frames.volumes[0]))
        frame_last = values if values.ndim == 4 else values[..., None]
        return np.ascontiguousarray(np.moveaxis(frame_last, -1, 0)), geometry
    views = [node_values(volume) for volume in frames.volumes]
    for index, volume in enumerate(frames.volumes):
        _require_one_value(views[index], f"frame {index} of {frames.label}")
        node_geometry(volume).require_match(geometry, f"frame {index} of {frames.label}", "frame 0")
    values = np.empty((len(views), *geometry.shape), dtype=np.result_type(*{view.dtype for view in views}))
    for index, view in enumerate(views):
        values[index] = view
    return values, geometry


def is_multi_volume(node) -> bool:
    """Whether a volume holds the frames of a series as its components.

    By what it is, not only by its class: the class belongs to a module that may be absent.
    """
    return (
        node.IsA("vtkMRMLMultiVolumeNode")
        or node.GetAttribute("MultiVolume.NumberOfFrames") is not None
        and (node.IsA("vtkMRMLVolumeNode") and node_values(node).ndim == 4)
    )


def sequence_of(node):
    """The sequence node that a sequence, a browser or a browser's volume stands for, or None."""
    if node.IsA("vtkMRMLSequenceNode"):
        return node
    if node.IsA("vtkMRMLSequenceBrowserNode"):
        return node.GetMasterSequenceNode()
    browser = browser_of(node)
    return browser.GetSequenceNode(node) if browser is not None else None


def browser_of(node):
    """The browser that shows a sequence or moves a volume, or None."""
    if node.IsA("vtkMRMLSequenceBrowserNode"):
        return node
    scene = node.GetScene()
    if scene is None:
        return None
    logic = sequences_logic(scene)
    if node.IsA("vtkMRMLSequenceNode"):
        return logic.GetFirstBrowserNodeForSequenceNode(node)
    return logic.GetFirstBrowserNodeForProxyNode(node)


def proxy_of(sequence):
    """The volume that shows the current frame of a sequence, or None."""
    browser = browser_of(sequence)
    return browser.GetProxyNode(sequence) if browser is not None else None


def _listed(volumes: tuple) -> Frames:
    if not volumes:
        raise InputError("E-NO-FRAMES", "there are no volumes", where="series", fix="Choose at least one volume.")
    return Frames(volumes, volumes[:1], volumes[0].GetName() or "series")


def _multi_volume(node) -> Frames:
    label = node.GetName() or node.GetID() or node.GetClassName()
    if not node.IsA("vtkMRMLVolumeNode"):
        raise InputError(
            "E-KIND",
            f"a {node.GetClassName()} has no frames",
            where=label,
            fix="Choose a sequence of volumes, its browser, or the volume the browser shows.",
        )
    if not is_multi_volume(node):
        raise InputError(
            "E-ONE-FRAME",
            "this is a single volume that no sequence browser moves",
            where=label,
            fix="Choose a sequence, or give all volumes as a list with their times.",
        )
    return Frames((node,), (node,), label)


def _require_one_value(values: np.ndarray, label: str) -> None:
    if values.ndim != 3:
        raise InputError(
            "E-DTYPE",
            f"each voxel holds {values.shape[-1]} values",
            where=label,
            fix="Colour and vector images have no single value per voxel; convert to grey values first "
            "(Vector to Scalar Volume).",
        )
