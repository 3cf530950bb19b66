"""Commands as a user gives them."""

from __future__ import annotations

from SpatioTemporalLib import cli


def run(capsys, *arguments) -> tuple[int, str, str]:
    """Exit code, and what was printed on either stream."""
    capsys.readouterr()
    code = cli.main([str(a) for a in arguments])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def refused(capsys, *arguments) -> str:
    """The one line of a command that cannot be carried out."""
    code, _, err = run(capsys, *arguments)
    told = [line for line in err.splitlines() if line.startswith("spatiotemporal: ")]
    assert code == 2 and len(told) == 1 and "Traceback" not in err, err
    return told[0]
