"""What models predicted, from the columns of a table."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from ...data.curve import Table
from ...errors import InputError
from ...numerics.survival.survival_curves import interpolated, median_time, restricted_mean
from ..table_columns import numbers_of

RISK, EXPECTED = "risk", "expected time"
SURVIVAL = re.compile(r"survival at (?P<horizon>\d+(\.\d+)?)(?P<model> .*)?")


@dataclass(frozen=True, eq=False)
class Prediction:
    """What one model predicted of N patients.

    risk : (N,) higher is worse. horizons, survival : (H,) and (N, H) chance of being without an event, or None.
    expected : (N,) predicted time, or None. own_risk : whether the table said the risk.
    """

    risk: np.ndarray
    horizons: np.ndarray | None = None
    survival: np.ndarray | None = None
    expected: np.ndarray | None = None
    own_risk: bool = True

    def survival_at(self, times) -> np.ndarray | None:
        """(N, T) chance at times up to the last horizon."""
        return None if self.survival is None else interpolated(self.survival, self.horizons, times)

    def of(self, rows: np.ndarray) -> Prediction:
        """That of some patients."""
        survival = None if self.survival is None else self.survival[rows]
        expected = None if self.expected is None else self.expected[rows]
        return Prediction(self.risk[rows], self.horizons, survival, expected, self.own_risk)

    @property
    def known(self) -> np.ndarray:
        """(N,) bool: of whom everything is there."""
        there = np.isfinite(self.risk)
        if self.survival is not None:
            there &= np.isfinite(self.survival).all(axis=1)
        return there if self.expected is None else there & np.isfinite(self.expected)


def column_of(kind: str, model: str) -> str:
    """Heading of what a model predicted; the name of a model begins with a blank or is empty."""
    return f"{kind}{model}"


def predictions_of(table: Table) -> dict[str, Prediction]:
    """What each model of a table predicted, by what follows the kind in the columns' headings; "" where nothing does.

    Columns are ``risk``, ``survival at 12`` with numbers in the unit of the
    times, and ``expected time``, each with the name of a model behind it where
    there are several.

    Raises
    ------
    InputError
        ``E-TABLE`` when there is none, or chances are not from 0 to 1, or rise.
    """
    risks, expected, survival = {}, {}, {}
    for column in table.columns:
        match = SURVIVAL.fullmatch(column)
        if column == RISK or column.startswith(f"{RISK} "):
            risks[column.removeprefix(RISK)] = numbers_of(table, column)
        elif column == EXPECTED or column.startswith(f"{EXPECTED} "):
            expected[column.removeprefix(EXPECTED)] = numbers_of(table, column)
        elif match:
            survival.setdefault(match["model"] or "", {})[float(match["horizon"])] = numbers_of(table, column)
    models = list(dict.fromkeys([*risks, *survival, *expected]))
    if not models:
        raise InputError(
            "E-TABLE",
            f"no column is called risk, survival at 12, or expected time; there are {', '.join(table.columns)}",
            where=table.name,
            fix="Head risks with 'risk', chances of being without an event after 12 with 'survival at 12', in the "
            "unit of the times, and predicted times with 'expected time'; behind it the name of the model where "
            "there are several.",
        )
    return {name: _prediction(table, name, risks, survival, expected) for name in models}


def _prediction(table: Table, name: str, risks, survival, expected) -> Prediction:
    horizons = chances = None
    if name in survival:
        horizons = np.array(sorted(survival[name]))
        chances = np.stack([survival[name][h] for h in horizons], axis=1)
        _check_chances(table, name, horizons, chances)
    own = name in risks
    if own:
        risk = risks[name]
    elif chances is not None:
        # The longer without an event, the lower the risk.
        risk = -restricted_mean(chances, horizons)
    else:
        risk = -expected[name]
    times = expected.get(name)
    if times is None and chances is not None:
        times = np.full(len(chances), np.nan)
        whole = np.isfinite(chances).all(axis=1)
        times[whole] = np.minimum(median_time(chances[whole], horizons), 10 * horizons[-1])
    return Prediction(risk, horizons, chances, times, own)


def _check_chances(table: Table, name: str, horizons: np.ndarray, chances: np.ndarray) -> None:
    with np.errstate(invalid="ignore"):
        outside = (chances < 0) | (chances > 1)
        rising = np.diff(chances, axis=1) > 1e-6
    if horizons[0] <= 0 or outside.any() or rising.any():
        row, column = np.argwhere(outside)[0] if outside.any() else np.argwhere(rising)[0] if rising.any() else (0, 0)
        what = f"{chances[row, column]:.4g}" if outside.any() else "less than what follows it"
        raise InputError(
            "E-TABLE",
            f"survival at {horizons[column]:g}{name} in row {row + 1} is {what}; chances of being without an event "
            "from 0 to 1, which never rise, were expected, at horizons above 0",
            where=table.name,
            fix="Correct them; an event's own chance is 1 less that.",
        )
