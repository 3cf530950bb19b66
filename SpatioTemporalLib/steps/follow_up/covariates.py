"""Clinical covariates: how those of a training cohort are coded, and others after them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...data.curve import Table
from ...errors import Finding, InputError, ParameterError, Severity
from ..table_columns import cells_of, word_of

MOST_LEVELS = 50
FAR = 5.0  # standard deviations


@dataclass(frozen=True)
class Covariate:
    """One covariate as it was in the training cohort.

    kind : "numeric", standardised by mean and std, or "categorical", coded by its place in `levels`.
    """

    name: str
    kind: str
    unit: str = ""
    mean: float = 0.0
    std: float = 1.0
    levels: tuple[str, ...] = ()

    def __post_init__(self):
        numeric = self.kind == "numeric" and math.isfinite(self.mean) and 0 < self.std < math.inf
        if not numeric and not (self.kind == "categorical" and self.levels):
            raise ParameterError(
                "E-COVARIATE",
                f"{self.name!r} is neither numeric with mean and std nor categorical with levels",
                fix="Correct the description of the covariate.",
            )

    def __str__(self) -> str:
        if self.kind == "numeric":
            unit = f" {self.unit}" if self.unit else ""
            return f"{self.name} ({self.mean:.4g} ± {self.std:.2g}{unit} in training)"
        return f"{self.name} ({', '.join(self.levels)})"


def learned_covariates(table: Table, names: Sequence[str], rows: Sequence[int]) -> tuple[Covariate, ...]:
    """How the named columns are to be coded, from the rows of the training patients alone.

    Raises
    ------
    InputError
        ``E-COVARIATE`` for a column without a value, with one value only, or with too many words.
    """
    return tuple(_learned(table, name, rows) for name in names)


def coded(covariates: Sequence[Covariate], values: Mapping[str, object]):
    """Codes (F,), which are known (F,) bool, and what was odd.

    Parameters
    ----------
    values : mapping
        By name; what is absent, empty or NaN is not known.

    Raises
    ------
    InputError
        ``E-COVARIATE`` for a word among numbers, or a category that training did not have.
    """
    codes = np.zeros(len(covariates), dtype=np.float32)
    known = np.zeros(len(covariates), dtype=bool)
    findings = []
    for n, covariate in enumerate(covariates):
        value = values.get(covariate.name)
        if _is_missing(value):
            continue
        codes[n], known[n] = _code(covariate, value), True
        if covariate.kind == "numeric" and abs(codes[n]) > FAR:
            text = f"{covariate.name} = {float(value):g} is far from the patients of training: {covariate}"
            findings.append(Finding("W-COVARIATE", Severity.WARN, text))
    missing = [c.name for c, there in zip(covariates, known) if not there]
    if missing:
        findings.append(Finding("W-COVARIATE-MISSING", Severity.WARN, f"not known: {', '.join(missing)}"))
    return codes, known, tuple(findings)


def _learned(table: Table, name: str, rows: Sequence[int]) -> Covariate:
    cells = cells_of(table, name)
    present = [cells[row] for row in rows if not _is_missing(cells[row])]
    levels = sorted({word_of(cell) for cell in present})
    if len(levels) < 2:
        raise InputError(
            "E-COVARIATE",
            f"the column {name} holds {'one value' if levels else 'no value'} among the training patients",
            where=table.name,
            fix="Leave it out: a covariate that does not vary teaches nothing.",
        )
    # Numbers that take two values, as 0 and 1, are categories however they are written.
    if all(isinstance(cell, (int, float)) for cell in present) and len(levels) > 2:
        numbers = np.array(present, dtype=float)
        return Covariate(name, "numeric", table.units.get(name, ""), float(numbers.mean()), float(numbers.std()))
    if len(levels) > MOST_LEVELS:
        raise InputError(
            "E-COVARIATE",
            f"the column {name} holds {len(levels)} different words",
            where=table.name,
            fix="Leave it out, or bring it to a few categories.",
        )
    return Covariate(name, "categorical", levels=tuple(levels))


def _code(covariate: Covariate, value: object) -> float:
    if covariate.kind == "numeric":
        try:
            return (float(value) - covariate.mean) / covariate.std
        except (TypeError, ValueError) as error:
            raise InputError(
                "E-COVARIATE",
                f"{covariate.name} = {value!r} is no number",
                where=covariate.name,
                fix=f"Give a number{f' in {covariate.unit}' if covariate.unit else ''}, or leave it out.",
            ) from error
    word = word_of(value)
    if word not in covariate.levels:
        raise InputError(
            "E-COVARIATE",
            f"{covariate.name} = {word!r} was not among the training patients",
            where=covariate.name,
            fix=f"Give one of {', '.join(covariate.levels)}, or leave it out.",
        )
    return float(covariate.levels.index(word))


def _is_missing(value: object) -> bool:
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))
