"""Several processes that share a batch learn what one process learns."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import torch
from library.networks.training import shared_training


def run_together(folder: Path, count: int) -> list[dict]:
    folder.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    paths = os.pathsep.join(filter(None, sys.path))
    together = {"WORLD_SIZE": str(count), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "PYTHONPATH": paths}
    processes = [
        subprocess.Popen(
            [sys.executable, shared_training.__file__, str(folder)],
            env={**os.environ, **together, "RANK": str(rank), "LOCAL_RANK": str(rank)},
        )
        for rank in range(count)
    ]
    assert [process.wait(timeout=300) for process in processes] == [0] * count
    return [torch.load(folder / f"weights{rank}.pt", weights_only=True) for rank in range(count)]


def test_two_processes_have_the_same_weights_and_those_of_one(tmp_path):
    first, second = run_together(tmp_path / "two", 2)
    shared_training.train_together(tmp_path / "one")
    alone = torch.load(tmp_path / "one" / "weights0.pt", weights_only=True)
    for name in alone:
        assert torch.equal(first[name], second[name]), name
        # Gradients are summed in another order.
        assert torch.allclose(first[name], alone[name], atol=2e-4), name
