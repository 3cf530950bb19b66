"""Fixtures that all tests share, and what they print at the end, whatever number of processes ran them."""

import os
from functools import cache
from pathlib import Path

import pytest

# Before anything is imported that computes in threads: a process that is copied with threads of OpenMP stands still,
# and threads of several tests would only take the processors from one another.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

WORST = {}
OF_WORKER = "worst errors"
SHARED = ("cohort_folder", "trained_bundle")
"""Fixtures that take seconds to make and serve several files, which therefore go to one and the same process."""
EVERY = "test_every_analysis.py"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Where several processes share the tests, each takes what belongs together, whatever --dist says."""
    from xdist.scheduler import LoadScopeScheduling

    class ByWhatIsShared(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return group_of(nodeid)

    return ByWhatIsShared(config, log)


def group_of(nodeid):
    """Name of the tests that one process runs one after the other: those of a file, if nothing else."""
    file, _, test = nodeid.partition("::")
    if file.endswith(EVERY):
        # All that is asked of one analysis rests on the same run.
        return f"{file}{test[test.index('[') :]}" if "[" in test else file
    return "small cohort" if _takes_from(file) else file


@cache
def _takes_from(file):
    """Whether a file's tests, by their words, take what is shared with other files."""
    text = (Path(__file__).parents[1] / file).read_text(encoding="utf-8")
    return any(name in text for name in SHARED)


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
