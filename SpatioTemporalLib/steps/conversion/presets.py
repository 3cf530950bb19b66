"""What is usual for an organ and an agent, as values of parameters that can be taken together."""

from __future__ import annotations

# Doses are those of the agents' labels. T1 and relaxivity follow from tissue, agent and field, see
# `literature_relaxation`; each result says which values were taken.
CONTRAST_MR = {
    "breast, gadobutrol": {"tissue": "breast, fibroglandular", "agent": "gadobutrol", "dose": 0.1},
    "brain, gadoterate": {"tissue": "white matter", "agent": "gadoterate", "dose": 0.1},
    "prostate, gadobutrol": {"tissue": "prostate", "agent": "gadobutrol", "dose": 0.1},
    "cervix, gadobutrol": {"tissue": "cervix", "agent": "gadobutrol", "dose": 0.1},
    "liver, gadoxetate": {"tissue": "liver", "agent": "gadoxetate", "dose": 0.025},
    "pancreas, gadoterate": {"tissue": "pancreas", "agent": "gadoterate", "dose": 0.1},
    "muscle, gadopentetate": {"tissue": "muscle", "agent": "gadopentetate", "dose": 0.1},
}
