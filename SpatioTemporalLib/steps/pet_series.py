"""Dynamic PET: frames as averages, decay, frame weights and the plasma input."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from ..data.curve import Curve
from ..data.series import Series
from ..data.volumes import LabelMap
from ..declare import Advanced, Choices, Help, Input
from ..errors import InputError
from ..numerics.frame_sampling import FrameSampling, over_intervals

# Half-lives in s, of the National Nuclear Data Center.
HALF_LIVES = {"C-11": 1221.8, "F-18": 6586.2, "O-15": 122.24, "N-13": 597.9, "Ga-68": 4062.6, "Cu-64": 45723.6}
UNITS = {"Bq/mL": 1e-3, "kBq/mL": 1.0, "MBq/mL": 1e3}  # kBq/mL
SMALLEST_ACTIVITY = 0.1  # part of the largest mean activity below which weights grow no further
PET_SERIES = Input(
    "series",
    Series,
    min_frames=5,
    help="Dynamic PET in Bq/mL or kBq/mL; times are the starts of frames that follow each other without a gap.",
)
PLASMA = Input("plasma", Curve, help="Metabolite-corrected activity in arterial plasma, in Bq/mL or kBq/mL.")
MASK = Input("mask", LabelMap, optional=True, help="Voxels to compute; each label is a region of its own in the table.")


@dataclass(frozen=True)
class PetParameters:
    """Decay and the weights of frames."""

    isotope: Annotated[str, Choices(*HALF_LIVES), Help("Isotope of the tracer; its half-life is used for decay.")] = (
        "F-18"
    )
    decay: Annotated[
        str,
        Choices("corrected", "uncorrected"),
        Help("uncorrected: series and blood are corrected here to the time zero of the series' clock."),
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
    durations, middles : (T,) s.
    """

    sampling: FrameSampling
    factors: np.ndarray
    durations: np.ndarray
    middles: np.ndarray

    @property
    def roots(self) -> np.ndarray:
        """(T,) square roots of the weights."""
        return self.sampling.scale

    def activity(self, curves: np.ndarray) -> np.ndarray:
        """(T, n) activity in kBq/mL, corrected for decay."""
        return curves * self.factors[:, None]


def pet_frames(series: Series, mask: LabelMap | None, parameters: PetParameters) -> PetFrames:
    """Decay factors and weights of a series.

    Raises
    ------
    InputError
        ``E-INPUT-UNIT`` for values that are no activity, ``E-NO-COUNTS`` where weights by counts find none.
    """
    scale = _in_kbq(series.unit, series.name)
    plain = over_intervals(series.times)
    edges = plain.times[plain.edges]
    durations = np.diff(edges)
    middles = edges[:-1] + durations / 2
    rate = np.log(2) / HALF_LIVES[parameters.isotope]
    # Activity that decays within a frame is averaged over it, not taken at its middle.
    decayed = (np.exp(-rate * edges[:-1]) - np.exp(-rate * edges[1:])) / (rate * durations)
    factors = np.full(len(durations), scale) / (decayed if parameters.decay == "uncorrected" else 1.0)
    weights = _weights(series, mask, parameters, factors, durations * decayed)
    weights = durations if weights is None else weights
    roots = np.sqrt(weights / weights.mean()) if parameters.frame_weights != "equal" else np.ones(len(durations))
    return PetFrames(plain.scaled(roots), factors, durations, middles)


def blood_curve(curve: Curve, parameters: PetParameters) -> Curve:
    """Activity of blood or plasma in kBq/mL, corrected for decay.

    Raises
    ------
    InputError
        ``E-INPUT-UNIT``, ``E-AIF-VALUE`` and ``E-AIF-FLAT`` when it cannot be used.
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
        values = values * np.exp(np.log(2) / HALF_LIVES[parameters.isotope] * curve.times)
    return replace(curve, values=values, unit="kBq/mL")


def _in_kbq(unit: str, name: str) -> float:
    if unit not in UNITS:
        raise InputError(
            "E-INPUT-UNIT",
            f"activity is needed in {' or '.join(UNITS)}, found {unit}",
            where=name,
            fix="Set the unit of the node or in the file's heading, as 'activity [kBq/mL]'.",
        )
    return UNITS[unit]


def _weights(series, mask, parameters, factors, decayed_durations) -> np.ndarray | None:
    """Duration squared over counts and decay factor squared, of the mean activity over the mask or the image."""
    if parameters.frame_weights != "counts":
        return None
    index = slice(None) if mask is None else np.flatnonzero(mask.foreground)
    frames = series.values.reshape(series.frame_count, -1)
    mean = np.array([np.nanmean(np.asarray(frame[index], float)) for frame in frames]) * factors
    if not mean.max() > 0:
        raise InputError(
            "E-NO-COUNTS",
            "the mean activity is nowhere above zero",
            where=series.name,
            fix="Choose a region with uptake, or frame_weights = duration.",
        )
    # Before arrival there are hardly any counts; without a floor those frames alone would decide.
    return decayed_durations / np.maximum(mean, SMALLEST_ACTIVITY * mean.max())
