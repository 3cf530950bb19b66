"""What tests of networks ask of every module."""

from __future__ import annotations

import torch

BATCH, VISITS = 3, 4


def visits(*trailing: int, seed: int = 0):
    """Features (3, 4, ...), times in days, one patient's out of order, and a mask with three, two and four visits."""
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(BATCH, VISITS, *trailing, generator=generator)
    times = torch.tensor([[0.0, 90.0, 200.0, 400.0], [300.0, 0.0, 120.0, 50.0], [0.0, 30.0, 365.0, 700.0]])
    mask = torch.tensor([[True, True, False, True], [True, True, False, False], [True, True, True, True]])
    return features, times, mask


def perturbed(module):
    """The module with every parameter moved a little: a part that starts at zero blocks what lies behind it."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter += 0.05 * torch.randn(parameter.shape, generator=generator)
    return module


def without_gradient(module, output) -> list[str]:
    """Names of the parameters that the output does not depend on."""
    generator = torch.Generator().manual_seed(2)
    (output * torch.randn(output.shape, generator=generator)).sum().backward()
    return [n for n, p in module.named_parameters() if p.grad is None or not bool((p.grad.abs() > 1e-9).any())]
