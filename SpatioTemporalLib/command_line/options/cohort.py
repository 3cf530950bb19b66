"""Options that say how a cohort is read."""

from __future__ import annotations

from ... import io
from ...data.cohort import Cohort
from ...errors import ParameterError
from ...io.files.boundary import real_path


def add_cohort_options(parser) -> None:
    parser.add_argument(
        "--cohort", required=True, metavar="DIR", help="folder with participants.csv, timepoints.csv and images"
    )
    parser.add_argument(
        "--missing", default="", metavar="LIST", help="codes of missing values in the tables, as 999,-1"
    )
    parser.add_argument("--real", default="", metavar="LIST", help="columns in which such numbers are values")


def given_cohort(arguments) -> Cohort:
    """The cohort, with what was odd about it printed."""
    missing, real = (tuple(filter(None, text.split(","))) for text in (arguments.missing, arguments.real))
    cohort = io.read_cohort(arguments.cohort, missing=missing, real=real)
    print(cohort)
    return cohort


def require_cache_elsewhere(arguments) -> None:
    """Refuse regions of patients within the folder of what is handed on, which would not be free at the end either."""
    if arguments.cache and real_path(arguments.cache).is_relative_to(real_path(arguments.out)):
        raise ParameterError(
            "E-PARAMETER",
            f"--cache {arguments.cache} lies in the folder of --out",
            fix="Choose a folder for the regions elsewhere: they hold voxels of patients.",
        )


def numbers_given(text: str, option: str, count: int, kind=float) -> tuple:
    """So many numbers, separated by commas."""
    try:
        numbers = tuple(kind(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if len(numbers) != count:
        raise ParameterError(
            "E-PARAMETER",
            f"{option} {text!r} is not {count} numbers",
            fix=f"Write them as {option} 1,2,3 without spaces.",
        )
    return numbers
