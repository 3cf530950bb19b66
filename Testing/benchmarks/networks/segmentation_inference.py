"""Segmentation of a whole dynamic series by sliding windows, beside MONAI's plain DynUNet; and the scan beside a loop.

    python Testing/benchmarks/networks/segmentation_inference.py [--size 128] [--phases 5] [--threads 2] [--only NAME]

Each network goes over size³ voxels in windows of 64³ (an overlap of a half, Gaussian weights), in a process of its own:
seconds, their ratio to DynUNet's of the same widths with all phases as channels, and the peak of memory beside what the
process had before. Networks that take one later phase at a time go over the image once for each of them. The scan: 4096
places of 32 channels, forward and backward, beside one place after the other.
"""

from __future__ import annotations

import argparse
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np

WINDOW = (64, 64, 64)
NETWORKS = ("DynUNet", "film_unet", "film_swin_unetr", "conv_transformer", "fe_swinuper", "st_mamba")
MIB = 1024.0


def gone_over(name: str, size: int, phases: int, threads: int) -> tuple[float, float]:
    """Seconds and MiB that a network takes for a series."""
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    values = np.random.default_rng(0).random((phases, *[size] * 3), dtype=np.float32)
    seconds = np.array([-1.0, 30.0, *(90.0 * np.arange(1, phases - 1))], np.float32)
    work = _dynunet(values) if name == "DynUNet" else _ours(name, values, seconds)
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    work()
    taken = time.perf_counter() - started
    return taken, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / MIB


def _dynunet(values: np.ndarray):
    import torch
    from monai.inferers import sliding_window_inference
    from monai.networks.nets import DynUNet

    kernels, strides = [3, 3, 3], [1, 2, 2]
    network = DynUNet(3, len(values), 2, kernels, strides, strides[1:], filters=[8, 16, 32]).eval()
    images = torch.from_numpy(values)[None]

    def work():
        with torch.inference_mode():
            sliding_window_inference(images, WINDOW, 1, network, overlap=0.5, mode="gaussian")

    return work


def _ours(name: str, values: np.ndarray, seconds: np.ndarray):
    from SpatioTemporalLib.networks.inference.segmentation import logit_map
    from SpatioTemporalLib.networks.registry import build

    network = build(name).eval()
    return lambda: logit_map((network,), values, seconds, WINDOW, together=name == "st_mamba")


def scan_beside_loop(threads: int) -> tuple[float, float]:
    """Seconds of the scan and of a loop over its places, forward and backward."""
    import torch

    from SpatioTemporalLib.networks.voxelwise import selective_scan

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    module, inputs = selective_scan.SelectiveScan(32), torch.randn(1, 4096, 32)
    module(inputs).sum().backward()
    taken = []
    for few in (selective_scan.FEW, 4096):
        # As many places as are gone through one by one.
        selective_scan.FEW = few
        started = time.perf_counter()
        module(inputs).sum().backward()
        taken.append(time.perf_counter() - started)
    return taken[0], taken[1]


def alone(work, *given):
    """What a function gives in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *given).result()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--phases", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", nargs="*", default=NETWORKS)
    arguments = parser.parse_args()
    given = (arguments.size, arguments.phases, arguments.threads)
    print(f"{arguments.size}³ voxels, {arguments.phases} phases, {arguments.threads} threads")
    print(f"{'network':<18}{'s':>8}{'ratio':>8}{'MiB':>8}")
    plain = None
    for name in arguments.only:
        seconds, memory = alone(gone_over, name, *given)
        plain = plain or seconds
        print(f"{name:<18}{seconds:8.1f}{seconds / plain:8.1f}{memory:8.0f}", flush=True)
    ours, loop = alone(scan_beside_loop, arguments.threads)
    print(f"scan of 4096 places {ours:.2f} s, one place after the other {loop:.2f} s: {loop / ours:.1f} times")


if __name__ == "__main__":
    main()
