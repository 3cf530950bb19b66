"""Which part of the liver a segment is, by its name."""

from __future__ import annotations

import re

TUMOUR, LIVER, REMNANT, PORTAL, HEPATIC = "tumour", "liver", "remnant", "portal", "hepatic"
ORGANS = (LIVER, REMNANT, PORTAL, HEPATIC)
"""Structures that there is one of, in the order in which they are told."""

# The first that fits: a remnant is called "liver remnant", the veins "hepatic" and not "hepatic tumour".
_WORDS = (
    (TUMOUR, r"tumou?rs?|lesions?|metasta\w*|mets?|crlm|nodules?"),
    (REMNANT, r"remnants?|flr|remaining|residual"),
    (PORTAL, r"portal\w*"),
    (HEPATIC, r"hepatic\w*"),
    (LIVER, r"livers?|parenchyma"),
)
_PATTERNS = tuple((role, re.compile(rf"(?<![a-z])(?:{words})(?![a-z])")) for role, words in _WORDS)


def role_of(name: str) -> str:
    """tumour, liver, remnant, portal, hepatic, or "" for a segment that is none of them."""
    plain = name.lower().replace("_", " ").replace("-", " ")
    return next((role for role, pattern in _PATTERNS if pattern.search(plain)), "")
