"""Several processes that share a batch learn what one process learns."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import torch
from small_cases import small_cases

SCRIPT = """
import sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from small_cases import small_cases
from small_networks import small_network
from SpatioTemporalLib.context import Context
from SpatioTemporalLib.networks.training.distributed import process_group
from SpatioTemporalLib.networks.training.loop import Task, train_network
from SpatioTemporalLib.networks.training.settings import TrainingSettings

folder = Path(sys.argv[1])
# Without dropout, whose draws differ from process to process.
network = small_network("csfnet", cross_modal="concat")
settings = TrainingSettings(epochs=2, batch_size=8)
with process_group("cpu") as group:
    cases = small_cases(folder / f"cases{group.rank}")
    task = Task(cases, cases, ((1.0, 1.0, 1.0),), settings, group=group)
    train_network(network, task, folder / "training", Context())
    torch.save(network.state_dict(), folder / f"weights{group.rank}.pt")
"""


def run_together(folder: Path, count: int) -> list[dict]:
    folder.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    here = Path(__file__)
    paths = os.pathsep.join(str(p) for p in (here.parents[2], here.parents[4], *filter(None, sys.path)))
    together = {"WORLD_SIZE": str(count), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "PYTHONPATH": paths}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(folder)],
            env={**os.environ, **together, "RANK": str(rank), "LOCAL_RANK": str(rank)},
        )
        for rank in range(count)
    ]
    assert [process.wait(timeout=300) for process in processes] == [0] * count
    return [torch.load(folder / f"weights{rank}.pt", weights_only=True) for rank in range(count)]


def test_two_processes_have_the_same_weights_and_those_of_one(tmp_path):
    small_cases(tmp_path / "cases")
    first, second = run_together(tmp_path / "two", 2)
    (alone,) = run_together(tmp_path / "one", 1)
    for name in alone:
        assert torch.equal(first[name], second[name]), name
        # Gradients are summed in another order.
        assert torch.allclose(first[name], alone[name], atol=2e-4), name
