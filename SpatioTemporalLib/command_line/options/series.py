"""Options of every verb that reads a series."""

from __future__ import annotations

from ...errors import ParameterError


def add_time_options(parser) -> None:
    """Options for the frame times of files that have none."""
    parser.add_argument("--times", help="frame times in s, separated by commas, where the file has none")
    parser.add_argument("--frame-interval", type=float, metavar="S", help="time between frames in s, likewise")
    parser.add_argument("--confirm-times", action="store_true", help="accept frame times that look unusual")


def time_arguments(arguments) -> dict[str, object]:
    """The keyword arguments of `read_series` that were given as options."""
    return {
        "times": numbers(arguments.times, "--times"),
        "frame_interval": arguments.frame_interval,
        "confirm_times": arguments.confirm_times,
    }


def numbers(text: str | None, option: str) -> list[float] | None:
    """The numbers an option gives, separated by commas; None where it was not given."""
    if text is None:
        return None
    try:
        return [float(word) for word in text.split(",")]
    except ValueError as error:
        raise ParameterError(
            "E-NUMBERS", f"{option} {text} is not a list of numbers ({error})", fix=f"Write {option} 0,2.5,5"
        ) from error
