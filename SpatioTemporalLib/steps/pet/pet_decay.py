"""Decay of a PET tracer: which isotope, and whether and to when activity was corrected."""

from __future__ import annotations

import numpy as np

from ...data.isotopes import HALF_LIVES
from ...data.series import Series
from ...errors import Finding, ParameterError, Severity

FROM_FILES, USUAL_ISOTOPE = "auto", "F-18"
SAME_HALF_LIFE = 0.02  # tables and scanners round differently
SMALLEST_CHANGE = 1e-3  # of activity, below which the time of correction is not worth a word


def decay_rate(series: Series, isotope: str) -> float:
    """1/s, of the isotope that was chosen, or of that which the files name; F-18 where they name none.

    Raises
    ------
    ParameterError
        ``E-ISOTOPE`` when the files name another isotope than was chosen.
    """
    stated = series.acquisition.half_life
    if isotope == FROM_FILES:
        return float(np.log(2) / (stated or HALF_LIVES[USUAL_ISOTOPE]))
    chosen = HALF_LIVES[isotope]
    if stated and abs(stated - chosen) > SAME_HALF_LIFE * chosen:
        raise ParameterError(
            "E-ISOTOPE",
            f"isotope = {isotope} has a half-life of {chosen:g} s, the files of the series say {stated:g} s",
            where=series.name,
            fix=f"Choose isotope = {FROM_FILES}, or the isotope of the tracer.",
        )
    return float(np.log(2) / chosen)


def isotope_findings(series: Series, isotope: str, decay: str) -> tuple[Finding, ...]:
    """Say when activity is corrected for the decay of an isotope that was only assumed."""
    moved = decay == "uncorrected" or series.acquisition.decay_corrected_to
    if isotope != FROM_FILES or series.acquisition.half_life or not moved:
        return ()
    text = (
        f"the files do not name the isotope; activity is corrected for the decay of {USUAL_ISOTOPE}; set isotope if "
        "it is another, or all values are wrong"
    )
    return (Finding("W-ISOTOPE", Severity.WARN, text, series.name),)


def require_agreement(series: Series, decay: str) -> None:
    """Refuse a choice that contradicts what the files say of the correction for decay.

    Raises
    ------
    ParameterError
        ``E-DECAY``
    """
    stated = series.acquisition.decay_corrected
    if stated is None or stated == (decay == "corrected"):
        return
    if stated:
        raise ParameterError(
            "E-DECAY",
            "decay = uncorrected, but the files say that the series was corrected for decay already",
            where=series.name,
            fix="Choose decay = corrected, with blood that is corrected for decay too.",
        )
    raise ParameterError(
        "E-DECAY",
        "decay = corrected, but the files say that the series was not corrected for decay "
        "(DecayCorrection NONE, or ImageDecayCorrected false)",
        where=series.name,
        fix="Choose decay = uncorrected, with blood that is not corrected for decay either.",
    )


def decay_factors(series: Series, edges: tuple[np.ndarray, np.ndarray], rate: float, decay: str):
    """(T,) factors that bring frames to activity corrected to time zero, and a finding where that is odd.

    edges : (T,) s each, where frames begin and end. rate : 1/s
    """
    if decay == "uncorrected":
        return 1 / mean_decay(*edges, rate), ()
    corrected_to = series.acquisition.decay_corrected_to or 0.0
    factor = float(np.exp(rate * corrected_to))
    if abs(factor - 1) < SMALLEST_CHANGE:
        return np.ones(len(edges[0])), ()
    text = (
        f"the files say that decay was corrected to {corrected_to:.6g} s (DecayCorrection START, or "
        f"ImageDecayCorrectionTime); activity was brought to time zero, the injection, by a factor of {factor:.4g}"
    )
    return np.full(len(edges[0]), factor), (Finding("R-DECAY-TIME", Severity.REPAIR, text, series.name),)


def mean_decay(starts: np.ndarray, ends: np.ndarray, rate: float) -> np.ndarray:
    """(T,) what is left of activity at time zero, averaged over each frame."""
    # Activity that decays within a frame is averaged over it, not taken at its middle.
    return (np.exp(-rate * starts) - np.exp(-rate * ends)) / (rate * (ends - starts))
