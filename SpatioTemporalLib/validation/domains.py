"""All checks of a domain, as one table."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from ..context import Context
from ..data.result import Provenance, Result
from ..errors import ParameterError
from ..run import software_versions
from .checks import Comparison, comparison_table
from .kinetics import check_kinetics
from .models import check_models
from .relaxation import check_relaxation

DOMAINS: dict[str, tuple[Callable[[Context], list[Comparison]], ...]] = {
    "kinetics": (check_kinetics, check_relaxation, check_models)
}


def comparisons_of(domain: str, context: Context) -> list[Comparison]:
    """Every comparison of a domain, with progress over all of its checks.

    Raises
    ------
    ParameterError
        ``E-CHECK`` when there is no such domain.
    """
    if domain not in DOMAINS:
        raise ParameterError("E-CHECK", f"there is no check of {domain!r}", fix=f"Choose one of {', '.join(DOMAINS)}.")
    checks, found = DOMAINS[domain], []
    for number, check in enumerate(checks):
        found += check(context.part(number / len(checks), (number + 1) / len(checks)))
    return found


def check_result(domain: str, context: Context) -> Result:
    """The comparisons of a domain as a `Result` with one table, ``comparisons``."""
    started = time.perf_counter()
    table = comparison_table(comparisons_of(domain, context))
    return Result(
        outputs={"comparisons": table},
        displays={},
        helps={"comparisons": "Estimates of this installation beside published references."},
        provenance=Provenance(
            analysis=f"check.{domain}",
            title=f"Check of {domain}",
            citation="see the column source",
            parameters={},
            inputs={},
            software=dict(software_versions()),
            device="cpu",
            seconds=round(time.perf_counter() - started, 3),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            seed=context.seed,
        ),
    )
