"""The line that the network on graphs begins at: what it is told, that it is Cox's, and that it stays."""

import numpy as np
import pytest
import torch
from library.small.livers import small_cases, small_stg, with_codes

from SpatioTemporalLib.networks.graphs.linear_risk import linear_rows, linear_size
from SpatioTemporalLib.numerics.survival.concordance import harrell_c
from SpatioTemporalLib.numerics.survival.life_table import stepwise_hazards
from SpatioTemporalLib.numerics.survival.outcomes import Outcomes
from SpatioTemporalLib.steps.structures.graph_arrays import LESION_FEATURES
from SpatioTemporalLib.steps.structures.roles import ORGANS, PORTAL


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    return with_codes(small_cases(tmp_path_factory.mktemp("livers") / "cohort"))


@pytest.fixture(scope="module")
def fitted(cases):
    torch.manual_seed(0)
    network = small_stg(levels=[0, 0]).eval()
    network.fit_inputs(cases.batch(range(len(cases))), cases.outcomes)
    return network


def test_a_structure_is_told_the_lesions_by_how_close_they_are(cases, fitted):
    batch, clinical = cases.batch(range(6)), torch.zeros(6, 4)
    lesions = fitted.lesion_input(batch.lesions[:, -1])
    rows = linear_rows(batch, lesions, fitted.scan_input(batch.scans[:, -1]), clinical).numpy()
    assert rows.shape == (6, linear_size(4))
    features, organs = len(LESION_FEATURES), len(ORGANS) + 1
    told = rows[:, -organs * (2 * features + 1) : -organs].reshape(6, organs, 2 * features)
    portal = ORGANS.index(PORTAL)
    for n in range(6):
        sums, above = np.zeros(features), np.zeros(features)
        for lesion in np.flatnonzero(batch.seen[n, -1].numpy()):
            values, close = lesions[n, lesion, :features].numpy(), float(batch.at[n, -1, lesion, portal, 0])
            sums += close * values
            above += close * np.maximum(values, 0)
        np.testing.assert_allclose(told[n, portal], np.concatenate([sums, above]), rtol=1e-4, atol=1e-5)


def test_the_network_begins_at_the_line_and_the_usual_hazards(cases, fitted):
    batch = cases.batch(range(len(cases)))
    with torch.inference_mode():
        scores = batch.scores(fitted).numpy()[:, 0]
        line = fitted.linear(fitted._linear_rows(batch)).numpy()[:, 0]
    assert np.corrcoef(scores[:, 0], line)[0, 1] > 0.95
    times, events = cases.outcomes[:, 0].T
    known = Outcomes(times, events.astype(int))
    settings = fitted.settings
    hazards = stepwise_hazards(known, settings.step_months, settings.steps)
    assert (1 / (1 + np.exp(-scores[:, 2:]))).mean(axis=0) == pytest.approx(hazards, rel=0.1)
    assert harrell_c(known, line)[0] > 0.6


def test_training_leaves_the_line_as_it_is(cases, fitted):
    before = fitted.linear.weight.clone()
    assert before.abs().sum() > 0 and "linear.weight" not in dict(fitted.named_parameters())
    batch, outcomes = cases.batch(range(len(cases))), torch.from_numpy(cases.outcomes).float()
    optimizer = torch.optim.SGD(fitted.parameters(), 0.1)
    fitted.training_loss(batch, outcomes, 0, torch.Generator().manual_seed(0)).backward()
    optimizer.step()
    assert torch.equal(fitted.linear.weight, before)


def test_without_events_there_is_no_line_and_no_error(cases):
    network = small_stg(levels=[0, 0]).eval()
    outcomes = cases.outcomes.copy()
    outcomes[..., 1] = 0
    network.fit_inputs(cases.batch(range(len(cases))), outcomes)
    assert not network.linear.weight.any()
    assert torch.isfinite(cases.batch(range(4)).scores(network)).all()
