"""A small network trained by as many processes as the environment says, each of which runs this file."""

import sys
from pathlib import Path

import torch
from library.small.cases import small_cases
from library.small.networks import small_network

from SpatioTemporalLib.context import Context
from SpatioTemporalLib.networks.tasks.classification import CLASSIFICATION
from SpatioTemporalLib.networks.training.distributed import process_group
from SpatioTemporalLib.networks.training.loop import Exercise, train_network
from SpatioTemporalLib.networks.training.settings import TrainingSettings


def train_together(folder: Path) -> None:
    """Train, and leave the weights of this process in the folder."""
    # Without dropout, whose draws differ from process to process.
    network = small_network("csfnet", cross_modal="concat")
    settings = TrainingSettings(epochs=2, batch_size=8)
    with process_group("cpu") as group:
        cases = small_cases(folder / f"cases{group.rank}")
        task = Exercise(CLASSIFICATION, cases, cases, ((1.0, 1.0, 1.0),), settings, group=group)
        train_network(network, task, folder / "training", Context())
        torch.save(network.state_dict(), folder / f"weights{group.rank}.pt")


if __name__ == "__main__":
    torch.set_num_threads(1)
    train_together(Path(sys.argv[1]))
