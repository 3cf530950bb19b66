"""The check of an installation: passes here, fails where a number is wrong, and says which."""

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib import cli
from SpatioTemporalLib.validation import kinetics
from SpatioTemporalLib.validation.checks import Comparison, comparison_table
from SpatioTemporalLib.validation.domains import DOMAINS, comparisons_of
from SpatioTemporalLib.validation.relaxation import check_relaxation


@pytest.fixture(scope="module")
def comparisons():
    return kinetics.check_kinetics(st.Context())


@pytest.fixture
def quick(monkeypatch, comparisons):
    """Fits of whole reference objects, which take seconds, stand as they were found once."""
    for name, check in (("_tofts", "Tofts, QIBA v6"), ("_extended_tofts", "extended Tofts, DRO")):
        found = [c for c in comparisons if c.check == check]
        assert found
        monkeypatch.setattr(kinetics, name, lambda found=found: found)
        getattr(kinetics, name).__name__ = name
    monkeypatch.setitem(DOMAINS, "kinetics", (kinetics.check_kinetics, check_relaxation))


def test_every_comparison_is_within_its_tolerance(comparisons, worst_error):
    for comparison in comparisons:
        error = abs(comparison.estimate - comparison.reference) / comparison.allowed
        worst_error(f"spatiotemporal check: {comparison.check}", error, 1.0, "of its tolerance")
    assert all(c.passed for c in comparisons)
    assert {c.source for c in comparisons} == {"OSIPI", "PkModeling", "QIBA"}


def test_every_row_has_a_unit(comparisons):
    assert all(c.unit for c in comparisons)


def test_wrong_number_fails_the_command_and_is_named(capsys, monkeypatch, tmp_path, quick):
    monkeypatch.setattr(kinetics, "parker_blood_concentration", lambda times: np.full(len(times), 1.0))
    assert cli.main(["check", "kinetics", "--out", str(tmp_path / "check.csv")]) == 1
    out = capsys.readouterr().out
    table = st.read_table(tmp_path / "check.csv")
    count = table.row_count
    assert "FAIL" in out and f"{count - 5} of {count} within their tolerance" in out
    failed = {c for c, r in zip(table.columns["check"], table.columns["result"]) if r == "FAIL"}
    assert failed == {"Parker input"}


def test_unknown_domain_is_refused_with_those_there_are():
    with pytest.raises(st.ParameterError, match="kinetics"):
        comparisons_of("weather", st.Context())


def test_progress_rises_to_the_end_and_a_check_can_be_stopped(quick):
    heard = []
    context = st.Context(report=lambda fraction, message: heard.append(fraction))
    comparisons_of("kinetics", context)
    assert heard == sorted(heard) and heard[-1] == 1
    context.cancel()
    with pytest.raises(st.Cancelled):
        comparisons_of("kinetics", context)


def test_nan_never_passes():
    comparison = Comparison("x", "y", "1", float("nan"), 1.0, 0.5, "z")
    assert not comparison.passed
    assert comparison_table([comparison]).columns["result"] == ["FAIL"]
