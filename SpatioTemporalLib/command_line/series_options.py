"""Options of every verb that reads a series."""

from __future__ import annotations

from ..errors import ParameterError


def add_time_options(parser) -> None:
    """Options for the frame times of files that have none."""
    parser.add_argument("--times", help="frame times in s, separated by commas, where the file has none")
    parser.add_argument("--frame-interval", type=float, metavar="S", help="time between frames in s, likewise")


def time_arguments(arguments) -> dict[str, object]:
    """The keyword arguments of `read_series` that were given as options."""
    return {"times": _numbers(arguments.times), "frame_interval": arguments.frame_interval}


def _numbers(text: str | None) -> list[float] | None:
    if text is None:
        return None
    try:
        return [float(word) for word in text.split(",")]
    except ValueError as error:
        raise ParameterError(
            "E-TIME-VALUE", f"--times {text} is not a list of numbers ({error})", fix="Write --times 0,2.5,5"
        ) from error
