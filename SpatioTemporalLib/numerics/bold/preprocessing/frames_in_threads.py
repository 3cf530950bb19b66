"""Frames that do not depend on one another, several at a time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


def each_frame(
    work: Callable[[int], object], count: int, threads: int, report: Callable[[float], None] = lambda fraction: None
) -> list:
    """What `work` gives for each number below `count`, in order, whatever the number of threads.

    report : called with the part that is done, in the thread that calls; what it raises ends what has not begun.
    """
    if threads <= 1:
        found = []
        for n in range(count):
            report(n / count)
            found.append(work(n))
        return found
    pool = ThreadPoolExecutor(threads)
    try:
        futures = [pool.submit(work, n) for n in range(count)]
        found = []
        for n, future in enumerate(futures):
            report(n / count)
            found.append(future.result())
        return found
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
