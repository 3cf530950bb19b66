"""Dynamic PET: frames as averages, decay, frame weights and the plasma input."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from ...data.curve import Curve
from ...data.isotopes import HALF_LIVES
from ...data.series import Series
from ...data.volumes import LabelMap
from ...declare import Advanced, Choices, Help, Input
from ...errors import Finding, InputError, counted
from ...numerics.signal.frame_sampling import FrameSampling, frame_ends, over_intervals
from .pet_decay import FROM_FILES, decay_factors, decay_rate, isotope_findings, mean_decay, require_agreement
from .pet_timing import checked_durations, short_findings
from .plasma_coverage import plasma_findings

UNITS = {"Bq/mL": 1e-3, "kBq/mL": 1.0, "MBq/mL": 1e3}  # kBq/mL
# As side-cars and tables write them too.
SPELT = {unit.lower().replace("/ml", end): unit for unit in UNITS for end in ("/ml", "/cc", "/cm3", "ml", "/cm^3")}
SMALLEST_ACTIVITY = 0.1  # part of the largest mean activity below which weights grow no further
PET_SERIES = Input(
    "series",
    Series,
    min_frames=5,
    intervals=(0.2, 7200.0),
    made_for=("pet",),
    help="Dynamic PET in Bq/mL or kBq/mL; times are the starts of frames in s after injection, as those of blood are.",
)
PLASMA = Input("plasma", Curve, help="Metabolite-corrected activity in arterial plasma, in Bq/mL or kBq/mL.")
MASK = Input("mask", LabelMap, optional=True, help="Voxels to compute; each label is a region of its own in the table.")


@dataclass(frozen=True)
class PetParameters:
    """Decay and the weights of frames."""

    isotope: Annotated[
        str,
        Choices(FROM_FILES, *HALF_LIVES),
        Help("Isotope of the tracer, for its decay. auto: what the files say, F-18 where they say nothing."),
    ] = FROM_FILES
    decay: Annotated[
        str,
        Choices("corrected", "uncorrected"),
        Help(
            "uncorrected: series and blood are corrected here to time zero, the injection. "
            "Refused where the files of the series say otherwise."
        ),
    ] = "corrected"
    frame_weights: Annotated[
        str,
        Choices("counts", "duration", "equal"),
        Help(
            "counts: frame duration over activity before decay correction, as counting noise has it; duration: "
            "frame duration only; equal: all frames alike."
        ),
        Advanced(),
    ] = "counts"


@dataclass(frozen=True)
class PetFrames:
    """How the frames of one series are read.

    sampling : scaled by the roots of the weights, so that plain least squares
    are weighted ones. factors : (T,) to activity in kBq/mL at time zero.
    starts, ends : (T,) s. mean : (T,) mean activity over the mask or the image,
    kBq/mL. decay_rate : 1/s. findings : what was odd about the series.
    """

    sampling: FrameSampling
    factors: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    mean: np.ndarray
    decay_rate: float
    findings: tuple[Finding, ...]

    @property
    def durations(self) -> np.ndarray:
        """(T,) s"""
        return self.ends - self.starts

    @property
    def middles(self) -> np.ndarray:
        """(T,) s"""
        return (self.starts + self.ends) / 2

    @property
    def roots(self) -> np.ndarray:
        """(T,) square roots of the weights."""
        return self.sampling.scale

    def activity(self, curves: np.ndarray) -> np.ndarray:
        """(T, n) activity in kBq/mL, corrected for decay."""
        return curves * self.factors[:, None]


def pet_frames(series: Series, mask: LabelMap | None, parameters: PetParameters, *, unknowns: int = 0) -> PetFrames:
    """Durations, decay factors and weights of a series.

    unknowns : of the model that is to be fitted; more frames than these are needed.

    Raises
    ------
    InputError
        ``E-INPUT-UNIT`` for values that are no activity, ``E-FRAMES`` for too few
        frames, ``E-TIME-OVERLAP``, ``E-NO-COUNTS`` where weights by counts find none.
    ParameterError
        ``E-DECAY`` and ``E-ISOTOPE`` where the files say otherwise.
    """
    scale = _in_kbq(series.unit, series.name)
    _require_frames(series, unknowns)
    require_agreement(series, parameters.decay)
    rate = decay_rate(series, parameters.isotope)
    durations, findings = checked_durations(series)
    findings = (*short_findings(series, durations), *findings)
    starts, ends = series.times, frame_ends(series.times, durations)
    factors, told = decay_factors(series, (starts, ends), rate, parameters.decay)
    factors = scale * factors
    mean = _mean_activity(series, mask) * factors
    weights = _weights(mean, ends - starts, mean_decay(starts, ends, rate), series.name, parameters.frame_weights)
    sampling = over_intervals(starts, durations).scaled(np.sqrt(weights / weights.mean()))
    told = (*findings, *isotope_findings(series, parameters.isotope, parameters.decay), *told)
    return PetFrames(sampling, factors, starts, ends, mean, rate, told)


def blood_curve(curve: Curve, frames: PetFrames, parameters: PetParameters) -> tuple[Curve, tuple[Finding, ...]]:
    """Activity of blood or plasma in kBq/mL, corrected for decay, and what was odd about it.

    Raises
    ------
    InputError
        ``E-INPUT-UNIT``, ``E-AIF-VALUE`` and ``E-AIF-FLAT`` when it cannot be
        used, those of `plasma_findings` when it does not cover the frames.
    """
    values = curve.values * _in_kbq(curve.unit, curve.name)
    if not np.isfinite(values).all():
        raise InputError(
            "E-AIF-VALUE", "the curve holds values that are not finite", where=curve.name, fix="Correct them."
        )
    if not values.max() > 0:
        raise InputError(
            "E-AIF-FLAT", "the curve is nowhere above zero", where=curve.name, fix="Give the activity over time."
        )
    if parameters.decay == "uncorrected":
        values = values * np.exp(frames.decay_rate * curve.times)
    blood = replace(curve, values=values, unit="kBq/mL")
    return blood, plasma_findings(blood, frames.mean, frames.starts, frames.ends)


def _require_frames(series: Series, unknowns: int) -> None:
    if series.frame_count > unknowns:
        return
    raise InputError(
        "E-FRAMES",
        f"{counted(series.frame_count, 'frame')} for {unknowns} unknowns of the model: any noise would be "
        f"fitted, and nothing "
        "would tell how well",
        where=series.name,
        fix=f"Give {unknowns + 1} frames or more, or choose a simpler model (kinetics.one_tissue, or a plot).",
    )


def _in_kbq(unit: str, name: str) -> float:
    unit = SPELT.get(unit.lower().replace(" ", ""), unit)
    if unit not in UNITS:
        raise InputError(
            "E-INPUT-UNIT",
            f"activity is needed in {' or '.join(UNITS)}, found {unit}",
            where=name,
            fix="Set the unit of the node or in the file's heading, as 'activity [kBq/mL]'.",
        )
    return UNITS[unit]


def _mean_activity(series: Series, mask: LabelMap | None) -> np.ndarray:
    """(T,) mean over the finite voxels of the mask or the image, in the series' unit; zero where there are none."""
    index = slice(None) if mask is None else np.flatnonzero(mask.foreground)
    frames = series.values.reshape(series.frame_count, -1)
    chosen = (np.asarray(frame[index], float) for frame in frames)
    return np.array([float(np.mean(values[good])) if (good := np.isfinite(values)).any() else 0.0 for values in chosen])


def _weights(mean: np.ndarray, durations: np.ndarray, decayed: np.ndarray, name: str, kind: str) -> np.ndarray:
    """(T,) duration squared over counts and decay factor squared, or as the other kinds of weights say."""
    if kind == "equal":
        return np.ones(len(durations))
    if kind == "duration":
        return durations
    if not mean.max() > 0:
        raise InputError(
            "E-NO-COUNTS",
            "the mean activity is nowhere above zero",
            where=name,
            fix="Choose a region with uptake, or frame_weights = duration.",
        )
    # Before arrival there are hardly any counts; without a floor those frames alone would decide.
    return durations * decayed / np.maximum(mean, SMALLEST_ACTIVITY * mean.max())
