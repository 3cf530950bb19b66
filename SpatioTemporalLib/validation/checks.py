"""What a check compares, and the table it makes."""

from __future__ import annotations

from dataclasses import dataclass

from ..data.curve import Table

RESULT, FAILED = "result", "FAIL"


@dataclass(frozen=True)
class Comparison:
    """One number against its reference.

    allowed : largest absolute difference; source : where the reference is from.
    """

    check: str
    quantity: str
    unit: str
    estimate: float
    reference: float
    allowed: float
    source: str

    @property
    def passed(self) -> bool:
        # Written so that NaN fails.
        return abs(self.estimate - self.reference) <= self.allowed


def comparison_table(comparisons: list[Comparison]) -> Table:
    """One row a comparison."""
    names = ("check", "quantity", "unit", "estimate", "reference", "allowed")
    columns: dict[str, list] = {RESULT: ["pass" if c.passed else FAILED for c in comparisons]}
    columns |= {name: [getattr(c, name) for c in comparisons] for name in names}
    columns["allowed"] = [f"± {c.allowed:.3g}" for c in comparisons]
    columns["source"] = [c.source for c in comparisons]
    return Table(columns, name="check")
