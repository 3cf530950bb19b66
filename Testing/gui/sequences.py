"""Sequences as Slicer makes them of files, for tests of the panel."""

from __future__ import annotations

import numpy as np
import slicer
from SpatioTemporalNodes.values.voxels import set_node_values


def numbered_sequence(count=5, name="from DICOM"):
    """A sequence as Slicer makes it of files that say no times: frames are numbered."""
    sequence = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode", name)
    sequence.SetIndexName("")
    sequence.SetIndexUnit("")
    volume = slicer.vtkMRMLScalarVolumeNode()
    for number in range(count):
        set_node_values(volume, np.full((2, 3, 4), number, np.int16))
        sequence.SetDataNodeAtValue(volume, str(number))
    browser = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", f"{name} browser")
    browser.AddSynchronizedSequenceNode(sequence)
    slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(browser)
    return sequence
