"""How predictions order the patients of each part of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...data.curve import Table
from ...errors import Finding, Severity
from ..table_columns import cells_of, word_of
from .measures import Setting, concordances
from .predictions import Prediction

FEWEST_EVENTS = 5


def subgroup_rows(
    table: Table, rows: np.ndarray, models: dict[str, Prediction], setting: Setting, columns: tuple[str, ...]
) -> tuple[list[dict[str, object]], list[Finding]]:
    """C of each model in the patients who have the same word in a column, and which were too few.

    Parameters
    ----------
    rows : (N,) of the table, of the assessed patients
    columns : that divide them
    """
    found, few = [], []
    for column in columns:
        cells = cells_of(table, column)
        words = np.array([word_of(cells[row]) for row in rows])
        for word in sorted(set(words)):
            here = words == word
            outcomes = setting.outcomes.of(here)
            if outcomes.event_count < FEWEST_EVENTS:
                few.append(f"{column} = {word or 'empty'} ({outcomes.event_count} events)")
                continue
            own = replace(setting, outcomes=outcomes, counts=_resampled(setting, int(here.sum())))
            for name, prediction in models.items():
                risk = prediction.risk[here]
                drawn = concordances(risk, own, own.counts)
                for measure, value in concordances(risk, own).items():
                    low, high = own.interval(drawn[measure])
                    facts = {"subgroup": column, "is": word, "model": name.strip() or "predictions"}
                    facts |= {"measure": measure, "value": float(value[0]), "lower": low, "upper": high}
                    found.append(facts | {"patients": len(outcomes), "events": outcomes.event_count})
    text = f"too few events to measure anything: {', '.join(few)}"
    return found, [Finding("W-SUBGROUP", Severity.MASK, text, table.name)] if few else []


def _resampled(setting: Setting, count: int) -> np.ndarray:
    return np.random.default_rng(count).multinomial(count, np.full(count, 1 / count), size=len(setting.counts))
