"""Where cases are computed: by processes of this machine, or by the workers of a Dask cluster."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager
from threading import Event
from typing import Protocol
from urllib.parse import urlsplit

from ...errors import InputError
from ...system.memory import available_memory
from ...system.packages import require
from .child import Limits, run_order

WAIT, CONNECT = 0.2, 5.0  # s
MEMORY_OF_A_CASE = 2 * 2**30  # bytes, unless somebody says
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class Engine(Protocol):
    """Carries out orders side by side.

    elsewhere : whether in processes that the event which ends what runs does not reach.
    """

    workers: int
    elsewhere: bool

    def answers(
        self, take: Callable[[], dict | None], limits: Limits, stop: Event, tell: Callable[[dict, dict], None]
    ) -> Iterator[tuple[dict, dict]]:
        """Orders with what became of them, as they end.

        take : gives the next order, None while there is none. stop : ends what runs. tell : hears of progress.
        """

    def close(self) -> None:
        """Let go of what it holds."""


class LocalEngine:
    """So many processes of this machine."""

    elsewhere = False

    def __init__(self, workers: int):
        self.workers = workers

    def close(self) -> None:
        """There is nothing to let go of."""

    def answers(self, take, limits, stop, tell):
        running: dict = {}
        with ThreadPoolExecutor(self.workers) as pool, _ended_with(stop):
            while True:
                while len(running) < self.workers and not stop.is_set() and (order := take()) is not None:
                    running[pool.submit(run_order, order, limits, stop.is_set, lambda e, o=order: tell(o, e))] = order
                if not running:
                    return
                ended, _ = wait(running, timeout=WAIT, return_when=FIRST_COMPLETED)
                for future in ended:
                    yield running.pop(future), future.result()


class DaskEngine:
    """The workers of a Dask cluster; each order is a process of its own there too."""

    elsewhere = True

    def __init__(self, client, workers: int, close: Callable[[], None]):
        self.client, self.workers, self.close = client, workers, close

    def answers(self, take, limits, stop, tell):
        from distributed import TimeoutError as OutOfTime
        from distributed import wait as wait_for

        running: dict = {}
        while True:
            while len(running) < self.workers and not stop.is_set() and (order := take()) is not None:
                # Keys are seen on a cluster's pages: no names in them. Tried again by the batch, not by the cluster.
                name = f"case-{order['key'][:16]}-{order['row']}-{order.get('attempt', 1)}"
                future = self.client.submit(run_order, order, limits, key=name, pure=False, retries=0)
                running[future] = order
            if not running:
                return
            try:
                ended = wait_for(list(running), timeout=WAIT, return_when="FIRST_COMPLETED").done
            except OutOfTime:
                ended = ()
            for future in ended:
                yield running.pop(future), _answer(future)


@contextmanager
def _ended_with(stop: Event) -> Iterator[None]:
    """Let what runs hear of an exception or an interruption, before it is waited for."""
    try:
        yield
    except BaseException:
        stop.set()
        raise


def local_workers(memory: int = 0) -> int:
    """How many cases fit this machine side by side."""
    fitting = available_memory() // (memory or MEMORY_OF_A_CASE)
    return int(max(1, min(os.cpu_count() or 1, fitting)))


def dask_engine(address: str = "", *, workers: int = 0, tls: tuple[str, str, str] = ("", "", "")) -> DaskEngine:
    """A cluster that is there, or a new one on this machine that nobody else can reach.

    Parameters
    ----------
    address : str
        Of a scheduler, as ``tcp://127.0.0.1:8786`` or ``tls://head:8786``.
    tls : (str, str, str)
        Files of the authority, the certificate and the key.

    Raises
    ------
    InputError
        ``E-BATCH-CLUSTER`` when it cannot be reached, has no workers, or is not local and would be spoken to in clear.
    MissingPackageError
    """
    distributed = require("distributed", package="distributed", extra="batch", purpose="A Dask cluster")
    if address:
        return _existing(distributed, address, tls)
    cluster = distributed.LocalCluster(
        n_workers=workers or local_workers(), threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0",
        silence_logs=50, memory_limit=0, worker_dashboard_address="127.0.0.1:0",
    )  # fmt: skip
    client = distributed.Client(cluster)

    def close() -> None:
        client.close()
        cluster.close()

    return DaskEngine(client, len(cluster.workers), close)


def _existing(distributed, address: str, tls: tuple[str, str, str]) -> DaskEngine:
    host = urlsplit(address if "://" in address else f"tcp://{address}").hostname or ""
    if not any(tls) and host not in LOOPBACK and not _is_this_machine(host):
        text = f"{address} is on another machine and would be spoken to in clear, by whoever can reach it"
        fix = "Start scheduler and workers with TLS certificates, and give --tls-ca, --tls-cert and --tls-key."
        raise InputError("E-BATCH-CLUSTER", text, fix=fix)
    security = None
    if any(tls):
        authority, certificate, key = tls
        security = distributed.Security(
            tls_ca_file=authority, tls_client_cert=certificate, tls_client_key=key, require_encryption=True
        )
    try:
        client = distributed.Client(address, security=security, timeout=CONNECT)
        slots = sum(facts["nthreads"] for facts in client.scheduler_info(n_workers=-1)["workers"].values())
    except (OSError, ValueError) as error:
        text = f"no scheduler answers at {address} ({error})"
        raise InputError("E-BATCH-CLUSTER", text, fix="Check that it runs, and the address.") from error
    if not slots:
        client.close()
        raise InputError("E-BATCH-CLUSTER", f"{address} has no workers", fix="Start workers first.")
    return DaskEngine(client, slots, client.close)


def _is_this_machine(host: str) -> bool:
    try:
        return socket.gethostbyname(host).startswith("127.")
    except OSError:
        return False


def _answer(future) -> dict:
    from distributed.scheduler import KilledWorker

    try:
        return future.result()
    except KilledWorker as error:
        return {"event": "killed", "message": f"the worker of the cluster died ({error.last_worker.address})"}
    except InputError as error:
        return {"event": "failed", "code": error.code, "message": str(error), "stop": False}
    except Exception as error:  # noqa: BLE001 - what a cluster raises is of many kinds, and the other cases go on
        return {"event": "killed", "message": f"the cluster gave it back: {type(error).__name__}: {error}"}
