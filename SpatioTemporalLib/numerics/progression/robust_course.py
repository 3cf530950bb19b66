"""Course of scores over a disease age that runs linearly with time in each person, not moved by outliers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from .richards import Richards
from .visits import Visits, within_person_slopes

MOST_ROUNDS, SMALL_CHANGE = 60, 0.01  # years of disease age
MOST_STEPS = 40
# 95 % of the efficiency of least squares where the scatter is normal (Holland & Welsch, 1977).
TUNING = 1.205
MAD_TO_SD = 1.4826
LEAST_SCALE = 1e-3
FASTEST = np.log(10.0)  # bound of the log speed: nobody is followed long enough to tell more
LOW = np.array([-0.15, 0.1, np.log(0.02), -np.inf, -1.5])
HIGH = np.array([0.6, 1.25, np.log(5.0), np.inf, 1.5])
# Standard deviation of log speed that is taken before anything is seen: a few visits close together tell no speed.
SPEED_HOLD = 0.7
ASYMMETRY_HOLD = 0.3  # of a residual: asymmetry drifts where only a part of the curve was seen


@dataclass(frozen=True, eq=False)
class Own:
    """How the disease age of each person runs, (N,): s = centre + speed (t - middle).

    middle : mean time of the visits, years. centre : disease age then, years. log_speed : of years a year.
    covariances : (N, 2, 2) of centre and log speed.
    """

    middle: np.ndarray
    centre: np.ndarray
    log_speed: np.ndarray
    covariances: np.ndarray

    def ages(self, person: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Disease ages of people at times, years."""
        return self.centre[person] + np.exp(self.log_speed[person]) * (times - self.middle[person])

    def rescaled(self, stretch: float, offset: float) -> Own:
        covariances = self.covariances.copy()
        covariances[:, 0, :] *= stretch
        covariances[:, :, 0] *= stretch
        return Own(self.middle, self.centre * stretch + offset, self.log_speed + np.log(stretch), covariances)


@dataclass(frozen=True, eq=False)
class RobustCourse:
    """Curves of all, (K,) robust standard deviations of the residuals, and the disease age of each person."""

    curves: Richards
    scales: np.ndarray
    own: Own


def fit_robust_course(visits: Visits, progress: Callable[[float], None] = lambda fraction: None) -> RobustCourse:
    """Curves of five parameters and linear disease ages by M-estimation, people and scores in turn.

    Disease age is in years: over people, the median of its departure from age at their mean visit is zero, and the
    median speed one.

    Notes
    -----
    After Ghazi et al., NeuroImage 225:117460 (2021), with the logistic loss c^2 log cosh(r / (c sigma)); sigma is from
    the median absolute residual of each score at every turn. Ages start where straight lines through the logits put
    them. Log speeds are held towards that of all, which they are not there.
    """
    scales = np.full(visits.values.shape[1], 0.1)
    own = _start(visits)
    curves, ages = None, own.ages(visits.person, visits.times)
    for number in range(MOST_ROUNDS):
        progress(number / MOST_ROUNDS)
        curves = _fitted_curves(visits, own, scales, curves)
        residuals = visits.values - curves.values(own.ages(visits.person, visits.times))
        scales = np.maximum(MAD_TO_SD * np.nanmedian(np.abs(residuals), axis=0), LEAST_SCALE)
        own = _on_their_scale(fit_own(visits, curves, scales, own), visits.counts)
        now = own.ages(visits.person, visits.times)
        if np.abs(now - ages).mean() < SMALL_CHANGE:
            break
        ages = now
    curves = _fitted_curves(visits, own, scales, curves)
    return RobustCourse(curves, scales, own)


def _on_their_scale(own: Own, counts: np.ndarray) -> Own:
    """The same, stretched and moved so that half of the people go faster than a year a year, and half are older.

    Curves that are fitted next follow.
    """
    stretch = float(np.exp(-np.median(own.log_speed[counts > 1])))
    offset = float(np.median(own.middle - stretch * own.centre))
    return own.rescaled(stretch, offset)


def fit_own(visits: Visits, curves: Richards, scales: np.ndarray, start: Own | None = None) -> Own:
    """The disease age of each person given the curves.

    Who was seen once has the speed of all; the disease age alone is estimated. Nothing of a person rests on others.
    """
    middle = visits.sums(visits.times) / visits.counts
    at = np.column_stack([middle, np.zeros(visits.people)]) if start is None else _vector(start)
    if start is None:
        at[:, 0] = _nearest_ages(visits, curves, scales)
    damping = np.full(visits.people, 1e-3)
    cost, gradient, matrix = _own_loss(visits, curves, scales, at, middle)
    for _ in range(MOST_STEPS):
        step = -np.linalg.solve(matrix + damping[:, None, None] * np.eye(2), gradient[..., None])[..., 0]
        tried = at + np.clip(step, [-5.0, -0.7], [5.0, 0.7])
        tried[:, 1] = np.clip(tried[:, 1], -FASTEST, FASTEST)
        new_cost, new_gradient, new_matrix = _own_loss(visits, curves, scales, tried, middle)
        better = new_cost <= cost
        at[better], cost[better] = tried[better], new_cost[better]
        gradient[better], matrix[better] = new_gradient[better], new_matrix[better]
        damping = np.where(better, damping / 5, np.maximum(damping, 1e-3) * 8)
        if (np.abs(step) < [1e-3, 1e-4]).all() or (damping > 1e10).all():
            break
    return Own(middle, at[:, 0], at[:, 1], np.linalg.inv(matrix))


