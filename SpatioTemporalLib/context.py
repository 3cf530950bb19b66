"""What a run gets from its surroundings: progress, cancellation, device, memory, randomness."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from .errors import Cancelled

DEFAULT_MEMORY_BUDGET = 512 * 2**20


def _silent(fraction: float, message: str) -> None:
    """Progress for callers that do not want to hear of it."""


def _unwatched() -> None:
    """For runs whose surroundings do not change."""


@dataclass
class Context:
    """Surroundings of one run.

    Attributes
    ----------
    report : callable(fraction, message)
        Called now and then with the fraction done, 0..1.
    device : str
        "cpu", "cuda", ... : where methods that can will compute; "auto" takes a
        GPU, where there is one, for networks and the processor for fits.
    used_device : str
        Where the last method did compute.
    memory_budget : int
        Bytes that temporary arrays may take together.
    threads : int
        Threads that voxelwise work may use.
    seed : int
        Of `rng`; part of the provenance.
    own_files : bool
        Whether nobody else writes to the files that inputs are mapped from; what lies in others is taken into memory
        where it fits.
    watch : callable()
        Called at each report of progress; raises when it makes no sense to go on.
    """

    report: Callable[[float, str], None] = _silent
    device: str = "auto"
    memory_budget: int = DEFAULT_MEMORY_BUDGET
    threads: int = field(default_factory=lambda: os.cpu_count() or 1)
    seed: int = 0
    own_files: bool = False
    watch: Callable[[], None] = _unwatched
    _cancel: threading.Event = field(default_factory=threading.Event, repr=False)

    def __post_init__(self):
        self.rng = np.random.default_rng(self.seed)
        self.used_device = "cpu"

    def progress(self, fraction: float, message: str = "") -> None:
        """Report progress; raises `Cancelled` when the user has asked to stop, and what `watch` raises."""
        if self.cancelled:
            raise Cancelled("The run was cancelled; nothing was written.")
        self.watch()
        self.report(min(max(fraction, 0.0), 1.0), message)
        # What is reported to may have taken its time.
        self.watch()

    def part(self, low: float, high: float) -> Context:
        """The same surroundings for a part of the work: its progress from 0 to 1 is this one's from low to high."""
        return replace(self, report=lambda fraction, message: self.report(low + fraction * (high - low), message))

    @property
    def cancelled(self) -> bool:
        return self._cancel.is_set()

    def cancel(self) -> None:
        """Ask the run to stop; it does at its next report of progress."""
        self._cancel.set()
