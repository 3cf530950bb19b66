"""Progress on a terminal: a bar with the time left; nothing where output goes to a file."""

from __future__ import annotations

import sys
import time

BAR_LENGTH = 30
SHORTEST_INTERVAL = 0.1  # s


class ProgressBar:
    """Draws progress on standard error while it is a terminal."""

    def __init__(self, stream=None):
        self.stream = stream or sys.stderr
        self.shown = self.stream.isatty()
        self.started = time.monotonic()
        self.drawn = 0.0

    def __call__(self, fraction: float, message: str) -> None:
        now = time.monotonic()
        if not self.shown or (now - self.drawn < SHORTEST_INTERVAL and fraction < 1):
            return
        self.drawn = now
        filled = round(fraction * BAR_LENGTH)
        bar = "█" * filled + "·" * (BAR_LENGTH - filled)
        self.stream.write(f"\r\033[K{bar} {100 * fraction:3.0f} %  {self._left(fraction, now)}  {message}")
        self.stream.write("\n" if fraction >= 1 else "")
        self.stream.flush()

    def clear(self) -> None:
        """Take the bar away before something else is said."""
        if self.shown:
            self.stream.write("\r\033[K")
            self.stream.flush()

    def _left(self, fraction: float, now: float) -> str:
        if fraction < 0.02 or fraction >= 1:
            return ""
        return f"{(now - self.started) * (1 - fraction) / fraction:.0f} s left"
