"""Losses of risks, hazards and times against what became of patients."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import huber_loss, logsigmoid


def cox_loss(log_risk: Tensor, times: Tensor, events: Tensor) -> Tensor:
    """Negative logarithm of the partial likelihood, a mean over events; zero without one.

    Parameters
    ----------
    log_risk, times, events : (B,)

    Notes
    -----
    Cox 1972 with Breslow's ties; those at risk are those of the batch, so give large ones.
    """
    events = events.bool()
    if not bool(events.any()):
        return log_risk.sum() * 0.0
    at_risk = times[None, :] >= times[events, None]
    among = log_risk[None, :].expand(at_risk.shape).masked_fill(~at_risk, -torch.inf)
    return (torch.logsumexp(among, dim=1) - log_risk[events]).mean()


def hazard_loss(logits: Tensor, times: Tensor, events: Tensor, step: float) -> Tensor:
    """Negative log-likelihood of hazards (B, K) in steps of time, a mean over patients.

    A censored patient counts for the observed part of the step in which it was
    last seen; who lived through all steps counts for all of them.

    Notes
    -----
    Gensheimer and Narasimhan, PeerJ 7:e6257 (2019).
    """
    edges = torch.arange(logits.shape[1], device=logits.device) * step
    # Of each step, the part that was lived through without the event.
    lived = ((times[:, None] - edges) / step).clamp(0.0, 1.0)
    inside = (times[:, None] >= edges) & (times[:, None] < edges + step)
    happened = inside & events.bool()[:, None]
    lived = torch.where(happened, torch.zeros_like(lived), lived)
    return -(lived * logsigmoid(-logits) + happened.to(logits) * logsigmoid(logits)).sum(dim=1).mean()


def time_loss(years: Tensor, times: Tensor, events: Tensor) -> Tensor:
    """Huber's loss (a year) of predicted years (B,); of the censored only what is predicted too early counts."""
    late = torch.where(events.bool(), years - times, (years - times).clamp(max=0.0))
    return huber_loss(late, torch.zeros_like(late), delta=1.0)


def survival_loss(scores: Tensor, outcomes: Tensor, step_months: float) -> Tensor:
    """Sum of the three for scores (B, E, 2 + K) and outcomes (B, E, 2) in months, a mean over endpoints.

    Patients whose outcome of an endpoint is not known, NaN, do not count for it.
    """
    losses = []
    for endpoint in range(scores.shape[1]):
        known = torch.isfinite(outcomes[:, endpoint]).all(dim=1)
        if not bool(known.any()):
            continue
        own = scores[known, endpoint].float()
        times, events = outcomes[known, endpoint, 0], outcomes[known, endpoint, 1]
        loss = cox_loss(own[:, 0], times, events) + hazard_loss(own[:, 2:], times, events, step_months)
        losses.append(loss + 0.1 * time_loss(torch.nn.functional.softplus(own[:, 1]), times / 12, events))
    return torch.stack(losses).mean() if losses else scores.sum() * 0.0
