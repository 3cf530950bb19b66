"""Blocks of voxels on an accelerator: how large they may be, how they get there, and what if memory runs out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...errors import ParameterError
from ...system.packages import require

# The search of a fit keeps about this much for each voxel, besides its curve.
WORKING_BYTES = 12000
LARGEST_DEVICE_BLOCK = 2**20
MOST_HALVINGS = 3


def device_block_size(frame_count: int, device: str) -> int:
    """Voxels that fit half of the memory that is free on a device."""
    torch = _torch()
    free = torch.cuda.mem_get_info(device)[0] if device.startswith("cuda") else 4 * 2**30
    return int(np.clip(free // 2 // (WORKING_BYTES + 8 * frame_count), 1024, LARGEST_DEVICE_BLOCK))


def on_device(curves: np.ndarray, device: str):
    """(T, n) curves as a tensor on a device, copied frame by frame so that no second copy is made in memory."""
    torch = _torch()
    kind = torch.from_numpy(np.empty(0, curves.dtype.newbyteorder("="))).dtype
    tensor = torch.empty(curves.shape, dtype=kind, device=device)
    for frame, target in zip(curves, tensor):
        target.copy_(torch.from_numpy(np.ascontiguousarray(frame, dtype=frame.dtype.newbyteorder("="))))
    return tensor


def halving(compute: Callable[[np.ndarray], tuple], block: np.ndarray, depth: int = 0) -> list[tuple]:
    """Results of a block, computed in halves of halves when the device's memory does not hold it."""
    torch = _torch()
    try:
        return [compute(block)]
    except torch.OutOfMemoryError:
        if depth == MOST_HALVINGS or len(block) < 2:
            raise
    # Outside the handler: while it runs, the error keeps the failed attempt's tensors alive.
    torch.cuda.empty_cache()
    return [r for half in np.array_split(block, 2) for r in halving(compute, half, depth + 1)]


def require_device(device: str, *, double: bool = True) -> None:
    """Refuse a device that PyTorch does not have here, or that has no double precision where that is needed.

    Raises
    ------
    ParameterError
        ``E-DEVICE``.
    MissingPackageError
        When PyTorch is not installed.
    """
    torch = _torch()
    try:
        torch.zeros(1, dtype=torch.float64 if double else torch.float32, device=device)
    except (RuntimeError, TypeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ParameterError(
            "E-DEVICE", f"nothing can be computed on the device {device!r}: {reason}", fix="Use cpu, or a CUDA device."
        ) from error


def _torch():
    return require("torch", package="torch", extra="networks", purpose="Computing on an accelerator")
