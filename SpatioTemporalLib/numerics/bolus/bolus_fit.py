"""Fit of a bolus model to curves of linear intensity, and the measures that follow from it."""

from __future__ import annotations

import numpy as np

from ..least_squares.amplitude_fit import AmplitudeFit, fit_amplitude
from .indicator_dilution import DilutionModel, slope

# Where bolus rise within a frame, each arrival between two frames may be an optimum of its own.
ARRIVALS_PER_FRAME, MOST_ARRIVALS = 2, 160
STARTS = 5  # that are followed
CANDIDATES = (12, 8)  # for each arrival, of the time to peak and of the shape
EARLIEST_ARRIVAL = 0.25  # before the first frame, as a part of the duration
LONGEST_RISE = 3.0  # in durations
GRADIENT_STEP = 1e-4


def fit_bolus(times, curves, model: DilutionModel) -> AmplitudeFit:
    """Fit area, arrival, time to peak and shape of a bolus to (T, n) curves at (T,) times in s.

    Returns
    -------
    AmplitudeFit
        The parameters are the arrival in tenths of the duration, the logarithm
        of the time to peak in s, and that of the shape's number; the amplitude
        is the area under the curve. See `arrival_and_shape`.
    """
    times = np.asarray(times, dtype=float)
    low, high = _bounds(times, model)

    def shape(parameters, problem):
        arrival, first, second = arrival_and_shape(times, parameters, model)
        return model.density(times - arrival[:, None], first[:, None], second[:, None])

    grids = [np.linspace(low[1], high[1], CANDIDATES[0] + 2)[1:-1], np.linspace(low[2], high[2], CANDIDATES[1])]
    time, number = (part.reshape(-1) for part in np.meshgrid(*grids, indexing="ij"))
    frames = (high[0] - low[0]) * _unit(times) / float(np.median(np.diff(times)))
    count = int(min(ARRIVALS_PER_FRAME * frames, MOST_ARRIVALS))
    arrivals = np.linspace(low[0], high[0], count + 1)[:-1]
    candidates = np.stack([np.stack([np.full_like(time, arrival), time, number]) for arrival in arrivals], axis=1)
    return fit_amplitude(np.asarray(curves, dtype=float).T, shape, candidates, (low, high), starts=STARTS)


def arrival_and_shape(times, parameters, model: DilutionModel):
    """Arrival in s, and the model's two shape parameters, of (3, n) searched parameters."""
    arrival = times[0] + parameters[0] * _unit(times)
    return arrival, *model.from_search(parameters[1], parameters[2])


def bolus_measures(times, found: AmplitudeFit, model: DilutionModel) -> dict[str, np.ndarray]:
    """Measures of the fitted bolus by name, (n,) each, in s and in the curves' unit times s or over s.

    Rise and fall time reach from the peak to where the tangents of the
    steepest rise and of the steepest fall meet zero; the areas of wash-in and
    wash-out lie between the same points.
    """
    arrival, first, second = arrival_and_shape(np.asarray(times, float), found.parameters, model)
    area, peak_time = found.amplitude, model.mode(first, second)
    rising, falling = model.inflections(first, second)
    # A rise that is steepest at arrival has its slope just after it.
    rising = np.maximum(rising, 1e-6 * peak_time)
    up, down = slope(model, rising, first, second), slope(model, falling, first, second)
    begin = np.maximum(rising - model.density(rising, first, second) / up, 0.0)
    end = falling - model.density(falling, first, second) / down
    at_begin, at_peak, at_end = (model.area(time, first, second) for time in (begin, peak_time, end))
    wash_in = area * (at_peak - at_begin)
    return {
        "auc": area,
        "peak": area * model.density(peak_time, first, second),
        "arrival": arrival,
        "time_to_peak": peak_time,
        "mean_transit_time": model.mean(first, second),
        "rise_time": peak_time - begin,
        "fall_time": end - peak_time,
        "wash_in_rate": area * up,
        "wash_out_rate": -area * down,
        "wash_in_area": wash_in,
        "wash_in_perfusion_index": wash_in / (peak_time - begin),
        "wash_out_area": area * (at_end - at_peak),
    }


def time_errors(found: AmplitudeFit, model: DilutionModel) -> dict[str, np.ndarray]:
    """(n,) standard errors for unit noise variance of the time to peak and the mean transit time."""
    errors = {}
    for name, quantity in (("time_to_peak", model.mode), ("mean_transit_time", model.mean)):
        gradient = np.zeros_like(found.parameters)
        for number in (1, 2):
            reach = np.zeros((3, 1))
            reach[number] = GRADIENT_STEP
            above, below = (model.from_search(*(found.parameters + sign * reach)[1:]) for sign in (1, -1))
            gradient[number] = (quantity(*above) - quantity(*below)) / (2 * GRADIENT_STEP)
        variance = np.einsum("in,ijn,jn->n", gradient, found.covariance, gradient)
        errors[name] = np.sqrt(np.maximum(variance, 0.0))
    return errors


def _unit(times: np.ndarray) -> float:
    return (times[-1] - times[0]) / 10


def _bounds(times: np.ndarray, model: DilutionModel) -> tuple[np.ndarray, np.ndarray]:
    duration, interval = times[-1] - times[0], float(np.median(np.diff(times)))
    low = [-10 * EARLIEST_ARRIVAL, np.log(interval / 2), np.log(model.bounds[0])]
    return np.array(low), np.array([10.0, np.log(LONGEST_RISE * duration), np.log(model.bounds[1])])
