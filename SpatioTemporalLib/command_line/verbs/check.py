"""``spatiotemporal check``: this installation against references that others published."""

from __future__ import annotations

from pathlib import Path

from ... import io
from ...context import Context
from ...validation.checks import comparison_table
from ...validation.domains import DOMAINS, comparisons_of
from ..terminal.progress import ProgressBar


def add_to(verbs) -> None:
    parser = verbs.add_parser("check", help="compare this installation with published reference values")
    parser.add_argument("domain", choices=sorted(DOMAINS), help="which analyses to check")
    parser.add_argument("--out", metavar="FILE.csv", help="also write the table")
    parser.set_defaults(function=check)


def check(arguments) -> int:
    """Print the comparison; the exit code is 1 when anything fails."""
    comparisons = comparisons_of(arguments.domain, Context(report=ProgressBar()))
    table = comparison_table(comparisons)
    print(table)
    failed = sum(not c.passed for c in comparisons)
    print(f"\n{len(comparisons) - failed} of {len(comparisons)} within their tolerance")
    if arguments.out:
        io.write_table(Path(arguments.out), table)
    return 1 if failed else 0
