"""Nuisance columns from a table, as programs for preprocessing write them."""

from __future__ import annotations

import numpy as np

from ...data.curve import Table
from ...errors import Finding, InputError, Severity
from ..table_columns import numbers_of

# First frames that are left out of a run.
MOST_DUMMIES = 20


def confound_columns(
    table: Table | None, names: tuple[str, ...], frames: int
) -> tuple[dict[str, np.ndarray], tuple[Finding, ...]]:
    """(frames,) columns by name, each with mean 0 and standard deviation 1; those that never vary are left out.

    Parameters
    ----------
    names : columns, all numeric ones when empty
    frames : how many are used; rows of frames before them are left out

    Raises
    ------
    InputError
        ``E-CONFOUNDS`` for fewer rows than frames, or many more, and for gaps anywhere but in the first row, where
        derivatives have none.
    """
    if table is None:
        return {}, ()
    if not frames <= table.row_count <= frames + MOST_DUMMIES:
        raise InputError(
            "E-CONFOUNDS",
            f"{table.row_count} rows for {frames} frames",
            where=table.name,
            fix="Give the confounds of this run, one row a frame.",
        )
    chosen = names or tuple(name for name, cells in table.columns.items() if not any(map(_is_text, cells)))
    found, filled, constant = {}, [], []
    for name in chosen:
        values = numbers_of(table, name)[-frames:]
        gaps = np.flatnonzero(~np.isfinite(values))
        if gaps.size and (gaps != 0).any():
            raise InputError(
                "E-CONFOUNDS",
                f"{name} has no value in row {gaps[gaps > 0][0] + 1 + table.row_count - frames}",
                where=table.name,
                fix="Fill it, or leave the column out with the parameter confound_columns.",
            )
        if gaps.size:
            # A derivative has none before the second frame: as if nothing had changed.
            values = np.where(np.isfinite(values), values, 0.0)
            filled.append(name)
        if np.ptp(values) == 0:
            constant.append(name)
            continue
        found[name] = (values - values.mean()) / values.std()
    findings = []
    for code, what, own in (("R-CONFOUND-FIRST", "no value in the first row, taken to be 0", filled),
                            ("W-CONFOUND-CONSTANT", "never vary, left out", constant)):  # fmt: skip
        if own:
            severity = Severity.REPAIR if code.startswith("R") else Severity.WARN
            findings.append(Finding(code, severity, f"{what}: {', '.join(own)}", table.name))
    return found, tuple(findings)


def _is_text(cell: object) -> bool:
    if not isinstance(cell, str):
        return False
    return cell.strip().lower() not in ("", "n/a", "nan")
