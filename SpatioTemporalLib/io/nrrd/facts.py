"""Times, units and acquisition facts in the key/value pairs of Slicer's NRRD files."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import numpy as np

from ...data.series import Acquisition, Series
from ...errors import Finding, InputError, Severity
from ..files.json_text import is_list_of_numbers
from ..files.plain_numbers import json_value, number
from ..images.image import Clock
from ..images.time_axis import are_frame_numbers, seconds_per_unit
from ..images.time_names import is_no_time
from .header import NrrdHeader

OWN = "SpatioTemporal."
LABELS = "MultiVolume.FrameLabels"
TAG = "MultiVolume.FrameIdentifyingDICOMTagName"
TAG_UNIT = "MultiVolume.FrameIdentifyingDICOMTagUnits"
# Slicer keeps these in DICOM's units: milliseconds and degrees.
MULTIVOLUME_FACTS = {
    "repetition_time": ("MultiVolume.DICOM.RepetitionTime", 1000.0),
    "echo_time": ("MultiVolume.DICOM.EchoTime", 1000.0),
    "flip_angle": ("MultiVolume.DICOM.FlipAngle", 1.0),
}
CLOCK_TOLERANCE = 0.01
SLICE_TIMES = "slice_times"
FACT_TYPES = {"modality": str, "agent": str, "examination": str, "decay_corrected": bool, SLICE_TIMES: list}


def clock_of(header: NrrdHeader, path: Path) -> tuple[Clock | None, str, list[Finding]]:
    """Frame times, why there are none, and whether two sources disagree.

    The index of a sequence counts only with a unit of time: Slicer's DICOM
    import leaves frame numbers there and the times in ``MultiVolume.*``.
    """
    if header.frame_axis is None:
        return None, "the file holds a single volume", []
    by_index, no_index = _index_clock(header)
    by_labels, no_labels = _label_clock(header, path)
    if by_index is None:
        return by_labels, f"{no_index}; {no_labels}", []
    if by_labels is None or _agree(by_index, by_labels):
        return by_index, "", []
    text = (
        f"frame times disagree: the last is {by_index.seconds[-1]} s by {by_index.source}, "
        f"{by_labels.seconds[-1]:g} s by {by_labels.source}; the former is used"
    )
    return by_index, "", [Finding("W-TIME-DISAGREE", Severity.WARN, text, path.name)]


def _index_clock(header: NrrdHeader) -> tuple[Clock | None, str]:
    axis = header.frame_axis
    words = header.keys.get(f"axis {axis} index values", "").split()
    if not words:
        return None, "the sequence has no index values"
    if header.keys.get(f"axis {axis} index type", "numeric") != "numeric":
        return None, f"the sequence's index is text ({words[0][:20]!r}, …)"
    unit = header.of_axis("units", axis)
    scale = seconds_per_unit(unit)
    if scale is None:
        return None, f"the sequence's index has {'the unit ' + unit if unit else 'no unit'}"
    if is_no_time(header.of_axis("labels", axis), np.array([_plain(word) for word in words])):
        return None, f"the sequence's index is {header.of_axis('labels', axis)} ({unit}), which is no time of a frame"
    own = header.keys.get(OWN + "TimeSource")
    if own is None and are_frame_numbers(np.array([_plain(word) for word in words])):
        return None, f"the sequence's index is {words[0]}, {words[1]}, ..., as Slicer numbers frames"
    return Clock(_scaled(words, scale), own or f"sequence index ({unit})"), ""


def _plain(word: str) -> float:
    value = number(word)
    return np.nan if value is None else value


def _label_clock(header: NrrdHeader, path: Path) -> tuple[Clock | None, str]:
    words = [word for word in header.keys.get(LABELS, "").split(",") if word.strip()]
    if not words:
        return None, "there are no MultiVolume.FrameLabels"
    tag, unit = header.keys.get(TAG, "an unnamed tag"), header.keys.get(TAG_UNIT, "")
    scale = seconds_per_unit(unit)
    if scale is None or is_no_time(tag, np.array([_plain(word) for word in words])):
        return None, f"its frames differ in {tag} ({unit or 'no unit'}), which is no time"
    return Clock(_scaled(words, scale), f"MultiVolume.FrameLabels: {tag} ({unit})"), ""


def _scaled(words: list[str], scale: float) -> tuple:
    """Seconds; what is no number is left for the check of the time axis to name."""
    scaled = []
    for word in words:
        value = number(word.strip())
        # Dividing by 1000 rounds once; multiplying by 0.001 would round twice.
        scaled.append(word if value is None else value / round(1 / scale) if scale < 1 else value * scale)
    return tuple(scaled)


def _agree(first: Clock, second: Clock) -> bool:
    if len(first.seconds) != len(second.seconds):
        return False
    if any(isinstance(s, str) for s in (*first.seconds, *second.seconds)):
        return False
    a, b = np.array(first.seconds), np.array(second.seconds)
    # The zero of the two clocks may differ; their running may not.
    return bool(np.abs((a - a[0]) - (b - b[0])).max() <= CLOCK_TOLERANCE * max(np.ptp(a), 1e-6))


def acquisition_of(keys: dict, path: Path) -> Acquisition:
    """Acquisition facts: ours in full precision, else those of Slicer's multi-volumes."""
    if OWN + "Acquisition" in keys:
        return _own_acquisition(keys[OWN + "Acquisition"], path)
    facts = {}
    for fact, (key, per_unit) in MULTIVOLUME_FACTS.items():
        if keys.get(key, "").strip():
            facts[fact] = _number(keys[key], key, path) / per_unit
    # Only magnetic resonance has these.
    return Acquisition(modality="MR" if facts else None, **facts)


