"""Runs a function over the voxels of a series in blocks, in bounded memory and in parallel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

import numpy as np

from ...context import Context
from ...data.volumes import LabelMap
from ...errors import InputError
from ...numerics.arrays import as_numpy, like, namespace
from .device_blocks import device_block_size, halving, on_device, require_device

# Blocks of this size keep the working arrays of a fit inside the processor's cache.
LARGEST_BLOCK = 8192
# Smaller ones are mostly overhead: for a region that is divided among threads, and for a slow method.
SMALLEST_SHARE, SMALLEST_BLOCK = 512, 128
# s that a block may take, so that progress is told and cancelling works; the first ones tell sooner how long all takes.
LONGEST, FIRST = 3.0, 0.1
QUICK = 10.0  # microseconds a voxel


def map_voxels(
    function: Callable[[np.ndarray, np.ndarray], dict[str, np.ndarray]],
    values: np.ndarray,
    *,
    mask: LabelMap | None,
    context: Context,
    message: str,
    any_device: bool = False,
    cost: float = QUICK,
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
    any_device : bool
        Whether the function takes torch tensors too; then it runs on the
        context's device.
    cost : float
        Roughly how many microseconds a voxel takes a processor: what is slow comes in smaller blocks.

    Returns
    -------
    outputs : dict of (K, J, I) or (T', K, J, I) arrays
        float32 with NaN, or uint8 with 0, where nothing was computed.
    nonfinite : (K, J, I) bool array
        True for voxels of the mask whose curves are not finite.

    Raises
    ------
    InputError
        ``E-NO-VALUES`` when no curve is finite.
    """
    shape = values.shape[1:]
    index = np.arange(np.prod(shape)) if mask is None else np.flatnonzero(mask.foreground)
    frames = values.reshape(len(values), -1)
    nonfinite = np.zeros(int(np.prod(shape)), dtype=bool)
    device = context.device if any_device and context.device != "auto" else "cpu"
    context.used_device = device
    if device != "cpu":
        require_device(device)

    def compute(block: np.ndarray):
        curves = frames[:, block[0] : block[-1] + 1] if _is_run(block) else frames[:, block]
        if device != "cpu":
            curves = on_device(curves, device)
        finite = as_numpy(namespace(curves).isfinite(curves).all(axis=0))
        if not finite.all():
            nonfinite[block[~finite]] = True
            curves, block = curves[:, like(np.flatnonzero(finite), curves)], block[finite]
        computed = function(curves, block) if block.size else {}
        return block, {name: as_numpy(_stored(part)) for name, part in computed.items()}

    outputs = _joined(_computed(compute, index, (len(values), cost), device, context, message), nonfinite.size)
    if not outputs:
        raise InputError(
            "E-NO-VALUES",
            "no voxel has finite values in every frame",
            where="the image" if mask is None else mask.name,
            fix="Choose a region inside the image, and check how the image was exported.",
        )
    shaped = {name: whole.reshape(*whole.shape[:-1], *shape) for name, whole in outputs.items()}
    return shaped, nonfinite.reshape(shape)


def _joined(results: Iterator, voxels: int) -> dict[str, np.ndarray]:
    """The blocks' results in arrays over all voxels."""
    outputs: dict[str, np.ndarray] = {}
    for block, computed in results:
        place = slice(block[0], block[-1] + 1) if _is_run(block) else block
        for name, part in computed.items():
            if name not in outputs:
                outputs[name] = _empty(part, voxels)
            outputs[name][..., place] = part
    return outputs


def _computed(compute: Callable, index: np.ndarray, work: tuple, device: str, context: Context, message: str):
    """Results block by block, in threads on the processor and one after the other on a device.

    work : frames and cost of each voxel.
    """
    if device == "cpu":
        edges = _block_edges(len(index), *work, context)
        yield from _in_parallel(compute, np.split(index, edges), context, message)
        return
    size = device_block_size(work[0], device)
    blocks = np.split(index, range(size, len(index), size))
    for done, block in enumerate(blocks, start=1):
        yield from halving(compute, block)
        context.progress(done / len(blocks), message)


def _stored(part):
    """Computed values in the type they are kept in; reduced before they leave a device."""
    xp = namespace(part)
    return part if part.dtype == xp.uint8 else xp.asarray(part, dtype=xp.float32)


def _block_edges(voxels: int, frame_count: int, cost: float, context: Context) -> list[int]:
    """Where blocks begin, but for the first: as large as memory, time and the other threads allow."""
    # A fit holds about four times its input and some hundred numbers more for each voxel.
    bytes_per_voxel = 8 * (4 * frame_count + 400)
    by_memory = context.memory_budget // (context.threads * bytes_per_voxel)
    by_time = max(1e6 * LONGEST / cost, SMALLEST_BLOCK)
    # A slow method gains from every thread, whatever the overhead.
    least = min(SMALLEST_SHARE, max(FIRST * by_time, SMALLEST_BLOCK))
    share = max(-(-voxels // context.threads), least)
    size = int(max(min(LARGEST_BLOCK, by_memory, by_time, share), 64))
    if size >= LARGEST_BLOCK or voxels <= size * context.threads:
        return list(range(size, voxels, size))
    first = max(int(FIRST * size), 64)
    begun = [min(first * (n + 1), voxels) for n in range(context.threads)]
    return [edge for edge in (*begun, *range(begun[-1] + size, voxels, size)) if edge < voxels]


def _is_run(block: np.ndarray) -> bool:
    return block.size > 0 and block[-1] - block[0] + 1 == block.size


def _empty(part: np.ndarray, voxels: int) -> np.ndarray:
    shape = (*part.shape[:-1], voxels)
    if part.dtype.kind == "f":
        return np.full(shape, np.nan, dtype=np.float32)
    return np.zeros(shape, dtype=np.uint8)


def _in_parallel(compute: Callable, blocks: list, context: Context, message: str) -> Iterator:
    """Results of `compute` as they are ready; few blocks wait, so that cancelling is quick."""
    total, done = sum(map(len, blocks)), 0
    waiting = iter(blocks)
    with ThreadPoolExecutor(context.threads) as pool:
        # The blocks stand last in both zips: the first one is asked first, and what it gives would be lost at the end.
        running = {pool.submit(compute, block): len(block) for _, block in zip(range(2 * context.threads), waiting)}
        try:
            while running:
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    done += running.pop(future)
                    context.progress(done / total, message)
                    yield future.result()
                running |= {pool.submit(compute, block): len(block) for _, block in zip(finished, waiting)}
        finally:
            # Who has cancelled need not wait for blocks that have not begun.
            for future in running:
                future.cancel()
