"""Steps of a demonstration, told with the time each took."""

from __future__ import annotations

import time


class TimedSteps:
    """Prints what was done and how long it took."""

    def __init__(self):
        self.last = time.perf_counter()

    def done(self, what: str) -> None:
        now = time.perf_counter()
        print(f"{now - self.last:6.2f} s  {what}", flush=True)
        self.last = now
