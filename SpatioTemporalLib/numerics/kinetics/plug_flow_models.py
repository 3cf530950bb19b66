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
from typing import NamedTuple

import numpy as np

from ..signal.frame_sampling import FrameSampling
from .delayed_curves import DelayedInput, delayed_input
from .plug_flow_transforms import HIGHEST_FREQUENCY, Inversion, distributed_rest, homogeneous_rest, inversion
from .two_compartment.models import SMALLEST_VOLUME

SMALLEST_FLOW = 1e-9  # 1/s, with which the transit time stays finite
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


class Parts(NamedTuple):
    """(n, T) curves per flow, and their derivatives by transit, exchange and efflux."""

    shape: np.ndarray
    by_transit: np.ndarray
    by_exchange: np.ndarray
    by_efflux: np.ndarray


def plug_flow_curves(
    kind: str, input_times, plasma, sampling: FrameSampling, *, highest: float = HIGHEST_FREQUENCY
) -> Callable[[np.ndarray], np.ndarray]:
    """The function that gives the (n, T) frames of one model for (4, n) flow, PS (1/s), ve and vp.

    kind : ``adiabatic``, ``distributed`` or ``homogeneous``. highest : rad/s,
    frequency up to which the latter two are computed.
    """
    shape_of = _shape(kind, input_times, plasma, sampling, highest)

    def curves(parameters: np.ndarray) -> np.ndarray:
        flows = map(plug_flow, _in_pieces(parameters))
        return np.concatenate([flow.flow[:, None] * sampling.frames(shape_of(flow)) for flow in flows])

    return curves


