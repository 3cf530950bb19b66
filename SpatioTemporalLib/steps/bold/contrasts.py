"""Contrasts as people write them: ``face - house``, ``(face + cat) / 2 - house``, ``face; house; cat``."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import InputError, ParameterError
from ...numerics.bold.design import Design, condition_columns

OPERATORS = "+-*/();"


@dataclass(frozen=True, eq=False)
class Contrast:
    """A question about the coefficients.

    name : as a file can be called. text : as written. rows : (Q, P); one row is a t contrast, several an F contrast.
    """

    name: str
    text: str
    rows: np.ndarray

    @property
    def statistic(self) -> str:
        return "t" if len(self.rows) == 1 else "F"


def contrast_of(text: str, design: Design, conditions: Sequence[str]) -> Contrast:
    """The contrast that words say.

    Parameters
    ----------
    text : sums of conditions with numbers before or behind them; several, divided by ``;``, are tested together (F).

    Raises
    ------
    ParameterError
        ``E-CONTRAST`` for an unknown condition, or what is no sum of conditions.
    InputError
        ``E-DESIGN`` where the design cannot tell it.
    """
    columns = condition_columns(design, conditions)
    rows = np.stack([_row(part, design, columns, text) for part in text.split(";") if part.strip()])
    _require_estimable(rows, design, text)
    return Contrast(_file_name(text), text.strip(), rows)


def _row(text: str, design: Design, columns: dict[str, list[int]], whole: str) -> np.ndarray:
    marked, places = _marked(text, columns, whole)
    try:
        tree = ast.parse(marked.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError) as error:
        raise _no_sum(text, columns) from error
    constant, weights = _linear(tree, text, columns)
    if constant or not weights:
        raise _no_sum(text, columns)
    row = np.zeros(design.matrix.shape[1])
    for mark, weight in weights.items():
        own = columns[places[mark]]
        row[own] += weight / len(own)
    return row


def _marked(text: str, columns: dict[str, list[int]], whole: str) -> tuple[str, dict[str, str]]:
    """The text with each condition replaced by a letter and number, longest names first, and which is which."""
    places = {f"c{n}": name for n, name in enumerate(sorted(columns, key=len, reverse=True))}
    pattern = "|".join(re.escape(name) for name in places.values())
    marks = {name: mark for mark, name in places.items()}
    found = re.sub(rf"(?<![\w.])(?:{pattern})(?![\w.])", lambda match: f" {marks[match[0]]} ", text)
    left = re.sub(rf"\bc\d+\b|[\d.\s{re.escape(OPERATORS)}]", "", found)
    if left:
        unknown = next(
            (word for word in re.findall(r"[^\s+\-*/();]+", text) if word not in marks and not _is_number(word)), left
        )
        raise ParameterError(
            "E-CONTRAST",
            f"{unknown!r} in the contrast {whole.strip()!r} is no condition",
            fix=f"The conditions are: {', '.join(sorted(columns))}.",
        )
    return found, places


def _linear(tree, text: str, columns) -> tuple[float, dict[str, float]]:
    """Constant and weights of a sum; only sums, and products with numbers, are one."""
    if isinstance(tree, ast.Name):
        return 0.0, {tree.id: 1.0}
    if isinstance(tree, ast.Constant) and isinstance(tree.value, (int, float)):
        return float(tree.value), {}
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, (ast.USub, ast.UAdd)):
        constant, weights = _linear(tree.operand, text, columns)
        sign = -1.0 if isinstance(tree.op, ast.USub) else 1.0
        return sign * constant, {name: sign * w for name, w in weights.items()}
    if isinstance(tree, ast.BinOp):
        first, second = (_linear(side, text, columns) for side in (tree.left, tree.right))
        if isinstance(tree.op, (ast.Add, ast.Sub)):
            sign = 1.0 if isinstance(tree.op, ast.Add) else -1.0
            names = {**first[1], **second[1]}
            return first[0] + sign * second[0], {n: first[1].get(n, 0.0) + sign * second[1].get(n, 0.0) for n in names}
        if isinstance(tree.op, ast.Mult) and not (first[1] and second[1]):
            (factor, _), (constant, weights) = (first, second) if not first[1] else (second, first)
            return factor * constant, {name: factor * w for name, w in weights.items()}
        if isinstance(tree.op, ast.Div) and not second[1] and second[0]:
            return first[0] / second[0], {name: w / second[0] for name, w in first[1].items()}
    raise _no_sum(text, columns)


def _no_sum(text: str, columns) -> ParameterError:
    return ParameterError(
        "E-CONTRAST",
        f"{text.strip()!r} is no sum of conditions",
        fix=f"Write it as {' - '.join(sorted(columns)[:2])}, with numbers before the names where wanted.",
    )


def _require_estimable(rows: np.ndarray, design: Design, text: str) -> None:
    if not np.any(rows, axis=1).all():
        raise ParameterError("E-CONTRAST", f"the contrast {text.strip()!r} is zero", fix="Correct it.")
    inverse = np.linalg.pinv(design.matrix)
    told = rows @ inverse @ design.matrix
    if np.abs(told - rows).max() > 1e-6:
        raise InputError(
            "E-DESIGN",
            f"the design cannot tell {text.strip()!r}: columns follow from one another",
            fix="Choose a contrast of conditions that differ in time, or leave nuisance columns out.",
        )


def _file_name(text: str) -> str:
    plain = text.replace("-", " minus ").replace("+", " plus ").replace("/", " over ").replace(";", " and ")
    return re.sub(r"\W+", "_", plain).strip("_") or "contrast"


def _is_number(word: str) -> bool:
    return re.fullmatch(r"[\d.]+", word) is not None
