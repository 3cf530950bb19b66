"""What the shared fit asks of a kinetic model, and what it gets from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...numerics.least_squares.exponential_pairs.delay_search import Delays
from ...numerics.relaxation.spoiled_gradient_echo import LogSignal
from ...numerics.signal.frame_sampling import FrameSampling


@dataclass(frozen=True)
class Estimates:
    """Parameters of a model at the optimum of each of n curves.

    values, errors : dict of parameter name to (n,) array, in reported units.
    sse : (n,) sums of squares. status : (n,) `FitStatus` codes.
    """

    values: dict[str, np.ndarray]
    errors: dict[str, np.ndarray]
    sse: np.ndarray
    status: np.ndarray


SignalFitter = Callable[[np.ndarray, LogSignal, np.ndarray, Estimates], Estimates]
DelayedPreparation = Callable[[np.ndarray, np.ndarray, FrameSampling, Delays], Callable[[np.ndarray], Estimates]]


@dataclass(frozen=True)
class KineticModel:
    """One model as the shared fit needs it.

    units : dict of fitted parameter name to its reported unit.
    degrees : number of parameters counted in the degrees of freedom.
    prepare : from (input times, plasma, `FrameSampling`) the function that fits (T, n) curves.
    curve : from (input times, plasma, times, values) the (n, T) model curves.
    in_signal : from (input times, plasma, `FrameSampling`) the function that fits
    the signal instead, from the signals over their baseline, what gives their
    logarithm from concentration, the concentrations and the estimates from those;
    None where concentrations are fitted.
    with_delays : from (input times, plasma, `FrameSampling`, `Delays`) the function
    that fits (T, n) curves, each with its best delay in s as a value ``delay``;
    None where the fit is tried at one delay after the other.
    any_device : whether what `prepare` gives takes torch tensors too.
    cost : microseconds that a voxel takes, roughly.
    """

    units: dict[str, str]
    degrees: int
    prepare: Callable[[np.ndarray, np.ndarray, FrameSampling], Callable[[np.ndarray], Estimates]]
    curve: Callable[[np.ndarray, np.ndarray, np.ndarray, dict[str, np.ndarray]], np.ndarray]
    in_signal: Callable[[np.ndarray, np.ndarray, FrameSampling], SignalFitter] | None = None
    with_delays: Callable[[np.ndarray, np.ndarray, FrameSampling, Delays], Callable[[np.ndarray], Estimates]] | None = (
        None
    )
    any_device: bool = False
    cost: float = 10.0
