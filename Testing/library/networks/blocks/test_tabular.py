"""Covariates become tokens; a missing one says only that it is missing."""

from __future__ import annotations

import pytest
import torch
from library.networks.checks import without_gradient

from SpatioTemporalLib.errors import InputError
from SpatioTemporalLib.networks.blocks.tabular import TabularEncoder

LEVELS = (0, 3, 0, 2)
COVARIATES = torch.tensor([[0.5, 2.0, -1.0, 0.0], [1.5, 0.0, 0.2, 1.0], [0.1, 1.0, 0.3, 1.0]])
KNOWN = torch.tensor([[True, True, False, True], [False, True, True, False], [True, False, True, True]])


@pytest.mark.parametrize("embedding_width", [None, 5])
def test_tokens_and_their_mean(embedding_width):
    encoder = TabularEncoder(LEVELS, 6, embedding_width)
    tokens, mean = encoder(COVARIATES, KNOWN)
    assert tokens.shape == (3, 4, 6)
    assert torch.allclose(mean, tokens.mean(1))


@pytest.mark.parametrize("levels", [LEVELS, (0, 0, 0, 0), (3, 3, 2, 2)])
def test_gradients_reach_every_parameter(levels):
    encoder = TabularEncoder(levels, 6, embedding_width=5)
    covariates = torch.tensor([[0.0, 1.0, 1.0, 0.0], [2.0, 0.0, 0.0, 1.0], [1.0, 2.0, 1.0, 1.0]])
    assert not without_gradient(encoder, encoder(covariates, KNOWN)[0])


def test_value_of_a_missing_covariate_plays_no_part():
    encoder = TabularEncoder(LEVELS, 6)
    tokens, _ = encoder(COVARIATES, KNOWN)
    for value in (torch.nan, 99.0):
        filled = torch.where(KNOWN, COVARIATES, torch.tensor(value))
        assert torch.equal(encoder(filled, KNOWN)[0], tokens)
        encoder.zero_grad()
        encoder(filled, KNOWN)[0].sum().backward()
        assert all(p.grad.isfinite().all() for p in encoder.parameters())


def test_missing_differs_from_the_mean_value_and_from_the_first_category():
    encoder = TabularEncoder(LEVELS, 6)
    zeros = torch.zeros(1, 4)
    known = encoder(zeros, torch.ones(1, 4, dtype=torch.bool))[0]
    missing = encoder(zeros, torch.zeros(1, 4, dtype=torch.bool))[0]
    assert bool(((known - missing).abs().amax(2) > 0.1).all())


def test_equal_codes_of_different_covariates_are_different_tokens():
    tokens, _ = TabularEncoder((2, 2), 6)(torch.tensor([[1.0, 1.0]]), torch.ones(1, 2, dtype=torch.bool))
    assert not torch.allclose(tokens[0, 0], tokens[0, 1])


@pytest.mark.parametrize("code", [3.0, -1.0, 0.5])
def test_code_without_a_level_is_refused(code):
    covariates = torch.tensor([[0.0, code, 0.0, 0.0]])
    with pytest.raises(InputError, match=r"numbers of levels are \[3, 2\]"):
        TabularEncoder(LEVELS, 6)(covariates, torch.ones(1, 4, dtype=torch.bool))


def test_wrong_number_of_covariates_is_refused():
    with pytest.raises(InputError, match="3 covariates were given, the network takes 4"):
        TabularEncoder(LEVELS, 6)(COVARIATES[:, :3], KNOWN[:, :3])
