"""Tissue whose capillaries are crossed in plug flow, and what leaks into the interstitium on the way.

Plasma passes the capillary in Tc = vp / F and exchanges with the interstitium
with the permeability-surface product PS. In all models of this file

    C(t) = F [S(t) - ...], S the running integral of the input,

since nothing has left before the first plasma reaches the end. They differ in
the interstitium: mixed along the capillary ("tissue homogeneity"), that with
the slow change of its concentration neglected during a transit ("adiabatic"),
or mixed across but not along ("distributed parameters").

Johnson & Wilson, Am J Physiol 210:1299 (1966); St Lawrence & Lee, J Cereb Blood
Flow Metab 18:1365 (1998); Koh et al., IEEE Trans Biomed Eng 50:159 (2003).

Inside this file F and PS are in 1/s and times in s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..signal.exponential_convolution import exponential_convolution
from ..signal.frame_sampling import FrameSampling
from .delayed_curves import DelayedInput, delayed_input
from .two_compartment_models import SMALLEST_VOLUME

SMALLEST_FLOW = 1e-9  # 1/s, with which the transit time stays finite
HIGHEST_FREQUENCY, ROUGHLY = (
    8.0,
    1.5,
)  # rad/s, up to which impulse responses are inverted; what is left falls with its cube
FEWEST_FREQUENCIES = 128
# Curves wrapped around from a period later are damped by exp(-15); errors at the highest frequencies grow by
# exp(7.5) until the last time that is wanted.
PERIODS, ALIASING = 2.0, 15.0
EMPTY = 1e-9  # of transit and exchange together, where the capillary holds nothing
IN_CACHE = 128  # curves whose working arrays stay in the processor's cache


class PlugFlow(NamedTuple):
    """(n,) arrays: flow 1/s, transit time s, PS over flow, and efflux rate of the interstitium PS / ve 1/s."""

    flow: np.ndarray
    transit: np.ndarray
    exchange: np.ndarray
    efflux: np.ndarray


def plug_flow(parameters: np.ndarray) -> PlugFlow:
    """From (4, n) flow, PS (both 1/s), ve and vp."""
    flow, ps, ve, vp = parameters
    moving = np.maximum(flow, SMALLEST_FLOW)
    return PlugFlow(flow, vp / moving, ps / moving, ps / np.maximum(ve, SMALLEST_VOLUME))


@dataclass(frozen=True)
class Inversion:
    """Inverse Laplace transforms of impulse responses, convolved with one input.

    s : (K,) complex, 1/s, on a line to the right of all poles.
    real, imaginary : (K, T) matrices that take the parts of a transform at `s` to the curve.
    """

    s: np.ndarray
    real: np.ndarray
    imaginary: np.ndarray

    def __call__(self, transform: Callable, flow: PlugFlow) -> np.ndarray:
        """(n, T) curves of a transform that gives (n, K) values at s for (n, 1) parameters."""
        values = transform(self.s, PlugFlow(*(p[:, None] for p in flow)))
        return values.real @ self.real + values.imag @ self.imaginary


def inversion(input_times, plasma, times, highest: float) -> Inversion:
    """Prepare the inversion for one input and the (T,) times at which curves are wanted.

    highest : rad/s, frequency up to which transforms are inverted.
    """
    period = PERIODS * max(float(times[-1] - input_times[0]), 1.0)
    count = max(FEWEST_FREQUENCIES, int(np.ceil(highest * period / (2 * np.pi))))
    spacing = 2 * np.pi / period
    s = ALIASING / period + 1j * spacing * np.arange(count)
    weights = np.full(count, spacing / np.pi)
    weights[0] /= 2
    curves = exponential_convolution(input_times, plasma, -s, times)
    curves *= weights[:, None]
    return Inversion(s, np.ascontiguousarray(curves.real), np.ascontiguousarray(-curves.imag))


def plug_flow_curves(
    kind: str, input_times, plasma, sampling: FrameSampling, *, highest: float = HIGHEST_FREQUENCY
) -> Callable[[np.ndarray], np.ndarray]:
    """The function that gives the (n, T) frames of one model for (4, n) flow, PS (1/s), ve and vp.

    kind : ``adiabatic``, ``distributed`` or ``homogeneous``. highest : rad/s,
    frequency up to which the latter two are computed.
    """
    delayed = delayed_input(input_times, plasma, sampling.times)
    inverse = None if kind == "adiabatic" else inversion(input_times, plasma, sampling.times, highest)

    def some(parameters: np.ndarray) -> np.ndarray:
        flow = plug_flow(parameters)
        if kind == "adiabatic":
            return adiabatic_curves(delayed, flow)
        return {"distributed": distributed_curves, "homogeneous": homogeneous_curves}[kind](delayed, inverse, flow)

    def curves(parameters: np.ndarray) -> np.ndarray:
        pieces = np.split(parameters, range(IN_CACHE, parameters.shape[1], IN_CACHE), axis=1)
        return np.concatenate([sampling.frames(some(piece)) for piece in pieces])

    return curves


def adiabatic_curves(delayed: DelayedInput, flow: PlugFlow) -> np.ndarray:
    """(n, T) curves of the adiabatic approximation to tissue homogeneity (St Lawrence & Lee, 1998)."""
    extracted, rate = _adiabatic(flow)
    left, slope = delayed.exponential(rate)
    extracted = extracted[:, None]
    shape = delayed.at_delay(extracted * left - delayed.integral, extracted * slope - delayed.plasma, flow.transit)
    return flow.flow[:, None] * (delayed.arrived + shape)


def _adiabatic(flow: PlugFlow) -> tuple[np.ndarray, np.ndarray]:
    """Extracted fraction, and the rate E F / ve at which the interstitium empties."""
    extracted = -np.expm1(-flow.exchange)
    # PS / ve times E / (PS / F): without exchange E / (PS / F) is one.
    safe = np.where(flow.exchange > 0, flow.exchange, 1.0)
    return extracted, flow.efflux * np.where(flow.exchange > 0, extracted / safe, 1.0)


def adiabatic_slopes(
    input_times, plasma, sampling: FrameSampling
) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """The function that gives the (n, T) frames of the adiabatic model and their (4, n, T) derivatives.

    By flow, PS (1/s), ve and vp, as `plug_flow_curves` takes them.
    """
    delayed = delayed_input(input_times, plasma, sampling.times)

    def slopes(parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        pieces = np.split(parameters, range(IN_CACHE, parameters.shape[1], IN_CACHE), axis=1)
        parts = [_adiabatic_slopes(delayed, sampling, piece) for piece in pieces]
        return np.concatenate([c for c, _ in parts]), np.concatenate([d for _, d in parts], axis=1)

    return slopes


def _adiabatic_slopes(delayed: DelayedInput, sampling: FrameSampling, parameters: np.ndarray):
    flow = plug_flow(parameters)
    extracted, rate = _adiabatic(flow)
    left, slope, left_by_rate, slope_by_rate = delayed.by_rate(rate)
    share = extracted[:, None]
    staying = share * left - delayed.integral, share * slope - delayed.plasma
    places = delayed.places(flow.transit, left.shape[1])
    shape = sampling.frames(delayed.arrived + places.value(*staying))
    by_transit = -sampling.frames(places.slope(*staying))
    by_share = sampling.frames(places.value(left, slope))
    by_rate = share * sampling.frames(places.value(left_by_rate, slope_by_rate))
    # Now by the parameters: transit = vp / F, E = 1 - exp(-PS / F), rate = E F / ve.
    moving = np.maximum(flow.flow, SMALLEST_FLOW)
    ve = np.maximum(parameters[2], SMALLEST_VOLUME)
    unextracted = 1 - extracted
    turned = flow.exchange * unextracted  # -F dE / dF
    # Where flow is zero so is the curve, and only the shape itself counts.
    scale = flow.flow / moving
    terms = (
        (1.0, -scale * flow.transit, -scale * turned, flow.flow * (extracted - turned) / ve),
        (0.0, 0.0, scale * unextracted, flow.flow * unextracted / ve),
        (0.0, 0.0, 0.0, -flow.flow * rate / ve),
        (0.0, scale, 0.0, 0.0),
    )
    derivatives = np.zeros((4, *shape.shape))
    for derivative, factors in zip(derivatives, terms):
        for factor, part in zip(factors, (shape, by_transit, by_share, by_rate)):
            if np.any(factor):
                derivative += np.reshape(factor, (-1, 1)) * part
    return flow.flow[:, None] * shape, derivatives


def distributed_curves(delayed: DelayedInput, inverse: Inversion, flow: PlugFlow) -> np.ndarray:
    """(n, T) curves of the distributed parameter model (Koh et al., 2003)."""
    # What crosses without exchange, and what does so after one visit to the interstitium, are known in closed form.
    unchanged, once = np.exp(-flow.exchange), flow.exchange * np.exp(-flow.exchange)
    left, slope = delayed.exponential(flow.efflux)
    unchanged, once = unchanged[:, None], once[:, None]
    values = once * left - (unchanged + once) * delayed.integral
    slopes = once * slope - (unchanged + once) * delayed.plasma
    shape = delayed.at_delay(values, slopes, flow.transit) + inverse(_distributed_rest, flow)
    return flow.flow[:, None] * (delayed.arrived + shape)


def homogeneous_curves(delayed: DelayedInput, inverse: Inversion, flow: PlugFlow) -> np.ndarray:
    """(n, T) curves of the tissue homogeneity model (Johnson & Wilson, 1966)."""
    unchanged = np.exp(-flow.exchange)[:, None]
    passed = delayed.at_delay(-unchanged * delayed.integral, -unchanged * delayed.plasma, flow.transit)
    return flow.flow[:, None] * (delayed.arrived + passed + inverse(_homogeneous_rest, flow))


def _distributed_rest(s: np.ndarray, flow: PlugFlow) -> np.ndarray:
    """Transform of what leaves after two visits to the interstitium or more, per flow."""
    visits = flow.exchange * flow.efflux / (s + flow.efflux)
    delayed = -s * flow.transit - flow.exchange
    # The difference loses digits where visits are few, but none that count beside the closed forms.
    return (np.exp(delayed) * (1 + visits) - np.exp(delayed + visits)) / s


def _homogeneous_rest(s: np.ndarray, flow: PlugFlow) -> np.ndarray:
    """Transform of the residue per flow, without what crosses unchanged.

    Along the capillary, 0 <= x <= 1, plasma has ``c' = -a c + p ce`` with a =
    s Tc + p and p = PS / F, hence a mean of ``g c(0) + (p / a) (1 - g) ce``
    with g = (1 - exp(-a)) / a; and ``s ce = k (mean - ce)`` in the interstitium.
    """
    a = s * flow.transit + flow.exchange
    crossed = np.exp(-a)
    per_a = 1 / np.where(np.abs(a) > EMPTY, a, EMPTY)
    mean = (1 - crossed) * per_a
    back = flow.exchange * (1 - mean) * per_a
    per_efflux = 1 / (s + flow.efflux * (1 - back))
    # Volumes per flow: the capillary's is Tc, the interstitium's p / k, whose k cancels.
    held = flow.transit * mean * (1 + back * flow.efflux * per_efflux) + flow.exchange * mean * per_efflux
    return held - (1 - crossed) / s
