"""What happened, line after line: a log that is only ever added to."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from ..io.files.atomic import not_written

EVENTS = "events.jsonl"


class EventLog:
    """``events.jsonl`` of a batch: when a row was queued, started, finished, failed, tried again or cancelled.

    Rows are named by their numbers in the table: names of patients stay out of logs.
    """

    def __init__(self, folder: Path):
        self.path = folder / EVENTS
        try:
            self._file = open(self.path, "ab")
        except OSError as error:
            raise not_written(self.path, error) from error
        if self._file.tell() and not self._ends_with_a_line():
            # Of a process that was killed while it wrote.
            self._file.write(b"\n")

    def add(self, event: str, **facts) -> None:
        """Write an event; it is on its way to the disk when this returns."""
        line = json.dumps({"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **facts})
        try:
            self._file.write(line.encode() + b"\n")
            self._file.flush()
        except OSError as error:
            raise not_written(self.path, error) from error

    def close(self) -> None:
        # A disk that is full has been told of by then.
        with suppress(OSError):
            self._file.close()

    def _ends_with_a_line(self) -> bool:
        with open(self.path, "rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"


def read_events(folder: Path) -> Iterator[dict]:
    """The events of a batch; lines that were cut off are left out."""
    with open(folder / EVENTS, encoding="utf-8") as file:
        for line in file:
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict):
                yield event
