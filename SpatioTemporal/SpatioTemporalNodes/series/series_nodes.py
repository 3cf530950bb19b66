"""A `Series` as a sequence of volumes that Slicer plays, and back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import slicer

from SpatioTemporalLib.data import LabelSeries, Series

from ..display.volume_display import show_as_anatomy
from ..scene import attributes
from ..scene.application import sequences_logic
from ..values.units import units_entry
from ..values.voxels import set_node_geometry, set_node_values
from .frame_times import frame_times, given_times
from .frames import browser_of, frames_of, stacked
from .label_frames import fill_label_frames, show_label_frames


def add_series(scene, series: Series | LabelSeries, *, name: str | None = None, browser=None):
    """Sequence node and browser node that show a series, or labels over time.

    Parameters
    ----------
    scene : vtkMRMLScene
    series : Series or LabelSeries
    name : str, optional
        Of the sequence and of the volume that moves; the series' name if not given.
    browser : vtkMRMLSequenceBrowserNode, optional
        Moves the new sequence together with those it already shows. A browser
        of its own is made when there is none, or when its times are others.

    Returns
    -------
    (vtkMRMLSequenceNode, vtkMRMLSequenceBrowserNode)
    """
    name = name or series.name
    sequence = scene.AddNewNodeByClass("vtkMRMLSequenceNode", name)
    fill_sequence(sequence, series)
    if browser is None or not _same_times(browser.GetMasterSequenceNode(), sequence):
        browser = scene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", f"{name} browser")
    browser.AddSynchronizedSequenceNode(sequence)
    _show(sequence, browser, series, name)
    return sequence, browser


def refill_series(sequence, browser, series: Series | LabelSeries):
    """Show another series in the nodes of an earlier one; views keep showing them."""
    scene, name = sequence.GetScene(), sequence.GetName()
    fill_sequence(sequence, series)
    if not _same_times(browser.GetMasterSequenceNode(), sequence):
        _part(sequence, browser)
        browser = scene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", f"{name} browser")
        browser.AddSynchronizedSequenceNode(sequence)
    if browser.GetSelectedItemNumber() >= series.frame_count:
        browser.SetSelectedItemNumber(0)
    _show(sequence, browser, series, name)
    return sequence, browser


def remove_sequence(sequence) -> None:
    """Remove a sequence with the volume that shows it, and its browser if that shows nothing else."""
    scene, browser = sequence.GetScene(), browser_of(sequence)
    if browser is not None:
        _part(sequence, browser)
        if browser.GetNumberOfSynchronizedSequenceNodes(True) == 0:
            scene.RemoveNode(browser)
    scene.RemoveNode(sequence)


def fill_sequence(sequence, series: Series | LabelSeries) -> None:
    """Replace the frames and facts of a sequence node by those of a series."""
    sequence.RemoveAllDataNodes()
    sequence.SetIndexName("time")
    sequence.SetIndexUnit("s")
    sequence.SetIndexType(slicer.vtkMRMLSequenceNode.NumericIndex)
    if series.frame_count > 1:
        # Frames closer than the tolerance would overwrite one another.
        sequence.SetNumericIndexValueTolerance(min(1e-3, float(series.intervals.min()) / 10))
    attributes.set_fact(sequence, "Name", series.name)
    attributes.set_fact(sequence, "TimeSource", series.time_source)
    attributes.set_findings(sequence, series.findings)
    if isinstance(series, LabelSeries):
        fill_label_frames(sequence, series)
        return
    frame = slicer.vtkMRMLScalarVolumeNode()
    frame.SetName(series.name)
    set_node_geometry(frame, series.geometry)
    for time, values in zip(series.times, series.values):
        set_node_values(frame, values)
        sequence.SetDataNodeAtValue(frame, repr(float(time)))
    attributes.set_fact(sequence, "Unit", series.unit)
    attributes.set_durations(sequence, series.durations)
    attributes.set_acquisition(sequence, series.acquisition)


def series_from_node(node, *, times=None, frame_interval: float | None = None, instance_file=None) -> Series:
    """The series a node shows.

    Parameters
    ----------
    node : sequence, sequence browser, volume, multi-volume, or list of volumes
        A volume that a browser moves stands for its sequence. A list needs
        `times` or `frame_interval`.
    times : (T,) sequence, s, optional
        Given by the user; what the node says of its times is then not used.
    frame_interval : float, s, optional
        Given by the user: frame i is at i times this.
    instance_file : callable(uid) -> path, optional
        Finds the DICOM file of an instance; Slicer's database if not given.

    Raises
    ------
    InputError
        If the node holds no frames, or nothing says when they were acquired.
    GeometryError
        If a frame lies elsewhere than the first one.
    """
    frames = frames_of(node)
    are_given = times is not None or frame_interval is not None
    if are_given:
        when = given_times(frames.count, times, frame_interval, frames.label)
    else:
        when = frame_times(frames, instance_file=instance_file)
    values, geometry = stacked(frames)
    facts = frames.sources[0]
    durations = when.durations or attributes.durations_of(facts)
    if are_given or len(durations or ()) != frames.count:
        # They belong to the times that were kept with them.
        durations = None
    return Series(
        values,
        when.times,
        geometry,
        unit=attributes.fact(facts, "Unit", "a.u."),
        name=attributes.fact(facts, "Name", frames.label),
        acquisition=replace(attributes.acquisition_of(*frames.sources), **when.facts),
        time_source=when.source,
        findings=attributes.findings_of(facts) + when.findings,
        durations=durations,
    )


def _show(sequence, browser, series: Series | LabelSeries, name: str) -> None:
    """Give the volume that moves what does not come with each frame: name, unit, window."""
    if isinstance(series, LabelSeries):
        show_label_frames(sequence, browser, name)
        return
    sequences_logic(sequence.GetScene()).UpdateProxyNodesFromSequences(browser)
    proxy = browser.GetProxyNode(sequence)
    proxy.SetName(name)
    proxy.SetVoxelValueUnits(units_entry(series.unit))
    show_as_anatomy(proxy, series.values)


def _part(sequence, browser) -> None:
    # The sequence first: a browser makes a new volume for a sequence that has lost its own.
    proxy = browser.GetProxyNode(sequence)
    browser.RemoveSynchronizedSequenceNode(sequence.GetID())
    sequence.GetScene().RemoveNode(proxy)


def _same_times(first, second) -> bool:
    times = [[s.GetNthIndexValue(i) for i in range(s.GetNumberOfDataNodes())] for s in (first, second) if s]
    return len(times) == 2 and len(times[0]) == len(times[1]) and np.allclose(*[np.array(t, float) for t in times])
