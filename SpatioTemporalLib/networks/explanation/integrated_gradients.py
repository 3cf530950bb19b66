"""Integrated gradients: what each voxel adds on the way from a baseline to the image."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ...errors import ParameterError
from ..cases.batch import Batch
from .baselines import Baseline, baseline_images, observed_images
from .undisturbed import Report, each_patient, log_odds, undisturbed, with_images

MOST_STEPS = 512
# A change of the odds by less than 1 % has no shares worth telling.
LEAST_CHANGE = 0.01
# Places on the way from an image without texture are powers of those that are stepped over.
FLAT_POWER = 16


@dataclass(frozen=True, eq=False)
class IntegratedGradients:
    """What voxels add to the log-odds, and how well the parts make up the whole.

    values : (B, T, C, K, J, I), in logits; zero for unobserved visits.
    change : (B,), log-odds of the image minus those of the baseline.
    completeness_error : (B,), |sum of values - change| as a share of |change|.
    steps : (B,), steps taken.
    complete : (B,) bool, whether the error is within the tolerance.
    """

    values: Tensor
    change: Tensor
    completeness_error: Tensor
    steps: Tensor
    complete: Tensor


def integrated_gradients(
    network: nn.Module,
    batch: Batch,
    baseline: Baseline | Tensor = "zero",
    steps: int = 32,
    target: int = 1,
    *,
    tolerance: float = 0.01,
    at_once: int = 8,
    report: Report = None,
) -> IntegratedGradients:
    """Integrated gradients of the log-odds of a class, with as many steps as completeness asks for.

    Parameters
    ----------
    network : module
    batch : Batch
    baseline : str or tensor
        See `baseline_images`; "carry_forward" tells what changed since the first visit.
    steps : int
        To begin with. Where the gradients of a step miss the rise of the score
        over it most, steps are halved, up to `MOST_STEPS` in all.
    target : int
    tolerance : float
        Of the completeness error.
    at_once : int
        Images of a patient in memory at a time.
    report : callable, optional

    Raises
    ------
    ParameterError
        ``E-BASELINE``, or ``E-EXPLAIN`` for fewer than one step.

    Notes
    -----
    Sundararajan et al., ICML 2017, eq. 1, by the midpoint rule. Normalisation
    makes a network nearly blind to contrast, the more so the deeper it is: from
    an image without texture almost all the score may change in the first
    thousandth of the way. There steps are even in a power of the way.
    """
    if steps < 1 or at_once < 1:
        raise ParameterError("E-EXPLAIN", f"steps = {steps}, at_once = {at_once}", fix="Give at least 1 of each.")
    images, begin = observed_images(batch), baseline_images(batch, baseline)
    found = []
    with undisturbed(network):
        for number, patient in each_patient(batch, report):
            path = _path(network, with_images(patient, begin[number, None]), images[number] - begin[number], target)
            edges, scores = _refined(path, steps, tolerance, at_once)
            values = path.gradient(edges, at_once) * path.way
            change = scores[-1] - scores[0]
            error = (values.sum() - change).abs() / change.abs().clamp(min=LEAST_CHANGE)
            found.append((values, change, error, torch.tensor(len(edges) - 1), error <= tolerance))
    return IntegratedGradients(*(torch.stack(parts) for parts in zip(*found)))


@dataclass(frozen=True, eq=False)
class _Path:
    """The straight way (T, C, K, J, I) of one patient from the images that `begin` holds.

    Places on it run from 0 to 1; their `power` is the share of the way that lies behind.
    """

    network: nn.Module
    begin: Batch
    way: Tensor
    target: int
    power: int

    def scores(self, places: Tensor, at_once: int) -> Tensor:
        """Log-odds (N,) at places (N,)."""
        with torch.no_grad():
            return torch.cat([self._score(self._images(some)) for some in places.split(at_once)])

    def slopes(self, places: Tensor, at_once: int) -> Tensor:
        """Derivatives (N,) of the log-odds along the way."""
        return torch.cat([(g * self.way).flatten(1).sum(dim=1) for g in self._gradients(places, at_once)])

    def widths(self, edges: Tensor) -> Tensor:
        """Shares (N,) of the way between places (N + 1,)."""
        return (edges**self.power).diff()

    def gradient(self, edges: Tensor, at_once: int) -> Tensor:
        """Mean (T, C, K, J, I) over the way of the gradient, by steps between the edges."""
        widths = self.widths(edges).split(at_once)
        total = torch.zeros_like(self.way)
        for width, gradients in zip(widths, self._gradients(_middles(edges), at_once)):
            total += torch.tensordot(width.to(gradients), gradients, dims=1)
        return total

    def _gradients(self, places: Tensor, at_once: int):
        for some in places.split(at_once):
            with torch.enable_grad():
                images = self._images(some).requires_grad_()
                yield torch.autograd.grad(self._score(images).sum(), images)[0]

    def _images(self, places: Tensor) -> Tensor:
        shares = (places**self.power).to(self.way).reshape(-1, *[1] * self.way.ndim)
        return self.begin.images + shares * self.way

    def _score(self, images: Tensor) -> Tensor:
        return log_odds(self.network, with_images(self.begin, images), self.target)


def _path(network: nn.Module, begin: Batch, way: Tensor, target: int) -> _Path:
    flat = bool((begin.images == begin.images[..., :1, :1, :1]).all())
    return _Path(network, begin, way, target, FLAT_POWER if flat else 1)


def _refined(path: _Path, steps: int, tolerance: float, at_once: int) -> tuple[Tensor, Tensor]:
    """Edges (N + 1,) of steps from 0 to 1, over which the slopes make up the change, and the scores on them."""
    edges = torch.linspace(0.0, 1.0, steps + 1, dtype=torch.float64)
    scores, slopes = path.scores(edges, at_once), path.slopes(_middles(edges), at_once)
    while True:
        missed = slopes * path.widths(edges).to(slopes) - scores.diff()
        allowed = tolerance * (scores[-1] - scores[0]).abs().clamp(min=LEAST_CHANGE)
        room = MOST_STEPS - len(slopes)
        # Half the tolerance: the sum is made anew, in another order.
        if missed.sum().abs() <= 0.5 * allowed or room <= 0:
            return edges, scores
        worst = missed.abs().argsort(descending=True)[: min(-(-len(slopes) // 4), room)].cpu()
        cut = _middles(edges)[worst]
        kept = torch.ones(len(slopes), dtype=torch.bool).index_fill(0, worst, False)
        halves = torch.cat([(edges[worst] + cut) / 2, (cut + edges[worst + 1]) / 2])
        order = torch.cat([_middles(edges)[kept], halves]).argsort()
        slopes = torch.cat([slopes[kept.to(slopes.device)], path.slopes(halves, at_once)])[order.to(slopes.device)]
        edges, order = torch.cat([edges, cut]).sort()
        scores = torch.cat([scores, path.scores(cut, at_once)])[order.to(scores.device)]


def _middles(edges: Tensor) -> Tensor:
    return (edges[1:] + edges[:-1]) / 2
