"""The optimum that bounded general-purpose fits find from many starts, all curves and starts together."""

import numpy as np
from scipy.optimize import least_squares

STARTS = 20
EXCESS = 1e-6  # what our sum of squares may be above the best of the starts, as a part of it
ITERATIONS = 100
RACE, LEADING = 30, 5  # after so many steps only so many of each curve's starts go on
STEP = 1e-6  # of central differences, as a part of the span between the bounds


def smallest_sums_of_squares(residuals, starts, low, high):
    """Of the residuals within the bounds, the smallest that is found from each curve's starts.

    Parameters
    ----------
    residuals : function of (P, n) parameters and the (n,) numbers of their curves, which gives (n, T)
    starts : (S, P, C) array
    low, high : (P,) bounds

    Returns
    -------
    (C,) array. Every start is followed by Levenberg-Marquardt steps projected onto the bounds; the best of
    each curve is then finished by `scipy.optimize.least_squares`, which shares no code with it.
    """
    starts = np.asarray(starts, float)
    count, curves = len(starts), starts.shape[2]
    low, high = np.asarray(low, float), np.asarray(high, float)
    which = np.tile(np.arange(curves), count)
    found = np.concatenate(list(np.clip(starts, low[:, None], high[:, None])), axis=1)
    found, cost = _descended(residuals, found, which, low, high)
    best = cost.reshape(count, curves).argmin(axis=0) * curves + np.arange(curves)
    finished = (_finished(residuals, found[:, n], which[n : n + 1], low, high) for n in best)
    return np.minimum(cost[best], np.fromiter(finished, float, curves))


def uniform_starts(rng, low, high, curves, count=STARTS):
    """(count, P, curves) starts drawn uniformly between (P,) limits."""
    low, high = (np.asarray(limit, float)[None, :, None] for limit in (low, high))
    return rng.uniform(low, high, (count, low.shape[1], curves))


def worst_excess(ours, references, power):
    """By how much our sums of squares exceed the references, as a part of them; noise-free ones count by the power."""
    references = np.asarray(references)
    return float(((np.asarray(ours) - references) / np.maximum(references, 1e-12 * np.asarray(power))).max())


def _descended(residuals, parameters, which, low, high):
    """Parameters and sums of squares where no step of any start lowers it further."""
    left = residuals(parameters, which)
    cost = (left**2).sum(axis=1)
    damping, open_ = np.full(len(which), 1e-3), np.arange(len(which))
    for iteration in range(ITERATIONS):
        moved = _step(residuals, parameters[:, open_], which[open_], left[open_], damping[open_], low, high)
        tried = residuals(moved, which[open_])
        new = (tried**2).sum(axis=1)
        better = new < cost[open_]
        accepted = open_[better]
        gain = cost[accepted] - new[better]
        parameters[:, accepted], left[accepted] = moved[:, better], tried[better]
        done = np.zeros(len(open_), bool)
        done[better] = gain <= 1e-13 * cost[accepted]
        cost[accepted] = new[better]
        damping[open_] *= np.where(better, 0.2, 8.0)
        open_ = open_[~done & (damping[open_] < 1e12)]
        if iteration == RACE:
            open_ = np.intersect1d(open_, _leading(cost, which))
        if open_.size == 0:
            break
    return parameters, cost


def _leading(cost, which):
    """Numbers of the starts that are among the best of their curve."""
    order = np.lexsort((cost, which))
    places = np.arange(len(order)) - np.searchsorted(which[order], which[order])
    return order[places < LEADING]


def _step(residuals, parameters, which, left, damping, low, high):
    """The next parameters: a damped Gauss-Newton step in those that are free, clipped to the bounds."""
    slopes = _slopes(residuals, parameters, which, low, high)
    gradient = np.einsum("pnt,nt->np", slopes, left)
    stuck = ((parameters <= low[:, None]).T & (gradient > 0)) | ((parameters >= high[:, None]).T & (gradient < 0))
    normal = np.einsum("pnt,qnt->npq", slopes, slopes)
    size = np.sqrt(np.einsum("npp->np", normal))
    size = np.where(size > 0, size, 1.0)
    free = ~stuck[:, :, None] & ~stuck[:, None, :]
    scaled = np.where(free, normal / (size[:, :, None] * size[:, None, :]), 0.0)
    # The last summand keeps the matrix regular where a parameter changes nothing.
    scaled += np.eye(len(low)) * np.where(stuck, 1.0, damping[:, None] + 1e-14)[:, None, :]
    change = np.linalg.solve(scaled, np.where(stuck, 0.0, -gradient / size)[:, :, None])[:, :, 0] / size
    return np.clip(parameters + change.T, low[:, None], high[:, None])


def _slopes(residuals, parameters, which, low, high):
    """(P, n, T) derivatives of the residuals by central differences, one-sided where a bound is near."""
    size, count = parameters.shape
    steps = (STEP * (high - low))[:, None, None] * np.eye(size)[:, :, None]
    ahead, behind = (np.clip(parameters + sign * steps, low[:, None], high[:, None]).swapaxes(0, 1) for sign in (1, -1))
    both = np.concatenate([ahead, behind], axis=1).reshape(size, -1)
    values = residuals(both, np.tile(which, 2 * size)).reshape(2, size, count, -1)
    apart = np.stack([ahead[n, n] - behind[n, n] for n in range(size)])
    return (values[0] - values[1]) / apart[:, :, None]


def _finished(residuals, start, which, low, high):
    span = (high - low) / 10
    fit = least_squares(
        lambda p: residuals(p[:, None], which)[0],
        start,
        bounds=(low, high),
        x_scale=span,
        xtol=1e-14,
        ftol=1e-14,
        gtol=1e-14,
        max_nfev=200,
    )
    return 2 * fit.cost
