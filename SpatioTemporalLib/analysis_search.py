"""Analyses by the words people use for them, which are not always those of their titles."""

from __future__ import annotations

import re

from . import registry
from .declare import Analysis

# Words that stand for one another when an analysis is looked for.
SYNONYMS = (
    ("perfusion", "blood flow", "cbf", "flow", "dsc"),
    ("washout", "wash-out", "curve type", "kinetic curve", "signal enhancement ratio"),
    ("washin", "wash-in", "wash in", "slope"),
    ("permeability", "ktrans", "transfer constant", "leakage"),
    ("aif", "arterial input", "input function", "artery"),
    ("bat", "arrival", "onset"),
    ("vfa", "flip angle", "despot1"),
    ("t1 map", "relaxation", "t1"),
    ("pet", "tracer", "positron"),
    ("suv", "uptake", "activity"),
    ("volume doubling", "doubling time", "vdt", "growth"),
    ("cancer", "malignant", "malignancy", "tumour", "tumor", "lesion"),
    ("registration", "alignment", "motion", "align"),
    ("auc", "area under the curve", "iauc", "roc"),
    ("ceus", "ultrasound", "microbubble"),
    ("liver", "hepatic"),
    ("water exchange", "shutter speed"),
    ("2cxm", "two-compartment", "two compartment"),
    ("fmri", "functional mri", "bold"),
    ("glm", "linear model", "activation"),
    ("rest", "resting state", "connectivity", "functional connectivity"),
    ("kaplan-meier", "time to event", "survival", "hazard", "recurrence", "prognosis"),
    ("progression", "disease course", "onset"),
    ("delay", "lag", "latency"),
    ("heart", "cardiac", "cine", "ventricle", "ejection fraction", "stroke volume", "lvef"),
    ("lung", "lungs", "breathing", "respiratory", "ventilation", "tidal volume"),
    ("dice", "overlap", "hausdorff", "surface distance"),
    ("staple", "consensus", "majority vote", "inter-reader", "inter-rater", "agreement", "kappa"),
    ("myocardium", "wall", "wall thickness", "thickening"),
)


def search(text: str) -> list[Analysis]:
    """The analyses in which every word of a text occurs, or a word that stands for it; all for an empty text.

    Those that have the words in their title come first, then by domain and title.
    """
    alternatives = [_alternatives(word) for word in _words(text)]
    found = []
    for analysis in registry.analyses().values():
        about = _about(analysis)
        if all(any(word in about for word in words) for words in alternatives):
            title = analysis.title.lower()
            in_title = all(any(word in title for word in words) for words in alternatives)
            found.append((not in_title, analysis.domain, analysis.title, analysis))
    return [analysis for *_, analysis in sorted(found, key=lambda entry: entry[:3])]


def _words(text: str) -> list[str]:
    """Words of a text, where those that belong together in a synonym stay together."""
    text = " ".join(text.lower().split())
    found = []
    for phrase in sorted((w for group in SYNONYMS for w in group if " " in w), key=len, reverse=True):
        if re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", text):
            found.append(phrase)
            text = text.replace(phrase, " ")
    return found + text.split()


def _alternatives(word: str) -> set[str]:
    return {word}.union(*(group for group in SYNONYMS if word in group))


def _about(analysis: Analysis) -> str:
    outputs = " ".join(f"{o.name} {o.display.symbol or ''}" for o in analysis.outputs)
    return f"{analysis.id} {analysis.title} {analysis.summary} {analysis.citation} {outputs}".lower().replace("_", " ")
