"""The check of the flow models and of model selection: passes here, and fails where a fit is wrong."""

from dataclasses import replace

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.validation import models


@pytest.fixture(scope="module")
def comparisons():
    return models.check_models(st.Context())


def test_every_comparison_is_within_its_tolerance(comparisons, worst_error):
    for comparison in comparisons:
        if comparison.allowed:
            error = abs(comparison.estimate - comparison.reference) / comparison.allowed
            worst_error(f"spatiotemporal check: {comparison.check}", error, 1.0, "of its tolerance")
    assert all(c.passed for c in comparisons)
    assert all(c.unit and c.source for c in comparisons)


def test_a_wrong_input_fails(monkeypatch):
    monkeypatch.setattr(models, "CASES", models.CASES[:3])
    right = models._plasma()
    monkeypatch.setattr(models, "_plasma", lambda: replace(right, values=0.55 * np.asarray(right.values)))
    assert not all(c.passed for c in models.check_models(st.Context()))
