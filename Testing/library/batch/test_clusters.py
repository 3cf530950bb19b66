"""The same results serially, on a cluster of this machine, and on workers that were started by hand."""

import socket
import subprocess
import sys
import time

import psutil
import pytest
from library.batch.toy import sums, write_cases

from SpatioTemporalLib.batch import BatchSettings, plan_batch, run_batch
from SpatioTemporalLib.batch.work.engines import LocalEngine, dask_engine
from SpatioTemporalLib.errors import InputError

pytest.importorskip("distributed")


def listening(others):
    """Addresses at which this process and its children can be reached, but for those that were there before."""
    own = psutil.Process()
    processes = [own, *(child for child in own.children(recursive=True) if child not in others)]
    found = set()
    for process in processes:
        connections = process.net_connections(kind="inet") if process.is_running() else []
        found |= {c.laddr.ip for c in connections if c.status == psutil.CONN_LISTEN}
    return found


@pytest.fixture
def scheduler():
    """A scheduler and two workers, each a process that was started apart."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    parts = [["scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]]
    parts += [["worker", address, "--host", "127.0.0.1", "--nthreads", "1", "--no-nanny", "--no-dashboard"]] * 2
    started = []
    for part in parts:
        command = [sys.executable, "-m", "distributed.cli.dask_" + part[0], *part[1:]]
        started.append(subprocess.Popen(command, **quiet))
    yield address
    # Workers that look for a scheduler which has gone do not hear of anything else.
    for process in reversed(started):
        process.kill()
        process.wait()


def test_every_engine_gives_the_same_bytes(toy, tmp_path, scheduler):
    cases = write_cases(tmp_path, 4, harm={2: "die"})
    assert not run_batch(plan_batch(toy, cases, tmp_path / "serial"), engine=LocalEngine(1)).whole
    others = psutil.Process().children(recursive=True)
    local = dask_engine(workers=2)
    try:
        run_batch(plan_batch(toy, cases, tmp_path / "dask"), engine=local)
        assert listening(others) <= {"127.0.0.1", "::1"}
    finally:
        local.close()
    apart = _engine_at(scheduler)
    try:
        outcome = run_batch(plan_batch(toy, cases, tmp_path / "apart"), BatchSettings(), engine=apart)
    finally:
        apart.close()
    assert outcome.computed == 3 and apart.workers == 2
    assert (tmp_path / "serial/results.csv").read_text() == sums(4, without=(2,))
    for name in ("results.csv", "cases_out.csv", "failures.csv"):
        whole = (tmp_path / "serial" / name).read_bytes()
        assert (tmp_path / "dask" / name).read_bytes() == whole == (tmp_path / "apart" / name).read_bytes()


def _engine_at(address):
    """Once both workers have announced themselves."""
    end = time.monotonic() + 60
    while True:
        try:
            engine = dask_engine(address)
            if engine.workers == 2:
                return engine
            engine.close()
        except InputError:
            assert time.monotonic() < end
        time.sleep(0.2)


def test_a_scheduler_elsewhere_is_not_spoken_to_in_clear():
    with pytest.raises(InputError, match="in clear"):
        dask_engine("tcp://192.0.2.7:8786")


def test_a_scheduler_that_is_not_there_is_told():
    with pytest.raises(InputError, match="E-BATCH-CLUSTER"):
        dask_engine("tcp://127.0.0.1:9")
