"""Losses of survival are what their formulas say, and their slopes are theirs."""

import numpy as np
import pytest
import torch

from SpatioTemporalLib.networks.hazards.contrast import cross_correlation, cross_modal_contrast, ordinal_contrast
from SpatioTemporalLib.networks.hazards.losses import cox_loss, hazard_loss, survival_loss, time_loss
from SpatioTemporalLib.numerics.survival.outcomes import Outcomes
from SpatioTemporalLib.numerics.survival.partial_likelihood import RiskSets, partial_likelihood


@pytest.fixture
def patients():
    rng = np.random.default_rng(0)
    times, events = np.ceil(rng.exponential(20, 30)), rng.integers(0, 2, 30)
    return torch.tensor(times), torch.tensor(events, dtype=torch.float64), torch.tensor(rng.normal(0, 1, 30))


def test_the_loss_of_risks_is_the_partial_likelihood(patients):
    times, events, risk = patients
    sets = RiskSets.of(Outcomes(times.numpy(), events.numpy()), ties="breslow")
    wanted = -partial_likelihood(sets, np.zeros((30, 1)), risk.numpy()).value / float(events.sum())
    assert float(cox_loss(risk, times, events)) == pytest.approx(wanted, rel=1e-12)
    assert float(cox_loss(risk, times, events * 0)) == 0.0


def test_the_loss_of_hazards_is_the_likelihood_of_steps():
    logits = torch.tensor([[0.2, -0.5, 1.0]], dtype=torch.float64).repeat(4, 1)
    hazard = torch.sigmoid(logits[0])
    times = torch.tensor([5.0, 15.0, 25.0, 99.0], dtype=torch.float64)
    events = torch.tensor([1.0, 1.0, 0.0, 1.0], dtype=torch.float64)
    each = [
        hazard[0],
        (1 - hazard[0]) * hazard[1],
        # Censored in the middle of the third step.
        (1 - hazard[0]) * (1 - hazard[1]) * (1 - hazard[2]) ** 0.5,
        # After the last step nothing is predicted: lived through all.
        (1 - hazard[0]) * (1 - hazard[1]) * (1 - hazard[2]),
    ]
    for n, likelihood in enumerate(each):
        found = hazard_loss(logits[n : n + 1], times[n : n + 1], events[n : n + 1], 10.0)
        assert float(found) == pytest.approx(-float(torch.log(likelihood)), rel=1e-12)
    assert float(hazard_loss(logits, times, events, 10.0)) == pytest.approx(
        -np.mean([float(torch.log(x)) for x in each]), rel=1e-12
    )


def test_of_the_censored_only_too_early_times_count():
    times, censored = torch.tensor([5.0, 5.0]), torch.tensor([0.0, 0.0])
    assert float(time_loss(torch.tensor([7.0, 9.0]), times, censored)) == 0.0
    assert float(time_loss(torch.tensor([4.5, 9.0]), times, censored)) == pytest.approx(0.5 * 0.25 / 2)
    assert float(time_loss(torch.tensor([7.0, 5.0]), times, torch.ones(2))) == pytest.approx((2 - 0.5) / 2)


def test_slopes_are_those_of_the_losses(patients):
    times, events, risk = patients
    logits = torch.randn((30, 4), generator=torch.Generator().manual_seed(2), dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: cox_loss(x, times, events), (risk.clone().requires_grad_(),))
    assert torch.autograd.gradcheck(lambda x: hazard_loss(x, times, events, 12.0), (logits,))


def test_patients_of_unknown_outcome_do_not_count():
    scores = torch.randn((5, 2, 6), generator=torch.Generator().manual_seed(3))
    outcomes = torch.tensor([[12.0, 1.0], [30.0, 0.0], [7.0, 1.0], [50.0, 1.0], [9.0, 0.0]])[:, None].repeat(1, 2, 1)
    gaps = outcomes.clone()
    gaps[:, 1] = float("nan")
    torch.testing.assert_close(survival_loss(scores, gaps, 12.0), survival_loss(scores[:, :1], outcomes[:, :1], 12.0))
    gaps = outcomes.clone()
    gaps[4] = float("nan")
    torch.testing.assert_close(survival_loss(scores, gaps, 12.0), survival_loss(scores[:4], outcomes[:4], 12.0))


def test_views_that_know_each_other_are_better_than_strangers():
    first = torch.eye(6)
    assert float(cross_modal_contrast(first, first)) < 0.1
    assert float(cross_modal_contrast(first, first.roll(1, 0))) > 3


def test_patients_with_like_times_are_to_be_alike():
    times, events = torch.tensor([6.0, 8.0, 100.0, 104.0]), torch.ones(4)
    near = torch.tensor([[1.0, 0], [1.0, 0.1], [0, 1.0], [0.1, 1.0]])
    mixed = near[[0, 2, 1, 3]]
    good, bad = (float(ordinal_contrast(torch.stack([v, v]), times, events, 12.0)) for v in (near, mixed))
    assert good < bad
    # Of the censored nothing is known but of those seen two years longer.
    assert float(ordinal_contrast(torch.stack([near, near]), times, events * 0, 12.0)) == 0.0


def test_representations_that_tell_the_same_are_correlated():
    generator = torch.Generator().manual_seed(0)
    one, other = torch.randn((500, 3), generator=generator), torch.randn((500, 3), generator=generator)
    assert float(cross_correlation(one, one)) == pytest.approx(1 / 3, abs=0.05)
    assert float(cross_correlation(one, other)) < 0.02
