"""Tissue with two compartments, plasma and interstitium, that exchange; and its limits.

Inside this file flow F and permeability-surface product PS are in 1/s (mL of
plasma per mL of tissue and second) and times in s.

Mass balance of the two compartments gives, with H the transfer function from
plasma input to tissue,

    H(s) = F (s + beta) / (s^2 + sigma s + pi),
    beta = PS (1/vp + 1/ve), sigma = (F + PS)/vp + PS/ve, pi = F PS / (vp ve),

whose poles -K+ and -K- are real. With E(K) the input convolved with
exp(-K t) and D = (E(K-) - E(K+)) / (K+ - K-), the tissue curve is
``F [E(K+) + (beta - K-) D]``. D stays finite where the poles meet. Uptake
without return is 1/ve = 0, one compartment is PS = 0.

Brix et al., Magn Reson Med 52:420 (2004); Sourbron & Buckley, Phys Med Biol
57:R1 (2012).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...arrays import clipped, namespace
from ...signal.exponential_convolution import exponential_convolution

SECONDS_PER_MINUTE = 60.0
PER_SECOND = 1 / (100 * SECONDS_PER_MINUTE)  # one mL/100mL/min in 1/s
SMALLEST_VOLUME = 1e-7  # a smaller compartment holds nothing that could be measured
TOGETHER = 1e-6  # poles closer than this part of the larger one are one double pole


class Exchange(NamedTuple):
    """Physical parameters, each an (n,) array: flow and PS in 1/s, volumes as fractions (ve may be infinite)."""

    flow: np.ndarray
    ps: np.ndarray
    ve: np.ndarray
    vp: np.ndarray


class Poles(NamedTuple):
    """The two rates, fast and slow, in 1/s, and beta - K-."""

    fast: np.ndarray
    slow: np.ndarray
    excess: np.ndarray


def two_compartment_concentration(input_times, plasma, times, *, fp, ps, ve=np.inf, vp) -> np.ndarray:
    """Tissue concentration of the two-compartment exchange model.

    Parameters
    ----------
    input_times, plasma : (N,) arrays, s and mmol/L
        Plasma concentration, linear between samples, zero before the first.
    times : (T,) array, s
    fp : (...,) array or float, mL/100mL/min
        Plasma flow.
    ps : (...,) array or float, 1/min
        Permeability-surface product; zero leaves one compartment.
    ve, vp : (...,) arrays or floats
        Volume fractions. Infinite ve is the uptake model; zero is an empty compartment.

    Returns
    -------
    (..., T) array, mmol/L
    """
    given = np.broadcast_arrays(*(np.asarray(x, float) for x in (fp, ps, ve, vp)))
    fp, ps, ve, vp = (x.reshape(-1) for x in given)
    exchange = Exchange(
        fp * PER_SECOND, ps / SECONDS_PER_MINUTE, np.maximum(ve, SMALLEST_VOLUME), np.maximum(vp, SMALLEST_VOLUME)
    )
    pole = poles(exchange)
    gap = pole.fast - pole.slow
    # The poles only meet where nothing flows; a part in a million apart they give the same curve.
    slow = np.where(gap > TOGETHER * pole.fast, pole.slow, pole.fast * (1 - TOGETHER))
    gap = np.where(pole.fast > 0, pole.fast - slow, 1.0)
    fast_curve, slow_curve = exponential_convolution(input_times, plasma, np.stack([pole.fast, slow]), times)
    curve = fast_curve + (pole.excess / gap)[:, None] * (slow_curve - fast_curve)
    return (exchange.flow[:, None] * curve).reshape(*given[0].shape, len(times))


def poles(exchange: Exchange) -> Poles:
    """Rates of the two exponentials of each tissue."""
    flow, ps, ve, vp = exchange
    out_of_plasma, out_of_interstitium = (flow + ps) / vp, ps / ve
    # A sum of squares: the discriminant itself would cancel where the poles are close.
    xp = namespace(vp)
    root = xp.sqrt((out_of_plasma - out_of_interstitium) ** 2 + 4 * (ps / ve) * (ps / vp))
    fast = (out_of_plasma + out_of_interstitium + root) / 2
    product = (flow / vp) * out_of_interstitium
    slow = xp.where(fast > 0, product / xp.where(fast > 0, fast, 1.0), 0.0)
    return Poles(fast, slow, ps / vp + out_of_interstitium - slow)


def exchange_of(fast, slow, share) -> Exchange:
    """Parameters, for a flow of one, of ``(1 - share) exp(-fast t) + share exp(-slow t)``.

    The inverse of the two-exponential form, physical for fast > slow >= 0 and
    share within 0 and 1. A slow rate of zero gives an infinite ve.
    """
    vp = 1 / ((1 - share) * fast + share * slow)
    with np.errstate(divide="ignore", invalid="ignore"):
        ve = (1 - share) / fast + share / slow - vp
        ps = np.where(slow > 0, ve * fast * slow * vp, share * fast * vp)
    return Exchange(np.ones_like(vp), ps, ve, vp)


def pole_slopes(exchange: Exchange, pole: Poles) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Derivatives of (K+, K-, beta) by each physical parameter, by the parameter's name."""
    flow, ps, ve, vp = exchange
    xp = namespace(vp)
    per_gap = 1 / clipped(pole.fast - pole.slow, TOGETHER * pole.fast + 1e-300, np.inf)
    both = 1 / vp + 1 / ve
    product = (flow / vp) * (ps / ve)
    by = {  # derivatives of the sum of the poles, of their product, and of beta
        "flow": (1 / vp, (ps / ve) / vp, xp.zeros_like(flow)),
        "ps": (both, flow / vp / ve, both),
        "ve": (-ps / ve**2, -product / ve, -ps / ve**2),
        "vp": (-(flow + ps) / vp**2, -product / vp, -ps / vp**2),
    }
    return {name: ((pole.fast * s - p) * per_gap, (p - pole.slow * s) * per_gap, b) for name, (s, p, b) in by.items()}
