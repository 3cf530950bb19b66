"""A label in each voxel."""

from __future__ import annotations

from ...data.volumes import LabelMap
from ...io import read_labels
from ..identity import image_identity
from ..kind import Files, Kind, Nodes

LABEL_MAP = Kind(
    LabelMap,
    called="label map",
    files=Files(lambda given: given.in_unit(read_labels(given.words[0])), "read_labels"),
    nodes=Nodes(("vtkMRMLSegmentationNode", "vtkMRMLLabelMapVolumeNode")),
    identity=image_identity,
    is_output=True,
)
