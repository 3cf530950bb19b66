"""The network on graphs: every weight learns, no patient hangs on another, and what is hidden is not seen."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from library.small.livers import small_cases, small_stg, with_codes

from SpatioTemporalLib.networks.explanation.left_out import contributions
from SpatioTemporalLib.networks.registry import parameter_counts
from SpatioTemporalLib.steps.structures.graph_arrays import LESION_FEATURES


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    return with_codes(small_cases(tmp_path_factory.mktemp("livers") / "cohort"))


def outcomes_of(cases):
    return torch.from_numpy(cases.outcomes).float()


def all_known(graph, seed):
    """The graph with every structure drawn and every feature known."""
    rng = np.random.default_rng(seed)
    filled = {
        name: np.where(np.isnan(values), rng.normal(0, 1, values.shape), values)
        for name, values in ((n, getattr(graph, n)) for n in ("lesions", "organs", "scans", "at"))
    }
    return replace(graph, drawn=np.ones_like(graph.drawn), **filled)


@pytest.mark.parametrize("settings", [{}, {"bases": 2}, {"over_time": False, "chain": True}, {"portal": False}])
def test_gradients_reach_every_parameter(cases, settings):
    network = small_stg(levels=[0, 0], **settings).train()
    cases = replace(cases, graphs=[all_known(graph, n) for n, graph in enumerate(cases.graphs)])
    network.fit_inputs(cases.batch(range(40)), cases.outcomes[:40])
    # Without dropout: what it sets to zero in a batch would look as if it never learned.
    for module in network.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    batch = cases.batch(range(40))
    network.training_loss(batch, outcomes_of(cases), 0, torch.Generator().manual_seed(0)).backward()
    silent = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert not silent


def test_one_patients_answer_does_not_depend_on_the_others(cases):
    network = small_stg(levels=[0, 0]).eval()
    network.fit_inputs(cases.batch(range(40)), cases.outcomes[:40])
    with torch.inference_mode():
        together = cases.batch(range(12)).scores(network)
        alone = torch.cat([cases.batch([n]).scores(network) for n in range(12)])
        turned = cases.batch(range(11, -1, -1)).scores(network).flip(0)
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(together, turned, rtol=1e-4, atol=1e-5)


def test_the_order_of_lesions_is_of_no_account(cases):
    network = small_stg(levels=[0, 0]).eval()
    network.fit_inputs(cases.batch(range(40)), cases.outcomes[:40])
    batch = cases.batch(range(40))
    order = torch.randperm(batch.lesions.shape[2], generator=torch.Generator().manual_seed(0))
    turned = replace(
        batch,
        lesions=batch.lesions[:, :, order],
        seen=batch.seen[:, :, order],
        near=batch.near[:, :, order][:, :, :, order],
        at=batch.at[:, :, order],
    )
    with torch.inference_mode():
        torch.testing.assert_close(turned.scores(network), batch.scores(network), rtol=1e-4, atol=1e-5)


def test_only_what_was_before_counts(cases):
    """The temporal tower goes forward: what the last visit adds does not change what the first two told."""
    network = small_stg(levels=[0, 0]).eval()
    batch = cases.batch(range(8))
    lesions = torch.relu(network.project["lesion"](network.lesion_input(batch.lesions)))
    scans = torch.relu(network.project["scan"](network.scan_input(batch.scans)))
    early = replace(batch, mask=batch.mask.clone())
    early.mask[:, 2] = False
    with torch.inference_mode():
        one = network.temporal(lesions, scans, early)
        lesions[:, 2], scans[:, 2] = 9.0, 9.0
        torch.testing.assert_close(network.temporal(lesions, scans, early), one)


def test_what_is_hidden_is_not_seen(cases):
    batch = cases.batch(range(10))
    for settings, names in (({"over_time": False}, ("growth",)), ({"portal": False}, ("portal", "place"))):
        network = small_stg(levels=[0, 0], **settings).eval()
        network.fit_inputs(cases.batch(range(40)), cases.outcomes[:40])
        changed = batch.lesions.clone()
        for n, name in enumerate(LESION_FEATURES):
            if any(word in name for word in names):
                changed[..., n] += 5.0
        with torch.inference_mode():
            assert torch.equal(replace(batch, lesions=changed).scores(network), batch.scores(network))


def test_what_no_training_patient_had_is_not_looked_at(cases):
    network = small_stg(levels=[0, 0]).eval()
    network.fit_inputs(cases.batch(range(40)), cases.outcomes[:40])
    batch = cases.batch(range(10))
    entropy = LESION_FEATURES.index("entropy")
    assert torch.isnan(batch.lesions[batch.seen][:, entropy]).all()
    changed, drawn = batch.lesions.clone(), batch.drawn.clone()
    changed[..., entropy] = 3.0
    drawn[..., 0] = True
    with torch.inference_mode():
        other = replace(batch, lesions=changed, drawn=drawn).scores(network)
        torch.testing.assert_close(other, batch.scores(network))


def test_an_unknown_covariate_is_not_a_zero(cases):
    network = small_stg(levels=[0, 3]).eval()
    graph = cases.graphs[0]
    own = contributions([network], graph, np.array([0.0, 2.0], np.float32), np.array([True, True]))
    assert own.covariates.shape == (1, 2) and (own.covariates != 0).all()


def test_each_part_adds_what_is_lost_without_it(cases):
    network = small_stg(levels=[0, 0]).eval()
    network.fit_inputs(cases.batch(range(40)), cases.outcomes[:40])
    many = next(n for n, g in enumerate(cases.graphs) if g.seen.shape[1] > 2)
    own = contributions([network], cases.graphs[many], cases.covariates[many], cases.known[many])
    assert own.lesions.shape == (1, cases.graphs[many].seen.shape[1])
    # Only the portal vein is drawn.
    assert np.isfinite(own.organs).sum() == 1
    with torch.inference_mode():
        whole = float(cases.batch([many]).scores(network)[0, 0, 0])
    assert own.whole[0] == pytest.approx(whole, abs=1e-5)


def test_the_light_version_has_three_quarters_fewer_parameters():
    counts = parameter_counts("stg")
    assert counts["light"] <= 0.25 * counts["default"]
    assert set(counts) >= {"default", "light", "paper"}
