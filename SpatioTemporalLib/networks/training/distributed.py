"""Several processes, one a device, as torchrun starts them; each takes its part of every batch."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import distributed, nn


@dataclass(frozen=True)
class Group:
    """rank : 0 to size - 1 of this process. local : its number on this machine."""

    rank: int = 0
    size: int = 1
    local: int = 0

    @property
    def leads(self) -> bool:
        """Whether this process writes files and speaks to the user."""
        return self.rank == 0

    def wait(self) -> None:
        """Until all have come here."""
        if self.size > 1:
            distributed.barrier()

    def average_gradients(self, network: nn.Module) -> None:
        """Give every process the mean of all gradients: the gradient of the whole batch."""
        if self.size == 1:
            return
        for parameter in network.parameters():
            # All or none must take part, also where this part of the batch did not reach a parameter.
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            distributed.all_reduce(parameter.grad)
            parameter.grad /= self.size

    def share_buffers(self, network: nn.Module) -> None:
        """Give every process the running statistics of the first."""
        if self.size > 1:
            for buffer in network.buffers():
                distributed.broadcast(buffer, 0)


@contextmanager
def process_group(device: str) -> Iterator[Group]:
    """The group this process was started in; one process alone without torchrun."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield Group()
        return
    group = Group(int(os.environ["RANK"]), size, int(os.environ.get("LOCAL_RANK", "0")))
    if device.startswith("cuda"):
        # Otherwise all processes would meet on the first GPU.
        torch.cuda.set_device(group.local)
    distributed.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    try:
        yield group
    finally:
        distributed.destroy_process_group()
