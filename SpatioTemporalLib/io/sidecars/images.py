"""JSON side-cars: BIDS names for what BIDS names, our own section for the rest.

In BIDS the ``RepetitionTime`` of a 4-D image is the time between volumes, while
the repetition time of the pulse sequence is ``RepetitionTimeExcitation``. What
we write keeps the two apart: frame times as ``VolumeTiming`` (or
``FrameTimesStart`` for PET), the pulse's as ``RepetitionTimeExcitation``, and
never ``RepetitionTime``.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ...data.examination import EXAMINATIONS
from ...data.series import Acquisition, Series
from ...errors import Finding, InputError, Severity
from ..files.boundary import existing_file
from ..files.plain_numbers import json_value
from ..images.file_names import image_stem
from ..images.image import Clock
from .slice_timing import slice_times_of, slice_timing_entries

OWN_SECTION = "SpatioTemporal"
# Fact, BIDS key. All in the units of BIDS: s, degrees, tesla.
BIDS_FACTS = {
    "modality": "Modality",
    "repetition_time": "RepetitionTimeExcitation",
    "echo_time": "EchoTime",
    "inversion_time": "InversionTime",
    "flip_angle": "FlipAngle",
    "field_strength": "MagneticFieldStrength",
    "agent": "ContrastBolusIngredient",
}
DOSE, EXAMINATION = "DoseMmolPerKg", "Examination"
TRACER_KEYS = {"TracerName", "TracerRadionuclide", "FrameTimesStart", "FrameDuration"}
TEXT_FACTS = {"modality", "agent"}
# Two clocks that differ by less than this share are the same one, rounded.
CLOCK_TOLERANCE = 0.01
# Hardly a volume is acquired faster; converters write the pulse's repetition time in this place.
UNSET = 1.0  # s, pixdim[4] of images made without one
SHORTEST_INTERVAL = 0.1
# A list of these, one a frame, says that the frames differ in it and not in time.
SETTINGS = ("EchoTime", "FlipAngle", "InversionTime", "RepetitionTimeExcitation")
MAX_BYTES = 16 * 2**20


@dataclass(frozen=True)
class Sidecar:
    """The entries of a side-car, or none."""

    path: Path
    entries: dict = field(default_factory=dict)

    @property
    def own(self) -> dict:
        section = self.entries.get(OWN_SECTION, {})
        return section if isinstance(section, dict) else {}

    @property
    def unit(self) -> str | None:
        unit = self.entries.get("Units")
        return unit if isinstance(unit, str) and unit else None

    @property
    def image_name(self) -> str | None:
        name = self.own.get("Name")
        return name if isinstance(name, str) and name else None

    @property
    def affine(self) -> np.ndarray | None:
        """(4, 4) IJK to RAS in full precision, when we wrote this file."""
        if "Affine" not in self.own:
            return None
        affine = np.array(self.numbers(self.own["Affine"], "Affine", flat=False))
        return affine if affine.shape == (4, 4) else None

    def kind(self, stem: str) -> str | None:
        """What sort of examination this is: "bold", "dce", or the modality."""
        if stem.lower().endswith("_bold") or "TaskName" in self.entries:
            return "bold"
        if stem.lower().endswith(("_dce", "_perf")) or self.entries.get("ContrastBolusIngredient"):
            return "dce"
        if stem.lower().endswith("_pet"):
            return "PT"
        return self.modality

    @property
    def modality(self) -> str | None:
        """DICOM's letters; PET where entries speak of a tracer."""
        modality = self.entries.get("Modality")
        if isinstance(modality, str) and modality:
            return "PT" if modality.upper() == "PET" else modality
        return "PT" if TRACER_KEYS & set(self.entries) else None

    def acquisition(self, *, is_series: bool, kind: str | None) -> Acquisition:
        """The acquisition facts; a list of flip angles is left to `read_stack`."""
        facts = {}
        for fact, key in BIDS_FACTS.items():
            value = self.entries.get(key)
            if value is not None and not isinstance(value, list):
                facts[fact] = self.text(value, key) if fact in TEXT_FACTS else self.number(value, key)
        if self.modality:
            facts["modality"] = self.modality
        if "repetition_time" not in facts and "RepetitionTime" in self.entries:
            repetition = self.number(self.entries["RepetitionTime"], "RepetitionTime")
            # In one volume, and in single-shot EPI, BIDS' RepetitionTime is the pulse's too.
            if not is_series or kind == "bold" or repetition < SHORTEST_INTERVAL:
                facts["repetition_time"] = repetition
        facts |= slice_times_of(self)
        if DOSE in self.own:
            facts["dose"] = self.number(self.own[DOSE], DOSE)
        if isinstance(self.own.get(EXAMINATION), str):
            facts["examination"] = self.own[EXAMINATION]
        elif kind in EXAMINATIONS and facts.get("modality", "MR") == "MR":
            # Of a contrast series in MR, T1-weighted or not is told by the echo.
            facts["examination"] = None if kind == "dce" and "echo_time" in facts else kind
        return Acquisition(**facts)

    def clock(self, in_header: Clock | None, why_not: str, frames: int) -> tuple[Clock | None, str, list[Finding]]:
        """Frame times, this file's before those of the image's header; differences are told.

        Parameters
        ----------
        in_header : Clock or None
            Times by the image's header, or none for the reason in `why_not`.

        Returns
        -------
        clock, why there is none, findings
        """
        for key in ("VolumeTiming", "FrameTimesStart"):
            if key in self.entries:
                seconds = tuple(self.numbers(self.entries[key], key))
                # What we wrote says itself where the times once came from.
                source = self.own.get("TimeSource")
                return Clock(seconds, source if isinstance(source, str) and source else f"BIDS {key}"), "", []
        differing = [key for key in SETTINGS if isinstance(self.entries.get(key), list) and frames > 1]
        if differing:
            return None, f"its frames differ in {differing[0]}, by {self.path.name}, which is no time", []
        in_header, why_not, doubts = self._not_of_the_pulse(in_header, why_not, frames)
        if "RepetitionTime" not in self.entries or frames < 2:
            return in_header, why_not, doubts
        interval = self.number(self.entries["RepetitionTime"], "RepetitionTime")
        if not interval >= SHORTEST_INTERVAL:
            pulse = f"RepetitionTime = {interval:g} s in {self.path.name} is that of the pulse sequence"
            return in_header, f"{why_not}; {pulse}", doubts
        clock = Clock(tuple(interval * n for n in range(frames)), "BIDS RepetitionTime")
        if in_header is None or abs(in_header.seconds[1] - interval) <= CLOCK_TOLERANCE * interval:
            return clock, "", []
        text = (
            f"frame intervals disagree: {interval:g} s by RepetitionTime in {self.path.name}, "
            f"{in_header.seconds[1]:g} s by {in_header.source}; the former is used"
        )
        return clock, "", [Finding("W-TIME-DISAGREE", Severity.WARN, text, self.path.name)]

    def _not_of_the_pulse(
        self, in_header: Clock | None, why_not: str, frames: int
    ) -> tuple[Clock | None, str, list[Finding]]:
        """The header's clock, unless it repeats the pulse's repetition time; told where it may be no time at all."""
        if in_header is None or frames < 2:
            return in_header, why_not, []
        interval = in_header.seconds[1]
        if interval == UNSET and "RepetitionTime" not in self.entries:
            text = (
                f"frames are 1 s apart by {in_header.source}, which many programs also write where they know no time; "
                "give the frame interval (--frame-interval) if it is another"
            )
            return in_header, why_not, [Finding("W-TIME-DEFAULT", Severity.WARN, text, self.path.name)]
        if interval >= SHORTEST_INTERVAL:
            return in_header, why_not, []
        for key in ("RepetitionTime", "RepetitionTimeExcitation"):
            pulse = self.entries.get(key)
            if pulse is not None and abs(self.number(pulse, key) - interval) <= CLOCK_TOLERANCE * interval:
                why = f"{in_header.source} = {interval:g} s repeats the pulse's {key} in {self.path.name}"
                return None, why, []
        text = (
            f"frames are {1000 * interval:.4g} ms apart by {in_header.source}, which may be the repetition time of the "
            "pulse sequence; give the frame interval if it is"
        )
        return in_header, why_not, [Finding("W-TIME-PULSE", Severity.WARN, text, self.path.name)]

    def text(self, value: object, key: str) -> str:
        """A text in the side-car, or an `InputError` that names the entry."""
        if isinstance(value, str):
            return value
        raise InputError(
            "E-SIDECAR",
            f"{key} is {str(value)[:60]!r}, a text was expected",
            where=self.path.name,
            fix=f"Correct {key} in the side-car.",
        )

    def number(self, value: object, key: str) -> float:
        """A number in the side-car, or an `InputError` that names the entry."""
        return self.numbers([value], key)[0]

    def numbers(self, values: object, key: str, *, flat: bool = True) -> list:
        """A list of finite numbers in the side-car, or an `InputError` that names the entry."""
        try:
            array = np.array(values if _are_numbers(values) else np.nan, dtype=np.float64)
        except (OverflowError, TypeError, ValueError):
            array = np.array(np.nan)
        if (flat and array.ndim != 1) or array.dtype.kind != "f" or not np.isfinite(array).all():
            raise InputError(
                "E-SIDECAR",
                f"{key} is {str(values)[:60]!r}, numbers were expected",
                where=self.path.name,
                fix=f"Correct {key} in the side-car.",
            )
        return array.tolist()


