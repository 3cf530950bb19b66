"""What a PET side-car says of frames and decay, in the words of BIDS or of dcm2niix.

BIDS counts all times from ``TimeZero``: ``FrameTimesStart``, ``ScanStart``,
``InjectionStart`` and ``ImageDecayCorrectionTime``. Here they count from the
injection, as those of blood do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...data.isotopes import HALF_LIVES
from ...data.series import Acquisition, Series, checked_durations
from ...errors import Finding, Severity
from ..images.image import Clock
from .images import Sidecar

DURATION, SCAN_START, INJECTION_START = "FrameDuration", "ScanStart", "InjectionStart"
# By letters and mass number, however they are written: F18, 18F, [18F], F-18.
BY_PLAIN_NAME = {name.upper().replace("-", ""): half_life for name, half_life in HALF_LIVES.items()}
SAME_MOMENT = 1e-6  # s


@dataclass(frozen=True)
class PetTiming:
    """clock : frame times since injection, or None; durations : (T,) s, or None; what else the side-car says."""

    clock: Clock | None
    durations: tuple[float, ...] | None
    acquisition: Acquisition
    findings: tuple[Finding, ...] = ()


def pet_timing(sidecar: Sidecar, clock: Clock | None, acquisition: Acquisition, frames: int) -> PetTiming:
    """Frame times from injection on, durations and the correction for decay.

    Parameters
    ----------
    clock : Clock or None
        Times by other entries or the image's header. Where durations are given,
        and no entry says when frames began, they follow one another.

    Raises
    ------
    InputError
        ``E-TIME-DURATION`` for durations that are not one positive number a frame.
    """
    if frames < 2 or not _is_pet(sidecar):
        return PetTiming(clock, None, acquisition)
    durations = _durations(sidecar, frames)
    if durations is not None and not {"FrameTimesStart", "VolumeTiming"} & set(sidecar.entries):
        start = _seconds(sidecar, SCAN_START) or 0.0
        starts = start + np.concatenate([[0.0], np.cumsum(durations[:-1])])
        clock = Clock(tuple(starts.tolist()), f"BIDS {DURATION}, one frame after another")
    injection = _seconds(sidecar, INJECTION_START) or 0.0
    acquisition = _with_decay(sidecar, acquisition, injection)
    findings = []
    if clock is not None and abs(injection) > SAME_MOMENT:
        try:
            seconds = tuple(float(time) - injection for time in clock.seconds)
        except (TypeError, ValueError):
            # What is no number is named by the check of the time axis.
            return PetTiming(clock, durations, acquisition)
        clock = replace(clock, seconds=seconds, source=f"{clock.source}, from {INJECTION_START} on")
        text = (
            f"{INJECTION_START} = {injection:g} s after TimeZero: frame times were counted from the injection; "
            "the times of blood must be too"
        )
        findings.append(Finding("R-TIME-INJECTION", Severity.REPAIR, text, sidecar.path.name))
    return PetTiming(clock, durations, acquisition, tuple(findings))


def _is_pet(sidecar: Sidecar) -> bool:
    return sidecar.modality == "PT" or DURATION in sidecar.entries


def _durations(sidecar: Sidecar, frames: int) -> tuple[float, ...] | None:
    value = sidecar.entries.get(DURATION)
    if value is None:
        return None
    numbers = sidecar.numbers(value if isinstance(value, list) else [value] * frames, DURATION)
    # One number too many or too few is told beside the times, if it is they that are wrong.
    return tuple(checked_durations(numbers, frames, sidecar.path.name).tolist())


def _seconds(sidecar: Sidecar, key: str) -> float | None:
    value = sidecar.entries.get(key)
    return None if value is None or value == "n/a" else sidecar.number(value, key)


def _with_decay(sidecar: Sidecar, acquisition: Acquisition, injection: float) -> Acquisition:
    corrected, corrected_to = _correction(sidecar)
    return replace(
        acquisition,
        half_life=_half_life(sidecar),
        decay_corrected=corrected,
        decay_corrected_to=None if corrected_to is None else corrected_to - injection,
    )


def _correction(sidecar: Sidecar) -> tuple[bool | None, float | None]:
    """Whether decay was corrected, and to which time after TimeZero, s."""
    corrected = sidecar.entries.get("ImageDecayCorrected")
    if isinstance(corrected, str) and corrected.lower() in ("true", "false"):
        corrected = corrected.lower() == "true"
    if isinstance(corrected, bool):
        return corrected, _seconds(sidecar, "ImageDecayCorrectionTime") if corrected else None
    # dcm2niix keeps DICOM's word.
    word = str(sidecar.entries.get("DecayCorrection", "")).upper()
    if word == "START":
        return True, _seconds(sidecar, SCAN_START) or _first_start(sidecar)
    if word == "ADMIN":
        return True, _seconds(sidecar, INJECTION_START) or 0.0
    return (False, None) if word == "NONE" else (None, None)


def _first_start(sidecar: Sidecar) -> float:
    starts = sidecar.entries.get("FrameTimesStart")
    return min(sidecar.numbers(starts, "FrameTimesStart")) if isinstance(starts, list) and starts else 0.0


def _half_life(sidecar: Sidecar) -> float | None:
    stated = _seconds(sidecar, "RadionuclideHalfLife")
    name = str(sidecar.entries.get("TracerRadionuclide", "")).upper()
    letters, digits = ("".join(filter(test, name)) for test in (str.isalpha, str.isdigit))
    return stated or BY_PLAIN_NAME.get(letters + digits)


def pet_entries(series: Series) -> dict:
    """Side-car entries of durations and of what is known of decay; times count from the injection."""
    known = series.acquisition.known()
    entries = {} if series.durations is None else {DURATION: series.durations.tolist()}
    if "half_life" in known:
        entries["RadionuclideHalfLife"] = known["half_life"]
    if "decay_corrected" in known:
        entries["ImageDecayCorrected"] = bool(known["decay_corrected"])
    if "decay_corrected_to" in known:
        entries["ImageDecayCorrectionTime"] = known["decay_corrected_to"]
    return entries
