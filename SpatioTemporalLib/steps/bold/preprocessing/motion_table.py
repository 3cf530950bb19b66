"""Parameters of motion as a table, and from one."""

from __future__ import annotations

import numpy as np

from ....data.curve import Table
from ....errors import InputError
from ....numerics.bold.preprocessing.motion_series import framewise_displacement
from ....numerics.bold.preprocessing.rigid_motion import NAMES
from ...table_columns import numbers_of
from ..confounds import MOST_DUMMIES

FD, DVARS = "framewise_displacement", "dvars"
UNITS = {name: "mm" if name.startswith("trans") else "rad" for name in NAMES} | {FD: "mm", DVARS: "%"}


def motion_table(times: np.ndarray, parameters: np.ndarray, dvars: np.ndarray, moved: np.ndarray) -> Table:
    """One row a frame: six parameters (T, 6) in mm and rad, displacement, DVARS, and which frames moved."""
    columns = {"time": times.tolist()} | {name: column.tolist() for name, column in zip(NAMES, parameters.T)}
    columns[FD] = framewise_displacement(parameters).tolist()
    columns[DVARS] = dvars.tolist()
    columns["moved"] = [int(m) for m in moved]
    return Table(columns, {"time": "s", **UNITS}, "motion")


def motion_parameters(table: Table, frames: int) -> np.ndarray:
    """(frames, 6) mm and rad of a table's columns trans_x to rot_z; rows of frames before them are left out.

    Raises
    ------
    InputError
        ``E-MOTION-TABLE`` for other columns, another number of rows, or gaps.
    """
    missing = [name for name in NAMES if name not in table.columns]
    if missing:
        raise InputError(
            "E-MOTION-TABLE", f"has no column {missing[0]}; found {', '.join(list(table.columns)[:12])}",
            where=table.name,
            fix="Give the motion that preprocessing.motion writes, or call columns trans_x, trans_y, trans_z (mm) and "
            "rot_x, rot_y, rot_z (rad).",
        )  # fmt: skip
    if not frames <= table.row_count <= frames + MOST_DUMMIES:
        raise InputError(
            "E-MOTION-TABLE", f"{table.row_count} rows for {frames} frames", where=table.name,
            fix="Give the motion of this run, one row a frame.",
        )  # fmt: skip
    found = np.stack([numbers_of(table, name)[-frames:] for name in NAMES], axis=1)
    if not np.isfinite(found).all():
        row = int(np.flatnonzero(~np.isfinite(found).all(axis=1))[0]) + 1 + table.row_count - frames
        raise InputError(
            "E-MOTION-TABLE", f"row {row} lacks a parameter of motion", where=table.name, fix="Fill or correct it.",
        )  # fmt: skip
    return found