def _vector(own: Own) -> np.ndarray:
    return np.column_stack([own.centre, own.log_speed])


def _own_loss(visits, curves: Richards, scales, at, middle) -> tuple[np.ndarray, ...]:
    """(N,) loss, (N, 2) gradient and (N, 2, 2) weighted Gauss-Newton matrix over centre and log speed."""
    since = np.exp(at[visits.person, 1]) * (visits.times - middle[visits.person])
    ages = at[visits.person, 0] + since
    residuals = np.where(visits.measured, (curves.values(ages) - visits.values) / (TUNING * scales), 0.0)
    slopes = np.where(visits.measured, curves.slopes(ages) / scales, 0.0)
    weights = _weights(residuals)
    cost = visits.sums((TUNING**2 * _log_cosh(residuals)).sum(axis=1))
    along = np.stack([slopes, slopes * since[:, None]], axis=-1)
    gradient = visits.sums((along * (TUNING * weights * residuals)[..., None]).sum(axis=1))
    matrix = visits.sums(np.swapaxes(along * weights[..., None], 1, 2) @ along)
    held = np.array([0.0, 1 / SPEED_HOLD**2])
    cost += 0.5 * (at**2 @ held)
    # Where nothing was seen to move, the disease age may be anything within decades.
    return cost, gradient + at * held, matrix + np.diag([1e-3, 0.0] + held)


def _weights(residuals: np.ndarray) -> np.ndarray:
    """tanh(r) / r: one for what lies near, falling with distance."""
    size = np.maximum(np.abs(residuals), 1e-8)
    return np.tanh(size) / size


def _log_cosh(residuals: np.ndarray) -> np.ndarray:
    size = np.abs(residuals)
    return size + np.log1p(np.exp(-2 * size)) - np.log(2.0)


def _loss(squares: np.ndarray) -> np.ndarray:
    """The logistic loss for `scipy.optimize.least_squares`, and its two derivatives."""
    size = np.sqrt(np.maximum(squares, 1e-12))
    weights = np.tanh(size) / size
    return np.array([2 * _log_cosh(size), weights, (1 - np.tanh(size) ** 2 - weights) / (2 * size**2)])


def _start(visits: Visits) -> Own:
    """Ages at which straight lines through the logits have what was measured, by the median over scores."""
    lines = special.logit(np.clip(visits.values, 0.02, 0.98))
    rate = np.clip(np.nan_to_num(within_person_slopes(Visits(visits.person, visits.times, lines)), nan=0.1), 0.02, 2.0)
    level = np.nanmean(lines, axis=0)
    middle = visits.sums(visits.times) / visits.counts
    counts = visits.sums(visits.measured.astype(float))
    sums = visits.sums(np.where(visits.measured, lines, 0.0))
    means = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    ahead = np.nanmedian((means - level) / rate, axis=1)
    return Own(middle, visits.times.mean() + ahead, np.zeros(visits.people), np.zeros((visits.people, 2, 2)))


def _nearest_ages(visits: Visits, curves: Richards, scales: np.ndarray) -> np.ndarray:
    """(N,) disease age of a grid at which the curves have the least loss to what was measured, at the speed of all."""
    reach = np.array([(curves.middle - 4 / curves.rate).min(), (curves.middle + 4 / curves.rate).max()])
    grid = np.linspace(*reach, 81)
    middle = visits.sums(visits.times) / visits.counts
    since = visits.times - middle[visits.person]
    ages = grid[:, None] + since
    residuals = np.where(visits.measured, (curves.values(ages) - visits.values) / (TUNING * scales), 0.0)
    losses = np.add.reduceat(_log_cosh(residuals).sum(axis=-1), visits.starts, axis=1)
    return grid[losses.argmin(axis=0)]


def _fitted_curves(visits: Visits, own: Own, scales: np.ndarray, before: Richards | None) -> Richards:
    ages = own.ages(visits.person, visits.times)
    fitted = [_fitted_curve(visits, k, ages, scales[k], before) for k in range(len(scales))]
    lower, height, rate, middle, asymmetry = np.transpose(fitted)
    return Richards(lower, height, np.exp(rate), middle, np.exp(asymmetry))


def _fitted_curve(visits: Visits, k: int, ages: np.ndarray, scale: float, before: Richards | None) -> np.ndarray:
    known = visits.measured[:, k]
    own, values = ages[known], visits.values[known, k]
    if before is None:
        middle = np.median(own) - special.logit(np.clip(values.mean(), 0.1, 0.9)) / 0.2
        start = np.array([0.0, 1.0, np.log(0.2), middle, 0.0])
    else:
        start = np.array([before.lower[k], before.height[k], np.log(before.rate[k]), before.middle[k]])
        start = np.append(start, np.log(before.asymmetry[k]))

    def residuals(x: np.ndarray) -> np.ndarray:
        share = np.exp(np.exp(x[4]) * special.log_expit(np.exp(x[2]) * (own - x[3])))
        return np.append((x[0] + x[1] * share - values) / (TUNING * scale), ASYMMETRY_HOLD * x[4])

    low, high = LOW.copy(), HIGH.copy()
    low[3], high[3] = own.min() - 30.0, own.max() + 30.0
    inside = np.clip(start, low + 1e-6, high - 1e-6)
    spans = np.array([0.1, 0.1, 0.2, 2.0, 0.3])
    found = optimize.least_squares(residuals, inside, bounds=(low, high), loss=_loss, x_scale=spans, max_nfev=30)
    return found.x
