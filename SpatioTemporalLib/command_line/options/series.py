"""Options of every verb that reads a series."""

from __future__ import annotations

from ...kinds.declared.series import TIMES, times_given
from .kinds import add_option


def add_time_options(parser) -> None:
    """Options for the frame times of files that have none."""
    for option in TIMES:
        add_option(parser, option)


def time_arguments(arguments) -> dict[str, object]:
    """The keyword arguments of `read_series` that were given as options."""
    return times_given(vars(arguments))
