"""Fixtures that all tests share."""

import pytest

WORST = {}


@pytest.fixture
def worst_error():
    """Note the worst error of a comparison with a reference; all are listed when the tests end.

    Call it with the case's name, the error, what the error may be, and the unit.
    """

    def note(case, error, allowed, unit=""):
        previous = WORST.get(case, (0.0, allowed, unit))
        WORST[case] = (max(float(error), previous[0]), allowed, unit)

    return note


def pytest_terminal_summary(terminalreporter):
    if WORST:
        terminalreporter.section("worst errors against references")
        for case, (error, allowed, unit) in sorted(WORST.items()):
            terminalreporter.write_line(f"{case:<66} {error:10.3g}  of {allowed:g} {unit}")
