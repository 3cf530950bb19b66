"""Runs a function over the voxels of a series in blocks, in bounded memory and in parallel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

import numpy as np

from ..context import Context
from ..data.volumes import LabelMap

# Blocks of this size keep the working arrays of a fit inside the processor's cache.
LARGEST_BLOCK = 8192


def map_voxels(
    function: Callable[[np.ndarray, np.ndarray], dict[str, np.ndarray]],
    values: np.ndarray,
    *,
    mask: LabelMap | None,
    context: Context,
    message: str,
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Apply a function to every voxel's curve.

    Parameters
    ----------
    function : callable(curves, index)
        Takes (T, n) finite curves and their (n,) flat voxel indices; gives (n,)
        or (T', n) arrays by name.
    values : (T, K, J, I) array
        May be memory-mapped; only one block a thread is in memory at a time.
    mask : LabelMap or None
        Voxels to compute; all when None.

    Returns
    -------
    outputs : dict of (K, J, I) or (T', K, J, I) arrays
        float32 with NaN, or uint8 with 0, where nothing was computed.
    nonfinite : (K, J, I) bool array
        True for voxels of the mask whose curves are not finite.
    """
    shape = values.shape[1:]
    index = np.arange(np.prod(shape)) if mask is None else np.flatnonzero(mask.foreground)
    frames = values.reshape(len(values), -1)
    nonfinite = np.zeros(int(np.prod(shape)), dtype=bool)
    outputs: dict[str, np.ndarray] = {}

    def compute(block: np.ndarray):
        curves = frames[:, block[0] : block[-1] + 1] if _is_run(block) else frames[:, block]
        finite = np.isfinite(curves).all(axis=0)
        if not finite.all():
            nonfinite[block[~finite]] = True
            curves, block = curves[:, finite], block[finite]
        return block, function(curves, block) if block.size else {}

    size = _block_size(len(values), context)
    for block, computed in _in_parallel(compute, np.split(index, range(size, len(index), size)), context, message):
        for name, part in computed.items():
            if name not in outputs:
                outputs[name] = _empty(part, nonfinite.size)
            outputs[name][..., block] = part
    shaped = {name: whole.reshape(*whole.shape[:-1], *shape) for name, whole in outputs.items()}
    return shaped, nonfinite.reshape(shape)


def _block_size(frame_count: int, context: Context) -> int:
    # A fit holds about four times its input and some hundred numbers more for each voxel.
    bytes_per_voxel = 8 * (4 * frame_count + 400)
    return int(np.clip(context.memory_budget // (context.threads * bytes_per_voxel), 64, LARGEST_BLOCK))


def _is_run(block: np.ndarray) -> bool:
    return block.size > 0 and block[-1] - block[0] + 1 == block.size


def _empty(part: np.ndarray, voxels: int) -> np.ndarray:
    shape = (*part.shape[:-1], voxels)
    if part.dtype.kind == "f":
        return np.full(shape, np.nan, dtype=np.float32)
    return np.zeros(shape, dtype=np.uint8)


def _in_parallel(compute: Callable, blocks: list, context: Context, message: str) -> Iterator:
    """Results of `compute` as they are ready; few blocks wait, so that cancelling is quick."""
    total, done = len(blocks), 0
    waiting = iter(blocks)
    with ThreadPoolExecutor(context.threads) as pool:
        running = {pool.submit(compute, block) for block, _ in zip(waiting, range(2 * context.threads))}
        while running:
            finished, running = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                done += 1
                context.progress(done / total, message)
                yield future.result()
            running |= {pool.submit(compute, block) for block, _ in zip(waiting, finished)}
