"""Workers that a cluster's queue starts, a job each, spoken to with certificates made for this run alone."""

from __future__ import annotations

import math
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ...errors import InputError
from ...system.packages import require
from .engines import DaskEngine

QUEUES = {"slurm": ("SLURMCluster", "sbatch"), "pbs": ("PBSCluster", "qsub")}
PURPOSE = "Workers by a cluster's queue"
FIX = "Give it as spatiotemporal batch --help says, or write a script for the queue by --export-array."


@dataclass(frozen=True)
class JobResources:
    """What a job asks for. memory : MiB. hours : that it may run. queue : SLURM's partition, "" for the usual one."""

    cores: int = 1
    memory: int = 8192
    hours: float = 4.0
    queue: str = ""

    def __post_init__(self):
        for name, value in (("cores", self.cores), ("memory", self.memory), ("walltime", self.hours)):
            if not (math.isfinite(value) and value > 0):
                raise InputError("E-BATCH-CLUSTER", f"{name} = {value:g} cannot be, more than 0 was expected", fix=FIX)
        if self.queue.startswith("-") or not all(letter.isalnum() or letter in "_-.@" for letter in self.queue):
            raise InputError("E-BATCH-CLUSTER", f"{self.queue!r} is no name of a queue", fix=FIX)


def queue_cluster(kind: str, resources: JobResources, folder: Path):
    """A cluster whose jobs a queue would start; none is handed in yet.

    folder : that all machines see, for the certificates of the workers.

    Raises
    ------
    MissingPackageError
    """
    distributed = require("distributed", package="distributed", extra="batch", purpose=PURPOSE)
    require("cryptography", package="cryptography", extra="batch", purpose=PURPOSE)
    queues = require("dask_jobqueue", package="dask-jobqueue", extra="batch", purpose=PURPOSE)
    minutes = max(1, round(60 * resources.hours))
    return getattr(queues, QUEUES[kind][0])(
        cores=resources.cores, processes=1, memory=f"{resources.memory}MiB", job_name="spatiotemporal",
        walltime=f"{minutes // 60:02d}:{minutes % 60:02d}:00", queue=resources.queue or None,
        # Who reaches the port of a scheduler can run what he likes: nobody does without these certificates.
        protocol="tls://", security=_security(distributed, folder),
        # A case is a process of its own, whose memory the batch watches; it may start processes.
        worker_extra_args=["--no-dashboard", "--nthreads", "1"],
        scheduler_options={"dashboard_address": "127.0.0.1:0"}, n_workers=0,
    )  # fmt: skip


def _security(distributed, folder: Path):
    """Certificates and a key for this run, in files that nobody else may read."""
    made, files = distributed.Security.temporary(), {}
    texts = {"ca": made.tls_ca_file, "cert": made.tls_worker_cert, "key": made.tls_worker_key}
    for name, text in texts.items():
        path = folder / f"{name}.pem"
        path.touch(0o600, exist_ok=False)
        path.write_text(text, encoding="ascii")
        files[name] = str(path)
    own = {f"tls_{who}_{part}": files[part] for who in ("scheduler", "worker", "client") for part in ("cert", "key")}
    return distributed.Security(tls_ca_file=files["ca"], require_encryption=True, **own)


def queue_engine(kind: str, resources: JobResources, workers: int, folder: Path) -> DaskEngine:
    """So many jobs of a queue, as they come to run.

    Raises
    ------
    InputError
        ``E-BATCH-CLUSTER`` where the queue's program is not there.
    """
    program = QUEUES[kind][1]
    if shutil.which(program) is None:
        fix = "Run it on a machine of the cluster from which jobs are handed in."
        raise InputError("E-BATCH-CLUSTER", f"{program} is not on this machine", fix=fix)
    distributed = require("distributed", package="distributed", extra="batch", purpose=PURPOSE)
    keys = Path(tempfile.mkdtemp(prefix=".keys-", dir=folder))
    try:
        cluster = queue_cluster(kind, resources, keys)
    except BaseException:
        shutil.rmtree(keys, ignore_errors=True)
        raise
    client = distributed.Client(cluster)
    cluster.scale(jobs=workers)

    def close() -> None:
        client.close()
        cluster.close()
        shutil.rmtree(keys, ignore_errors=True)

    return DaskEngine(client, workers, close)
