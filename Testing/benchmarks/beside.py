"""Work and its peer, each in a process of its own: seconds, and by how much its memory rose."""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections.abc import Callable
from importlib import import_module

import SimpleITK as sitk


def peak_mebibytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measured(work: Callable[[], object]) -> tuple[object, float, float]:
    """What work gives, its seconds, and by how many MiB the peak of its own process rose."""
    receiver, sender = multiprocessing.get_context("fork").Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_worked, args=(work, sender))
    process.start()
    found = receiver.recv()
    process.join()
    if isinstance(found, BaseException):
        raise found
    return found


def _worked(work: Callable[[], object], sender) -> None:
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    before, started = peak_mebibytes(), time.perf_counter()
    try:
        result = work()
    except ImportError as error:
        sender.send(error)
        return
    sender.send((result, time.perf_counter() - started, peak_mebibytes() - before))


def imported(name: str):
    """A peer's module, in this process, so that importing it is no part of its time; None where it is not there."""
    try:
        return import_module(name)
    except ImportError:
        return None


def told(name: str, seconds: float, memory: float, more: str = "") -> None:
    print(f"  {name:<34} {seconds:9.2f} s   {memory:7.0f} MiB   {more}")


def beside(name: str, work: Callable[[], object], ours: float, part: float = 1.0):
    """What a peer gives, its figures told; None where it is not installed.

    part : of the work that the peer does; its time is divided by it.
    """
    try:
        found, seconds, memory = measured(work)
    except ImportError as error:
        print(f"  {name} is not installed ({error}): pip install it")
        return None
    seconds /= part
    more = found if isinstance(found, str) else ""
    told(name, seconds, memory, more if part == 1 else f"{more} (of {100 * part:.2g} % of the work)".strip())
    print(f"  {'':<34} ours is {seconds / ours:.1f} times as fast")
    return found


def alternately(names: tuple[str, str], work, peer, part: float = 1.0, times: int = 4):
    """What ours and a peer give, the fastest of several turns each told; None of a peer that is not installed.

    Others may use the machine: one has its turn after the other, so that both see the same of it.
    """
    ours, theirs, missing = [], [], None
    for _ in range(times):
        ours.append(measured(work))
        try:
            theirs.append(measured(peer))
        except ImportError as error:
            missing = error
            break
    best = min(turn[1] for turn in ours)
    told(names[0], best, ours[0][2], f"(fastest of {len(ours)})")
    if missing is not None:
        print(f"  {names[1]} is not installed ({missing}): pip install it")
        return ours[0][0], None
    whole = [turn[1] / part for turn in theirs]
    note = "" if part == 1 else f" (of {100 * part:.2g} % of the work)"
    told(names[1], min(whole), theirs[0][2], f"(fastest of {len(theirs)}){note}")
    each = [f"{t / turn[1]:.1f}" for t, turn in zip(whole, ours)]
    print(f"  {'':<34} ours is {min(whole) / best:.1f} times as fast (turn by turn {', '.join(each)})")
    return ours[0][0], theirs[0][0]
