"""How far readers agree beyond chance: kappa and AC1 of what is marked or not, intraclass correlation of numbers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import special

# Of all variance, below which numbers differ by rounding only.
ROUNDING = 1e-12


class Correlation(NamedTuple):
    """An intraclass correlation and its confidence interval; NaN where there is none."""

    value: float
    low: float
    high: float


def cohen_kappa(both: float, first: float, second: float, neither: float) -> float:
    """Kappa of two readers from how many things both mark, only one of them, or none; NaN where chance explains all.

    Notes
    -----
    Cohen, Educ Psychol Meas 20:37 (1960).
    """
    count = both + first + second + neither
    if not count:
        return float("nan")
    one, other = (both + first) / count, (both + second) / count
    return _beyond_chance((both + neither) / count, one * other + (1 - one) * (1 - other))


def fleiss_kappa(marks) -> float:
    """Kappa of several readers.

    Parameters
    ----------
    marks : (readers + 1,) how many things were marked by none of the readers, by one, ... by all

    Notes
    -----
    Fleiss, Psychol Bull 76:378 (1971), with two categories.
    """
    agreed, share = _pairs_that_agree(marks)
    return _beyond_chance(agreed, share**2 + (1 - share) ** 2)


def gwet_ac1(marks) -> float:
    """Agreement of several readers that does not collapse where nearly all or nearly nothing is marked.

    Notes
    -----
    Gwet, Br J Math Stat Psychol 61:29 (2008), with two categories; marks as of `fleiss_kappa`.
    """
    agreed, share = _pairs_that_agree(marks)
    return _beyond_chance(agreed, 2 * share * (1 - share))


def absolute_agreement(values, *, confidence: float = 0.95) -> Correlation:
    """ICC(2,1): of one reader, of a random sample of readers; a reader that measures more than others lowers it.

    Parameters
    ----------
    values : (n, k) of n cases by k readers, none missing

    Notes
    -----
    Shrout and Fleiss, Psychol Bull 86:420 (1979); interval of McGraw and Wong, Psychol Methods 1:30 (1996).
    """
    n, k, cases, readers, rest = _mean_squares(values)
    below = cases + (k - 1) * rest + k * (readers - rest) / n
    if not below > ROUNDING * np.square(values).mean():
        return Correlation(*(float("nan"),) * 3)
    icc = (cases - rest) / below
    a, b = k * icc / (n * (1 - icc)) if icc < 1 else np.inf, 1 + k * icc * (n - 1) / (n * (1 - icc)) if icc < 1 else 0
    if not np.isfinite(a) or rest <= 0:
        return Correlation(float(icc), float("nan"), float("nan"))
    freedom = (a * readers + b * rest) ** 2 / ((a * readers) ** 2 / (k - 1) + (b * rest) ** 2 / ((n - 1) * (k - 1)))
    tail = (1 + confidence) / 2
    lower, upper = special.fdtri(n - 1, freedom, tail), special.fdtri(freedom, n - 1, tail)
    other = k * readers + (k * n - k - n) * rest
    low = n * (cases - lower * rest) / (lower * other + n * cases)
    high = n * (upper * cases - rest) / (other + n * upper * cases)
    return Correlation(float(icc), float(low), float(high))


def consistency(values, *, confidence: float = 0.95) -> Correlation:
    """ICC(3,1): of one of these very readers, whatever each of them adds to all cases.

    Notes
    -----
    Shrout and Fleiss, Psychol Bull 86:420 (1979).
    """
    n, k, cases, _, rest = _mean_squares(values)
    if not cases + (k - 1) * rest > ROUNDING * np.square(values).mean():
        return Correlation(*(float("nan"),) * 3)
    icc = float((cases - rest) / (cases + (k - 1) * rest))
    if rest <= 0:
        return Correlation(icc, float("nan"), float("nan"))
    tail, freedom = (1 + confidence) / 2, (n - 1) * (k - 1)
    low = cases / rest / special.fdtri(n - 1, freedom, tail)
    high = cases / rest * special.fdtri(freedom, n - 1, tail)
    return Correlation(icc, *(float((f - 1) / (f + k - 1)) for f in (low, high)))


def _mean_squares(values) -> tuple[int, int, float, float, float]:
    """Cases, readers, and mean squares between cases, between readers, and of the rest."""
    values = np.asarray(values, dtype=float)
    n, k = values.shape
    whole, of_case, of_reader = values.mean(), values.mean(axis=1), values.mean(axis=0)
    rest = values - of_case[:, None] - of_reader + whole
    return (
        n, k, k * np.square(of_case - whole).sum() / (n - 1), n * np.square(of_reader - whole).sum() / (k - 1),
        np.square(rest).sum() / ((n - 1) * (k - 1)),
    )  # fmt: skip


def _pairs_that_agree(marks) -> tuple[float, float]:
    """Share of pairs of readings of a thing that agree, and share of readings that mark."""
    marks = np.asarray(marks, dtype=float)
    k, count = len(marks) - 1, marks.sum()
    if not count:
        return float("nan"), float("nan")
    yes = np.arange(k + 1)
    agreed = (yes * (yes - 1) + (k - yes) * (k - yes - 1)) / (k * (k - 1))
    return float((agreed * marks).sum() / count), float((yes * marks).sum() / (k * count))


def _beyond_chance(agreed: float, by_chance: float) -> float:
    return float((agreed - by_chance) / (1 - by_chance)) if by_chance < 1 else float("nan")
