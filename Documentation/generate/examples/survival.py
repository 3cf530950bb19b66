"""Simulated patients with clinical facts, and when their disease came back."""

from __future__ import annotations

import numpy as np

import SpatioTemporalLib as st
from SpatioTemporalLib.simulation.liver_cohort import participants_of
from SpatioTemporalLib.simulation.liver_metastases import SCALE_MONTHS, SHAPE, USUAL, draw_patient

from .offer import Offer, offered

COUNT, MONTHS = 150, (12, 24, 36, 60)
COLUMNS = ("recurrence_time", "recurrence_event")


def _participants() -> tuple[st.Table, np.ndarray]:
    """A table of patients, and the log hazard of each."""
    rng = np.random.default_rng(0)
    patients = [draw_patient(rng, USUAL) for _ in range(COUNT)]
    table = participants_of([f"p{n:03d}" for n in range(1, COUNT + 1)], patients, ("train",))
    columns = {name: cells for name, cells in table.columns.items() if name != "split"}
    return st.Table(columns, table.units, "clinical"), np.array([patient.log_hazard for patient in patients])


@offered("prognosis.cox")
def clinical() -> Offer:
    table, _ = _participants()
    return Offer(
        "A hundred and fifty simulated patients: what was known of each, and the months until recurrence or until last "
        "seen.",
        {"table": table},
        dict(zip(("time", "event"), COLUMNS)) | {"resamples": 40},
    )


@offered("prediction.survival")
def predictions() -> Offer:
    """Predictions of somebody who knows part of each patient's hazard."""
    table, hazard = _participants()
    risk = hazard + np.random.default_rng(1).normal(0, 0.6, COUNT)
    chance = {f"survival at {t}": np.exp(-((t / SCALE_MONTHS) ** SHAPE) * np.exp(risk)) for t in MONTHS}
    columns = {name: table.columns[name] for name in ("participant_id", *COLUMNS)}
    columns |= {name: np.round(values, 4).tolist() for name, values in {"risk": risk, **chance}.items()}
    return Offer(
        "A hundred and fifty simulated patients, and what a model that knows part of their hazard predicts.",
        {"table": st.Table(columns, {COLUMNS[0]: "months"}, "predictions")},
        dict(zip(("time", "event"), COLUMNS)) | {"resamples": 200},
    )
