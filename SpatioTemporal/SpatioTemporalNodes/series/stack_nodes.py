"""Volumes that differ in an acquisition setting, as a sequence whose index is that setting, and back."""

from __future__ import annotations

import slicer

from SpatioTemporalLib.data import ImageStack
from SpatioTemporalLib.errors import InputError
from SpatioTemporalLib.io.images.time_axis import seconds_per_unit
from SpatioTemporalLib.io.reading.volumes import SETTING_UNITS

from ..scene import attributes
from ..values.voxels import set_node_geometry, set_node_values
from .frames import frames_of, sequence_of, stacked


def stack_from_node(node) -> ImageStack:
    """The volumes of a sequence whose index is a setting, such as the flip angle.

    Raises
    ------
    InputError
        ``E-STACK`` when its index is time, or nothing.
    """
    sequence = sequence_of(node)
    unit = (sequence.GetIndexUnit() or "").strip() if sequence is not None else ""
    setting = _setting_of(sequence.GetIndexName() or "") if sequence is not None else ""
    in_seconds = seconds_per_unit(unit) if unit else None
    # Inversion and repetition times are settings with a unit of time.
    if not unit or (in_seconds is not None and SETTING_UNITS.get(setting) != "s"):
        raise InputError(
            "E-STACK",
            "the volumes are not indexed by an acquisition setting",
            where=node.GetName(),
            fix="Choose a sequence whose index is the setting, e.g. flip_angle in deg or inversion_time in s; "
            "step 1 makes one of several volumes.",
        )
    frames = frames_of(sequence)
    values, geometry = stacked(frames)
    return ImageStack(
        values,
        [attributes.index_number(sequence, n) * (in_seconds or 1.0) for n in range(frames.count)],
        geometry,
        setting=setting,
        setting_unit=unit if in_seconds is None else "s",
        unit=attributes.fact(sequence, "Unit", "a.u."),
        name=sequence.GetName(),
        acquisition=attributes.acquisition_of(*frames.sources),
    )


def stack_of_volumes(nodes: list, settings: list[float], setting: str) -> ImageStack:
    """Several volumes, and the setting of each in the unit of `SETTING_UNITS`.

    Raises
    ------
    InputError
        ``E-STACK`` when there is not one setting for each volume.
    """
    frames = frames_of(nodes)
    values, geometry = stacked(frames)
    return ImageStack(
        values,
        settings,
        geometry,
        setting=setting,
        setting_unit=SETTING_UNITS[setting],
        name=f"{setting.replace('_', ' ').capitalize()}s of {frames.label}",
        acquisition=attributes.acquisition_of(*frames.sources),
    )


def add_stack(scene, stack: ImageStack):
    """A sequence whose index is the setting in which the volumes of a stack differ."""
    sequence = scene.AddNewNodeByClass("vtkMRMLSequenceNode", stack.name)
    sequence.SetIndexName(stack.setting)
    sequence.SetIndexUnit(stack.setting_unit)
    volume = slicer.vtkMRMLScalarVolumeNode()
    volume.SetName(stack.name)
    set_node_geometry(volume, stack.geometry)
    for setting, values in zip(stack.settings, stack.values):
        set_node_values(volume, values)
        sequence.SetDataNodeAtValue(volume, repr(float(setting)))
    attributes.set_fact(sequence, "Unit", stack.unit)
    attributes.set_acquisition(sequence, stack.acquisition)
    return sequence


def _setting_of(name: str) -> str:
    """The setting an index is named after, however it is spelt; the name itself where it is none."""
    plain = {known.replace("_", ""): known for known in SETTING_UNITS}
    return plain.get(name.lower().replace("_", "").replace(" ", ""), name or "setting")
