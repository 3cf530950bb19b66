"""The check of T1 mapping passes here, and fails where a fit is wrong."""

import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.validation import relaxation


def test_every_comparison_is_within_its_tolerance(worst_error):
    comparisons = relaxation.check_relaxation(st.Context())
    for comparison in comparisons:
        error = abs(comparison.estimate - comparison.reference) / comparison.allowed
        worst_error(f"check of relaxation: {comparison.check}, {comparison.source}", error, 1.0, "of its tolerance")
    assert all(comparison.passed for comparison in comparisons)
    assert {comparison.source for comparison in comparisons} == {"SEPAL", "QIBA", "OSIPI"}


@pytest.mark.parametrize(
    "constant, wrong", [("PROSTATE_TR", 0.03), ("QIBA_TR", 0.006), ("ECHOES", (413.0, 604.0, 500.0))]
)
def test_wrong_facts_fail(constant, wrong, monkeypatch):
    monkeypatch.setattr(relaxation, constant, wrong)
    assert not all(comparison.passed for comparison in relaxation.check_relaxation(st.Context()))


def test_check_can_be_stopped():
    context = st.Context()
    context.cancel()
    with pytest.raises(st.Cancelled):
        relaxation.check_relaxation(context)
