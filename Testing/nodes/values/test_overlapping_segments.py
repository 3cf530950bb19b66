"""Segments that overlap reach an analysis of visits whole."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
from library.small.inputs import drawn_liver
from SpatioTemporalNodes.values.segmentation_nodes import _oriented_image
from SpatioTemporalNodes.values.voxels import set_node_geometry, set_node_values
from SpatioTemporalNodes.visits.follow_up_nodes import add_follow_up, follow_up_from_node

import SpatioTemporalLib as st


def in_scene(scene, visit: st.Visit):
    """The volume of a visit and a segmentation with one layer for each of its masks."""
    image = next(iter(visit.images.values()))
    volume = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", f"ct {visit.days:g}")
    set_node_values(volume, image.values)
    set_node_geometry(volume, image.geometry)
    volume.SetAttribute("SpatioTemporal.Unit", "HU")
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", f"drawn {visit.days:g}")
    node.CreateDefaultDisplayNodes()
    for name, mask in visit.masks.items():
        segment = slicer.vtkSegment()
        segment.SetName(name)
        segment.AddRepresentation("Binary labelmap", _oriented_image(mask))
        node.GetSegmentation().AddSegment(segment)
    return volume, node


def test_every_segment_keeps_all_its_voxels_and_its_place(scene):
    visits = drawn_liver()
    pairs = [in_scene(scene, visit) for visit in visits.visits]
    sequence = add_follow_up(scene, [v for v, _ in pairs], [0.0, 90.0], [s for _, s in pairs])
    back = follow_up_from_node(sequence)
    for here, there in zip(visits.visits, back.visits):
        for name, mask in here.masks.items():
            assert np.count_nonzero(there.masks[name].values) == np.count_nonzero(mask.values)
    direct, through = (st.run("prognosis.structures", visits=v)["structures"].columns for v in (visits, back))
    assert through["node"] == direct["node"]
    for column in ("volume", "R", "A", "S", "distance to portal", "mean"):
        assert through[column] == pytest.approx(direct[column], abs=1e-4, nan_ok=True)
