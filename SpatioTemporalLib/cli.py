"""The command ``spatiotemporal``."""

from __future__ import annotations

import sys
import tempfile
import traceback

from . import interrupts
from .command_line.options.dashes import with_dashes_joined
from .command_line.terminal.parser import Parser
from .command_line.terminal.quiet_end import open_closed_streams, quiet_where_nobody_reads
from .command_line.terminal.system_faults import fault_of_the_system
from .command_line.verbs import (
    batch,
    bundle,
    check,
    cohort,
    convert,
    demo,
    describe,
    doctor,
    evaluate,
    listing,
    networks,
    run,
    simulate,
    train,
)
from .errors import Cancelled, SpatioTemporalError
from .version import __version__

VERBS = (
    listing,
    describe,
    networks,
    run,
    batch,
    simulate,
    cohort,
    train,
    evaluate,
    bundle,
    convert,
    demo,
    check,
    doctor,
)
# Options whose lists of numbers may begin with a dash, such as -1200,600.
LISTS = {"--window", "--missing"}
USER_ERROR, INTERNAL_ERROR = 2, 3


def main(arguments: list[str] | None = None) -> int:
    """Run the command; gives the exit code.

    0 when all went well, 2 for something the user can mend (said in one line),
    3 for a fault of ours (with the path of a log), 130 when interrupted. Where
    what it prints is no longer read, as by ``head``, it ends with 141.
    """
    interrupts.hear()
    open_closed_streams()
    try:
        with quiet_where_nobody_reads():
            return _exit_code(sys.argv[1:] if arguments is None else arguments)
    finally:
        interrupts.ignore()


def _exit_code(arguments: list[str]) -> int:
    try:
        parsed = _parser().parse_args(with_dashes_joined(arguments, LISTS))
        return parsed.function(parsed) or 0
    except BrokenPipeError:
        raise
    except (KeyboardInterrupt, Cancelled):
        return _interrupted()
    except SpatioTemporalError as error:
        print(f"spatiotemporal: {error}", file=sys.stderr)
        return USER_ERROR
    except Exception as error:  # noqa: BLE001 - the one place where a fault of ours becomes a message
        if interrupts.was_heard():
            return _interrupted()
        said = fault_of_the_system(error)
        print(f"spatiotemporal: {said or 'this is a fault in the program'}; details are in {_log()}", file=sys.stderr)
        return USER_ERROR if said else INTERNAL_ERROR


def _interrupted() -> int:
    print("\ninterrupted; no unfinished file was left behind", file=sys.stderr)
    return interrupts.INTERRUPTED


def _parser() -> Parser:
    parser = Parser(
        prog="spatiotemporal",
        description="Images that change over time: analyses with units and provenance. For research only.",
    )
    parser.add_argument("--version", action="version", version=f"spatiotemporal {__version__}")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb in VERBS:
        verb.add_to(verbs)
    return parser


def _log() -> str:
    """Where the traceback is written, or the traceback itself where nothing can be written."""
    try:
        with tempfile.NamedTemporaryFile("w", prefix="spatiotemporal-", suffix=".log", delete=False) as file:
            traceback.print_exc(file=file)
    except OSError:
        return f"the following\n{traceback.format_exc()}"
    return file.name


if __name__ == "__main__":
    sys.exit(main())