def plug_flow_slopes(
    kind: str, input_times, plasma, sampling: FrameSampling, *, highest: float = HIGHEST_FREQUENCY
) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """The function that gives the frames of `plug_flow_curves` and their (4, n, T) derivatives by its parameters."""
    parts_of = _shape(kind, input_times, plasma, sampling, highest, slopes=True)

    def slopes(parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        pieces = _in_pieces(parameters)
        first, curves, derivatives = 0, None, None
        for piece in pieces:
            flow = plug_flow(piece)
            parts = Parts(*map(sampling.frames, parts_of(flow)))
            if curves is None:
                curves = np.empty((parameters.shape[1], parts.shape.shape[1]))
                derivatives = np.empty((4, *curves.shape))
            here = slice(first, first := first + piece.shape[1])
            np.multiply(flow.flow[:, None], parts.shape, out=curves[here])
            _by_parameters(parts, flow, piece[2], derivatives[:, here])
        return curves, derivatives

    return slopes


def _shape(kind: str, input_times, plasma, sampling: FrameSampling, highest: float, *, slopes: bool = False):
    """The function that gives (n, T) curves per flow at the sampling's times, or `Parts` with their slopes."""
    delayed = delayed_input(input_times, plasma, sampling.times)
    if kind == "adiabatic":
        chosen = _adiabatic_parts if slopes else _adiabatic_shape
        return lambda flow: chosen(delayed, flow)
    inverse = inversion(input_times, plasma, sampling.times, highest, single=highest < HIGHEST_FREQUENCY)
    both = {
        "distributed": (_distributed_shape, _distributed_parts),
        "homogeneous": (_homogeneous_shape, _homogeneous_parts),
    }
    chosen = both[kind][slopes]
    return lambda flow: chosen(delayed, inverse, flow)


def _in_pieces(parameters: np.ndarray) -> list[np.ndarray]:
    return np.split(parameters, range(IN_CACHE, parameters.shape[1], IN_CACHE), axis=1)


def _by_parameters(parts: Parts, flow: PlugFlow, ve: np.ndarray, derivatives: np.ndarray) -> None:
    """Write the derivatives by flow, PS, ve and vp: transit = vp / F, exchange = PS / F, efflux = PS / ve."""
    shape, by_transit, by_exchange, by_efflux = parts
    ve = np.maximum(ve, SMALLEST_VOLUME)
    # Where flow is zero so is the curve, and only the shape itself counts.
    scale = flow.flow / np.maximum(flow.flow, SMALLEST_FLOW)
    by_flow, by_ps, by_ve, by_vp = derivatives
    np.multiply((-scale * flow.transit)[:, None], by_transit, out=by_flow)
    by_flow += (-scale * flow.exchange)[:, None] * by_exchange
    by_flow += shape
    np.multiply(scale[:, None], by_exchange, out=by_ps)
    by_ps += (flow.flow / ve)[:, None] * by_efflux
    np.multiply((-flow.flow * flow.efflux / ve)[:, None], by_efflux, out=by_ve)
    np.multiply(scale[:, None], by_transit, out=by_vp)


def _adiabatic(flow: PlugFlow) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Extracted fraction, that over PS / F, and the rate E F / ve at which the interstitium empties."""
    extracted = -np.expm1(-flow.exchange)
    # Without exchange E / (PS / F) is one.
    some = flow.exchange > 0
    share = np.where(some, extracted / np.where(some, flow.exchange, 1.0), 1.0)
    return extracted, share, flow.efflux * share


def _adiabatic_shape(delayed: DelayedInput, flow: PlugFlow) -> np.ndarray:
    """Adiabatic approximation to tissue homogeneity (St Lawrence & Lee, 1998)."""
    extracted, _, rate = _adiabatic(flow)
    left, slope = delayed.exponential(rate)
    extracted = extracted[:, None]
    return delayed.arrived + delayed.at_delay(
        extracted * left - delayed.integral, extracted * slope - delayed.plasma, flow.transit
    )


def _adiabatic_parts(delayed: DelayedInput, flow: PlugFlow) -> Parts:
    extracted, share, rate = _adiabatic(flow)
    left, slope, left_by_rate, slope_by_rate = delayed.by_rate(rate)
    places = delayed.places(flow.transit, left.shape[1])
    whole = extracted[:, None]
    held, entering = places.value_and_slope(whole * left - delayed.integral, whole * slope - delayed.plasma)
    # d(E / p) / dp, by its series where the difference would cancel.
    few = flow.exchange < 1e-4
    safe = np.where(few, 1.0, flow.exchange)
    turn = np.where(few, flow.exchange / 3 - 0.5, (1 - extracted - share) / safe)
    by_rate = whole * places.value(left_by_rate, slope_by_rate)
    by_exchange = (1 - extracted)[:, None] * places.value(left, slope)
    by_exchange += (flow.efflux * turn)[:, None] * by_rate
    return Parts(delayed.arrived + held, -entering, by_exchange, share[:, None] * by_rate)


def _distributed_closed(delayed: DelayedInput, flow: PlugFlow, left, slope) -> tuple[np.ndarray, np.ndarray]:
    """What crosses without exchange, and what does so after one visit to the interstitium, with its slope."""
    unchanged = np.exp(-flow.exchange)[:, None]
    once = flow.exchange[:, None] * unchanged
    both = unchanged + once
    return once * left - both * delayed.integral, once * slope - both * delayed.plasma


def _distributed_shape(delayed: DelayedInput, inverse: Inversion, flow: PlugFlow) -> np.ndarray:
    """Distributed parameter model (Koh et al., 2003)."""
    closed = _distributed_closed(delayed, flow, *delayed.exponential(flow.efflux))
    (rest,) = inverse(distributed_rest, *flow[1:])
    return delayed.arrived + delayed.at_delay(*closed, flow.transit) + rest


def _distributed_parts(delayed: DelayedInput, inverse: Inversion, flow: PlugFlow) -> Parts:
    left, slope, left_by_rate, slope_by_rate = delayed.by_rate(flow.efflux)
    places = delayed.places(flow.transit, left.shape[1])
    held, entering = places.value_and_slope(*_distributed_closed(delayed, flow, left, slope))
    exchange, unchanged = flow.exchange[:, None], np.exp(-flow.exchange)[:, None]
    once, stays = exchange * unchanged, (1 - exchange) * unchanged
    by_exchange = places.value(stays * left + once * delayed.integral, stays * slope + once * delayed.plasma)
    by_efflux = once * places.value(left_by_rate, slope_by_rate)
    rest, *slopes = inverse(distributed_rest, *flow[1:], slopes=True)
    closed = (-entering, by_exchange, by_efflux)
    return Parts(delayed.arrived + held + rest, *(part + other for part, other in zip(closed, slopes)))


def _homogeneous_shape(delayed: DelayedInput, inverse: Inversion, flow: PlugFlow) -> np.ndarray:
    """Tissue homogeneity model (Johnson & Wilson, 1966)."""
    unchanged = np.exp(-flow.exchange)[:, None]
    passed = delayed.at_delay(-unchanged * delayed.integral, -unchanged * delayed.plasma, flow.transit)
    (rest,) = inverse(homogeneous_rest, *flow[1:])
    return delayed.arrived + passed + rest


def _homogeneous_parts(delayed: DelayedInput, inverse: Inversion, flow: PlugFlow) -> Parts:
    unchanged = np.exp(-flow.exchange)[:, None]
    places = delayed.places(flow.transit, 0)
    passed, entering = places.value_and_slope(delayed.integral, delayed.plasma)
    passed *= unchanged
    entering *= unchanged
    rest, by_transit, by_exchange, by_efflux = inverse(homogeneous_rest, *flow[1:], slopes=True)
    return Parts(delayed.arrived - passed + rest, entering + by_transit, passed + by_exchange, by_efflux)
