"""One map of the encoder of visits, kept while a network runs, by which its score can be differentiated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn

from ...errors import ParameterError
from ..blocks.visits import EachVisit


def encoder_of_visits(network: nn.Module) -> nn.Module:
    """The encoder of a network that has a ``last_map``, see `map_centres`.

    Raises
    ------
    ParameterError
        ``E-EXPLAIN``, when the network has no such encoder.
    """
    shared = getattr(network, "encoder", None)
    encoder = shared.encoder if isinstance(shared, EachVisit) else None
    if not hasattr(encoder, "last_map"):
        raise ParameterError(
            "E-EXPLAIN",
            f"{type(network).__name__} has no encoder of visits with a last map",
            fix="Use integrated_gradients or occlusion, which ask nothing of a network.",
        )
    return encoder


@contextmanager
def kept_map(visits: EachVisit, module: nn.Module) -> Iterator[dict[str, Tensor]]:
    """Once the network has run: "map" (N, D, K', J', I') and "mask" (1, T) of the N visits it was made of."""
    kept: dict[str, Tensor] = {}

    def keep_mask(_, given):
        kept["mask"] = given[1]

    def keep_map(_, given, gave):
        # From here on the graph begins: what lies before is not differentiated.
        kept["map"] = gave.detach().requires_grad_()
        return kept["map"]

    hooks = [visits.register_forward_pre_hook(keep_mask), module.register_forward_hook(keep_map)]
    try:
        yield kept
    finally:
        for hook in hooks:
            hook.remove()
