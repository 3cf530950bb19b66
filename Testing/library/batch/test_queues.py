"""Jobs of a cluster's queue: what is handed in, and a run by a queue that starts its jobs on this machine."""

import os
import sys

import pytest
from library.batch.toy import sums, write_cases

from SpatioTemporalLib import cli
from SpatioTemporalLib.batch.work.cluster_script import write_array_script
from SpatioTemporalLib.batch.work.job_queue import JobResources, queue_cluster, queue_engine
from SpatioTemporalLib.errors import InputError, MissingPackageError

ASKED = {
    "slurm": ["#SBATCH -p long", "#SBATCH --cpus-per-task=2", "#SBATCH --mem=4G", "#SBATCH -t 01:30:00"],
    "pbs": ["#PBS -q long", "#PBS -l select=1:ncpus=2:mem=4096MB", "#PBS -l walltime=01:30:00"],
}


@pytest.mark.parametrize("kind", list(ASKED))
def test_a_job_asks_for_what_was_given_and_speaks_tls(kind, tmp_path):
    pytest.importorskip("dask_jobqueue"), pytest.importorskip("cryptography")
    cluster = queue_cluster(kind, JobResources(2, 4096, 1.5, "long"), tmp_path)
    try:
        lines = cluster.job_script().splitlines()
        assert set(ASKED[kind]) <= set(lines)
        command = next(line for line in lines if "dask_worker" in line)
        assert "tls://" in command and f"--tls-key {tmp_path}" in command and command.count("--nthreads 1") == 1
        assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.iterdir()) and any(tmp_path.iterdir())
    finally:
        cluster.close()


@pytest.mark.skipif(sys.platform == "win32", reason="queues are programs of POSIX")
def test_jobs_that_the_queue_starts_compute_the_cases(toy, tmp_path, monkeypatch):
    pytest.importorskip("dask_jobqueue"), pytest.importorskip("cryptography")
    programs = tmp_path / "bin"
    programs.mkdir()
    # A queue reads the script before it answers: it is gone afterwards.
    start = f'#!/bin/sh\ncp "$1" "{tmp_path}/job.sh"\n/bin/sh "{tmp_path}/job.sh" >"{tmp_path}/job.log" 2>&1 &\n'
    (programs / "sbatch").write_text(f'{start}echo "Submitted batch job 7"\n')
    (programs / "scancel").write_text(f'#!/bin/sh\necho "$@" >"{tmp_path}/ended"\n')
    for path in programs.iterdir():
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    cases = write_cases(tmp_path, 2)
    words = ["batch", toy, "--cases", str(cases), "--out", str(tmp_path / "out"), "--slurm", "--workers", "1"]
    assert cli.main(words) == 0, (tmp_path / "job.log").read_text()
    assert (tmp_path / "out/results.csv").read_text() == sums(2)
    assert not list((tmp_path / "out").glob(".keys*"))
    assert "7" in (tmp_path / "ended").read_text()


def test_a_machine_without_the_queue_or_its_package_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="sbatch is not on this machine"):
        queue_engine("slurm", JobResources(), 1, tmp_path)
    monkeypatch.setitem(sys.modules, "dask_jobqueue", None)
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(MissingPackageError, match="pip install"):
        queue_cluster("slurm", JobResources(), tmp_path)


@pytest.mark.parametrize("wrong", [{"cores": 0}, {"hours": float("nan")}, {"queue": "a; rm"}, {"queue": "-x"}])
def test_resources_that_cannot_be_are_refused(wrong):
    with pytest.raises(InputError, match="E-BATCH-CLUSTER"):
        JobResources(**wrong)


def test_one_case_for_pbs_is_no_array(tmp_path):
    path = write_array_script(tmp_path / "a.sh", ["toy"], 1, kind="pbs", memory=1, hours=1)
    assert "#PBS -J" not in path.read_text() and '--element "${PBS_ARRAY_INDEX:-0}"' in path.read_text()
    assert "#PBS -J 0-1\n" in write_array_script(path, ["toy"], 2, kind="pbs", memory=1, hours=1).read_text()
