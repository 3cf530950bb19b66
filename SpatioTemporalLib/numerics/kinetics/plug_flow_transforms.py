"""Impulse responses of tissue crossed in plug flow, from their Laplace transforms.

Each is given per flow by transit time Tc, p = PS over flow and efflux rate k,
without what `plug_flow_models` adds in closed form, together with the
derivatives by these three.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..signal.exponential_convolution import exponential_convolution

# rad/s, up to which impulse responses are inverted; what is left falls with its cube
HIGHEST_FREQUENCY, ROUGHLY = 8.0, 1.0
FEWEST_FREQUENCIES = 64
# Curves wrapped around from a period later are damped by exp(-15); errors at the highest frequencies grow by
# exp(7.5) until the last time that is wanted.
PERIODS, ALIASING = 2.0, 15.0
EMPTY = 1e-9  # of transit and exchange together, where the capillary holds nothing

Transform = Callable[..., tuple[np.ndarray, ...]]
"""From s and (n, 1) transit, exchange and efflux, and whether derivatives are wanted, one or four (n, K) arrays."""


@dataclass(frozen=True)
class Inversion:
    """Inverse Laplace transforms of impulse responses, convolved with one input.

    s : (K,) complex, 1/s, on a line to the right of all poles.
    parts : (2 K, T) matrix that takes the real and the imaginary parts of a transform at `s` to the curve.
    """

    s: np.ndarray
    parts: np.ndarray

    def __call__(self, transform: Transform, transit, exchange, efflux, *, slopes: bool = False) -> list[np.ndarray]:
        """(n, T) curve of a transform, followed by its derivatives where `slopes` are wanted."""
        kind = self.parts.dtype
        given = (values[:, None].astype(kind) for values in (transit, exchange, efflux))
        values = transform(self.s, *given, slopes=slopes)
        return [value.view(kind) @ self.parts for value in values]


def inversion(input_times, plasma, times, highest: float, *, single: bool = False) -> Inversion:
    """Prepare the inversion for one input and the (T,) times at which curves are wanted.

    highest : rad/s, frequency up to which transforms are inverted. single : whether in
    single precision, which leaves four digits at late times.
    """
    period = PERIODS * max(float(times[-1] - input_times[0]), 1.0)
    count = max(FEWEST_FREQUENCIES, int(np.ceil(highest * period / (2 * np.pi))))
    spacing = 2 * np.pi / period
    s = ALIASING / period + 1j * spacing * np.arange(count)
    weights = np.full(count, spacing / np.pi)
    weights[0] /= 2
    curves = exponential_convolution(input_times, plasma, -s, times)
    curves *= weights[:, None]
    parts = np.stack([curves.real, -curves.imag], axis=1).reshape(2 * count, -1)
    return Inversion(s.astype(np.complex64), parts.astype(np.float32)) if single else Inversion(s, parts)


def distributed_rest(s: np.ndarray, transit, exchange, efflux, *, slopes: bool) -> tuple[np.ndarray, ...]:
    """What leaves after two visits to the interstitium or more."""
    share = efflux / (s + efflux)
    visits = exchange * share
    # The difference loses digits where visits are few, but none that count beside the closed forms.
    crossed = np.exp(-s * transit - exchange)
    returned = np.exp(visits - s * transit - exchange)
    rest = crossed * (1 + visits) - returned
    if not slopes:
        return (rest / s,)
    turned = crossed - returned
    by_exchange = (turned * (share - 1) - crossed * visits) / s
    return rest / s, -rest, by_exchange, turned * (exchange / (s + efflux) ** 2)


def homogeneous_rest(s: np.ndarray, transit, exchange, efflux, *, slopes: bool) -> tuple[np.ndarray, ...]:
    """What is held, without what crosses unchanged.

    Along the capillary, 0 <= x <= 1, plasma has ``c' = -a c + p ce`` with a =
    s Tc + p, hence a mean of ``m c(0) + b ce`` with m = (1 - exp(-a)) / a and
    b = (p / a) (1 - m); and ``s ce = k (mean - ce)`` in the interstitium. Volumes
    per flow: the capillary's is Tc, the interstitium's p / k, whose k cancels.
    """
    a = s * transit + exchange
    crossed = np.exp(-a)
    per_a = 1 / np.where(np.abs(a) > EMPTY, a, EMPTY)
    mean = (1 - crossed) * per_a
    room = (1 - mean) * per_a
    back = exchange * room
    per_efflux = 1 / (s + efflux * (1 - back))
    drained = efflux * per_efflux
    plasma = 1 + back * drained
    whole = transit * plasma + exchange * per_efflux
    rest = mean * whole - (1 - crossed) / s
    if not slopes:
        return (rest,)
    # Of 1 / (s + k (1 - b)), once as it counts in the whole: Tc b k + p.
    by_drain = mean * (transit * back * efflux + exchange) * per_efflux**2
    by_back = mean * transit * drained + by_drain * efflux
    mean_slope = (crossed - mean) * per_a
    by_a = whole * mean_slope - by_back * (exchange * mean_slope + back) * per_a - crossed / s
    return (
        rest,
        s * by_a + mean * plasma,
        by_a + by_back * room + mean * per_efflux,
        mean * transit * back * per_efflux - by_drain * (1 - back),
    )
