"""Input curves and their convolutions at times that differ from curve to curve."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ..signal.exponential_convolution import running_integral
from ..signal.frame_sampling import at_instants
from ..signal.tabulated_exponentials import TabulatedExponentials, tabulate_exponentials

MOST_NODES = 500
FINEST = 0.25  # s, nodes of an input that is given more densely than this are thinned out
MOST_SLOTS = 100_000
WIDEST = 1.0  # s, gaps are filled until no node is further from the next


class Places(NamedTuple):
    """(n, T) places between nodes: the node before, counted over all curves, the step from it to the next, the part
    of the step that has passed, and one where the place lies after the first node; curves are zero before it."""

    start: np.ndarray
    step: np.ndarray
    x: np.ndarray
    begun: np.ndarray

    def value(self, values: np.ndarray, slopes: np.ndarray) -> np.ndarray:
        """Cubics at the places, of (n, N) values and slopes at the nodes."""
        return self._value(*self._ends(values, slopes))

    def value_and_slope(self, values: np.ndarray, slopes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Cubics at the places, of (n, N) values and slopes at the nodes, and their slopes."""
        first, rise, before, after = self._ends(values, slopes)
        x = self.x
        slope = 6 * x * (1 - x)
        slope *= rise
        slope /= self.step
        slope += (1 - x) * (1 - 3 * x) * before
        slope -= x * (2 - 3 * x) * after
        slope *= self.begun
        return self._value(first, rise, before, after), slope

    def _value(self, first, rise, before, after) -> np.ndarray:
        x = self.x
        rest = 1 - x
        # Horner's rule in place: these lines are most of a fit.
        at = rest * before
        at -= x * after
        at *= rest
        at *= self.step
        at += x * (1 + 2 * rest) * rise
        at *= x
        at += first
        at *= self.begun
        return at

    def _ends(self, values: np.ndarray, slopes: np.ndarray) -> tuple[np.ndarray, ...]:
        """Values at the nodes before, their rise to the next nodes, and the slopes at both."""
        # Values and slopes as one number: looking them up takes longer than what is done with them.
        both = np.empty(values.shape, dtype=complex)
        both.real, both.imag = values, slopes
        both = both.reshape(-1)
        before, after = both.take(self.start), both.take(self.start + 1)
        after.real -= before.real
        return before.real, after.real, before.imag, after.imag


@dataclass(frozen=True)
class DelayedInput:
    """What is needed to evaluate convolutions of one input at any time.

    Between nodes curves are cubics with the slopes they have at the nodes,
    exact for the integral of an input that is linear there.

    times : (T,) at which undelayed curves are wanted. arrived : (T,) running
    integral of the input there. nodes : (N,) s. plasma, integral : (N,) input
    and its running integral at the nodes. samples : times and values of the input.
    """

    times: np.ndarray
    arrived: np.ndarray
    nodes: np.ndarray
    plasma: np.ndarray
    integral: np.ndarray
    samples: tuple[np.ndarray, np.ndarray]

    @cached_property
    def table(self) -> TabulatedExponentials:
        """Exponentials convolved with the input, at the nodes."""
        return tabulate_exponentials(*self.samples, at_instants(self.nodes))

    def exponential(self, rates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n, N) ``exp(-rate t)`` convolved with the input at the nodes, and the slopes."""
        values = self.table.at(rates)[0] @ self.table.basis.T
        return values, self.plasma - rates[:, None] * values

    def by_rate(self, rates: np.ndarray) -> tuple[np.ndarray, ...]:
        """What `exponential` gives, and the derivatives of both by the rate."""
        coordinates = self.table.at(rates)
        values, derivatives = (c @ self.table.basis.T for c in coordinates)
        rates = rates[:, None]
        return values, self.plasma - rates * values, derivatives, -values - rates * derivatives

    def at_delay(self, values: np.ndarray, slopes: np.ndarray, delay: np.ndarray) -> np.ndarray:
        """(n, T) curves given at the nodes by (n, N) values and slopes, each later by its own (n,) delay in s."""
        places = self.places(delay, values.shape[1] if len(values) > 1 else 0)
        return places.value(values, slopes)

    def places(self, delay: np.ndarray, stride: int) -> Places:
        """Where the wanted times of curves lie that are later by (n,) delays in s.

        stride : nodes from one curve to the next; zero for one curve at several delays.
        """
        wanted = self.times - delay[:, None]
        cell = self.cells(wanted)
        begun = (wanted > self.nodes[0]).astype(float)
        wanted -= self.nodes.take(cell)
        step = self.steps.take(cell)
        wanted /= step
        return Places(np.arange(len(delay))[:, None] * stride + cell, step, wanted, begun)

    @cached_property
    def steps(self) -> np.ndarray:
        """(N - 1,) s from each node to the next."""
        return np.diff(self.nodes)

    @cached_property
    def _slots(self) -> tuple[float, np.ndarray] | None:
        """Slots no longer than any step, in each of which at most one node lies, and the node before each; None where
        they would be too many."""
        width = float(self.steps.min()) * (1 - 1e-9)
        count = int((self.nodes[-1] - self.nodes[0]) / width) + 2
        if count > MOST_SLOTS:
            return None
        begins = self.nodes[0] + width * np.arange(count)
        return width, np.clip(np.searchsorted(self.nodes, begins, side="right") - 1, 0, len(self.nodes) - 2)

    def cells(self, wanted: np.ndarray) -> np.ndarray:
        """Number of the last node before each time, of the first and the last but one where times lie outside."""
        if self._slots is None:
            return np.clip(np.searchsorted(self.nodes, wanted) - 1, 0, len(self.nodes) - 2)
        width, before = self._slots
        slot = ((wanted - self.nodes[0]) * (1 / width)).astype(np.intp)
        cell = before.take(slot, mode="clip")
        cell += wanted > self.nodes.take(cell + 1)
        return np.minimum(cell, len(self.nodes) - 2, out=cell)


def delayed_input(input_times, plasma, times) -> DelayedInput:
    """Prepare one input, linear between its samples, for curves wanted at (T,) times."""
    nodes = _nodes(np.asarray(input_times, float), float(times[-1]))
    return DelayedInput(
        np.asarray(times, float),
        running_integral(input_times, plasma, times),
        nodes,
        np.interp(nodes, input_times, plasma),
        running_integral(input_times, plasma, nodes),
        (input_times, plasma),
    )


def _nodes(knots: np.ndarray, end: float) -> np.ndarray:
    """The input's knots up to the end, thinned where they are dense and with more between them where they are far."""
    knots = np.append(knots[knots < end], end) if knots[0] < end else knots[:2]
    if len(knots) > MOST_NODES:
        slots = np.round((knots - knots[0]) / FINEST).astype(int)
        kept = np.append(np.unique(slots, return_index=True)[1], len(knots) - 1)
        knots = knots[np.unique(kept)]
    widest = max(WIDEST, (knots[-1] - knots[0]) / MOST_NODES)
    parts = np.ceil(np.diff(knots) / widest).astype(int)
    pieces = [np.linspace(a, b, n, endpoint=False) for a, b, n in zip(knots[:-1], knots[1:], parts)]
    return np.concatenate([*pieces, knots[-1:]])