def _own_acquisition(text: str, path: Path) -> Acquisition:
    try:
        entries = json_value(text)
        if not isinstance(entries, dict):
            raise ValueError("no names and values")
    except ValueError as error:
        raise _unreadable(f"the header's {OWN}Acquisition cannot be read ({error})", path) from error
    facts = {}
    for fact in (f.name for f in fields(Acquisition)):
        value = entries.get(fact)
        if value is None:
            continue
        right = isinstance(value, FACT_TYPES.get(fact, (int, float)))
        if fact == SLICE_TIMES:
            right = right and bool(value) and is_list_of_numbers(value)
        if not right or (value is True and fact != "decay_corrected"):
            raise _unreadable(f"the header's {OWN}Acquisition gives the {fact} {str(value)[:40]!r}", path)
        facts[fact] = tuple(value) if fact == SLICE_TIMES else value if fact in FACT_TYPES else float(value)
    return Acquisition(**facts)


def _number(text: str, key: str, path: Path) -> float:
    value = number(text.strip())
    if value is None:
        raise _unreadable(f"{key} is {text[:40]!r}, a number was expected", path)
    return value


def _unreadable(what: str, path: Path) -> InputError:
    return InputError("E-SIDECAR", what, where=path.name, fix="Correct or remove this line of the header.")


def durations_of(header: NrrdHeader, path: Path) -> tuple[float, ...] | None:
    """Durations of the frames in s, or None when the header does not say."""
    key = OWN + "FrameDurations"
    words = header.keys.get(key, "").split()
    return tuple(_number(word, key, path) for word in words) or None


def unit_of(header: NrrdHeader) -> str | None:
    """Unit of the voxel values, or None when the header does not say."""
    return header.keys.get(OWN + "Unit") or header.fields.get("sample units", "").strip('" ') or None


def sequence_entries(series: Series) -> tuple[dict[str, str], dict[str, str]]:
    """Fields and keys of a .seq.nrrd file, as Slicer's sequence storage writes them."""
    known = series.acquisition.known()
    keys = {"DataNodeClassName": "vtkMRMLScalarVolumeNode"}
    for fact, (key, per_unit) in MULTIVOLUME_FACTS.items():
        if fact in known:
            keys[key] = repr(float(known[fact]) * per_unit)
    keys[OWN + "Name"] = series.name
    keys[OWN + "Unit"] = series.unit
    keys[OWN + "TimeSource"] = series.time_source
    keys[OWN + "Acquisition"] = json.dumps(known)
    if series.durations is not None:
        keys[OWN + "FrameDurations"] = " ".join(repr(float(d)) for d in series.durations)
    keys["axis 3 index type"] = "numeric"
    keys["axis 3 index values"] = " ".join(repr(float(t)) for t in series.times)
    return {"labels": '"" "" "" "time"', "units": '"" "" "" "s"'}, keys
