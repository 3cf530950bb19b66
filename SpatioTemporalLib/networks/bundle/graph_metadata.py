"""What graphs of structures a network takes, as a bundle's metadata tell it."""

from __future__ import annotations

from ...steps.structures.graph_arrays import LESION_FEATURES, MOST_LESIONS
from ...steps.structures.graph_settings import GraphSettings
from ...system.plain_text import for_message
from .facts import BundleFacts, visits_in_words
from .fields import FieldReader

MOST_ENDPOINTS = 10


def graphs_as_json(shown: GraphSettings) -> dict[str, object]:
    """The fields ``inputs`` and ``registration``."""
    return {
        "inputs": [
            {
                "name": shown.image,
                "kind": "graph",
                "channels": [shown.unit],
                "gate_mm": shown.gate,
                "endpoints": list(shown.endpoints),
                "steps": {"count": shown.steps, "months": shown.step_months},
                "covariates_after": shown.covariates_after,
            }
        ],
        "registration": "none",
    }


def graphs_from_json(read: FieldReader) -> GraphSettings:
    """The settings of a bundle's metadata, checked; ``E-BUNDLE`` for what no graph is."""
    endpoints, units = read("inputs.0.endpoints", list), read("inputs.0.channels", list)
    if not 1 <= len(endpoints) <= MOST_ENDPOINTS or len(units) != 1:
        raise read.error(f"predicts {len(endpoints)} endpoints from {len(units)} images")
    return GraphSettings(
        image=read.name("inputs.0.name"),
        unit=for_message(units[0], 40),
        gate=read("inputs.0.gate_mm", float),
        endpoints=tuple(read.name(f"inputs.0.endpoints.{n}") for n in range(len(endpoints))),
        steps=read("inputs.0.steps.count", int),
        step_months=read("inputs.0.steps.months", float),
        covariates_after=read("inputs.0.covariates_after", bool),
    )


def data_format(facts: BundleFacts) -> dict[str, object]:
    """``network_data_format`` as MONAI's schema of metadata asks for it."""
    shown = facts.shown
    graph = {"type": "tuples", "format": "graph", "modality": "CT" if shown.unit == "HU" else "other"}
    graph |= {"num_channels": len(LESION_FEATURES), "spatial_shape": [MOST_LESIONS], "dtype": "float32"}
    graph |= {"value_range": [], "is_patch_data": False, "channel_def": dict(enumerate_as_text(LESION_FEATURES))}
    names = ("log-risk", "years", *(f"hazard {n + 1}" for n in range(shown.steps)))
    scores = {"type": "probabilities", "format": "survival", "num_channels": len(names), "dtype": "float32"}
    scores |= {"spatial_shape": [len(shown.endpoints)], "value_range": [], "is_patch_data": False}
    return {"inputs": {"graph": graph}, "outputs": {"pred": scores | {"channel_def": dict(enumerate_as_text(names))}}}


def enumerate_as_text(names) -> list[tuple[str, str]]:
    return [(str(n), name) for n, name in enumerate(names)]


def in_words(facts: BundleFacts) -> tuple[str, str]:
    """Visits and structures, and what is predicted, each a phrase."""
    shown = facts.shown
    after = f"{', '.join(shown.endpoints)} in {shown.steps} steps of {shown.step_months:g} months after the last visit"
    return (f"{visits_in_words(facts.visits)} visits with segments of lesions and organs on {shown.image}", after)