def _are_numbers(values: object) -> bool:
    """Whether lists within lists hold numbers only; true and false, and texts, are none."""
    if isinstance(values, (list, tuple)):
        return all(_are_numbers(value) for value in values)
    return isinstance(values, (int, float)) and not isinstance(values, bool)


def sidecar_path(path: Path) -> Path:
    """Where the side-car of an image lies: ``dce.nii.gz`` has ``dce.json``."""
    return path.with_name(f"{image_stem(path)}.json")


def read_sidecar(path: Path) -> Sidecar:
    """The side-car of an image, empty when there is none."""
    beside = sidecar_path(path)
    if not os.path.lexists(beside):
        return Sidecar(beside)
    # A link that leads nowhere, or a folder of that name, is no way to say nothing.
    existing_file(beside)
    try:
        if beside.stat().st_size > MAX_BYTES:
            raise ValueError(f"larger than {MAX_BYTES} bytes")
        entries = json_value(beside.read_text(encoding="utf-8-sig"))
        if not isinstance(entries, dict):
            raise ValueError("not an object of names and values")
    except (OSError, ValueError) as error:
        raise InputError(
            "E-SIDECAR",
            f"is no JSON side-car ({str(error)[:200]})",
            where=beside.name,
            fix="Correct it, or move it away to read the image without.",
        ) from error
    return Sidecar(beside, entries)


def series_entries(series: Series) -> dict:
    """Side-car entries of a series; times and facts survive exactly."""
    known = series.acquisition.known()
    entries = {key: known[fact] for fact, key in BIDS_FACTS.items() if fact in known}
    own = {"Name": series.name, "TimeSource": series.time_source, "Affine": series.geometry.affine.tolist()}
    entries |= slice_timing_entries(series.acquisition)
    if "dose" in known:
        own[DOSE] = known["dose"]
    if "examination" in known:
        own[EXAMINATION] = known["examination"]
    if series.findings:
        own["Findings"] = [str(finding) for finding in series.findings]
    timing = "FrameTimesStart" if series.acquisition.modality == "PT" else "VolumeTiming"
    return entries | {timing: series.times.tolist(), "Units": series.unit, OWN_SECTION: own}


def write_json(path: Path, entries: dict) -> None:
    """Write entries as JSON to exactly this path; numbers keep every digit, NaN is refused."""
    text = json.dumps(entries, indent=2, ensure_ascii=False, allow_nan=False, default=str)
    path.write_text(text + "\n", encoding="utf-8")
