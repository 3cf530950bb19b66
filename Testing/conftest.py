"""Fixtures that all tests share, and what they print at the end, whatever number of processes ran them."""

from pathlib import Path

import pytest

WORST = {}
OF_WORKER = "worst errors"
EXPENSIVE = {"cohort_folder", "other_cohort_folder", "trained_bundle", "ensemble"}
"""What takes seconds to make and serves several files, which therefore go to one and the same process."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Say which tests belong together where several processes share them (``--dist loadgroup``)."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(group_of(item)))


def group_of(item):
    if EXPENSIVE.intersection(item.fixturenames):
        return "small cohort"
    file = Path(item.path).relative_to(Path(__file__).parent).as_posix()
    if file == "library/test_every_analysis.py":
        # All that is asked of one analysis rests on the same run.
        case = getattr(item, "callspec", None)
        return f"{file} {case.id if case else ''}".strip()
    return file


def note_worst(case, error, allowed, unit=""):
    previous = WORST.get(case, (0.0, allowed, unit))
    WORST[case] = (max(float(error), previous[0]), float(allowed), unit)


@pytest.fixture
def worst_error():
    """Note the worst error of a comparison with a reference; all are listed when the tests end.

    Call it with the case's name, the error, what the error may be, and the unit.
    """
    return note_worst


def pytest_sessionfinish(session):
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[OF_WORKER] = [(case, *worst) for case, worst in WORST.items()]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error):
    """Take over what a worker noted; a worker that crashed has noted nothing."""
    for worst in getattr(node, "workeroutput", {}).get(OF_WORKER, ()):
        note_worst(*worst)


def pytest_terminal_summary(terminalreporter):
    if WORST:
        terminalreporter.section("worst errors against references")
        for case, (error, allowed, unit) in sorted(WORST.items()):
            terminalreporter.write_line(f"{case:<66} {error:10.3g}  of {allowed:g} {unit}")
