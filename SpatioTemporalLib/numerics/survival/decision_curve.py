"""What is gained by acting on predicted chances, over acting on everybody or on nobody."""

from __future__ import annotations

import numpy as np

from .kaplan_meier import kaplan_meier
from .outcomes import Outcomes


def net_benefit(outcomes: Outcomes, chance, horizon: float, thresholds) -> np.ndarray:
    """(P,) right positives less weighted wrong ones, in units of right positives a patient.

    Parameters
    ----------
    chance : (N,) array, 0..1
        Predicted chance of an event by the horizon; all ones act on everybody.
    thresholds : (P,) array, above 0 and below 1
        Chance from which one would act: it says how much a wrong positive weighs.

    Notes
    -----
    Vickers et al., BMC Med Inform Decis Mak 8:53 (2008): with censoring the
    share of events among the positive is Kaplan and Meier's.
    """
    chance, found = np.asarray(chance, dtype=float), []
    for threshold in np.asarray(thresholds, dtype=float):
        positive = chance >= threshold
        share = positive.mean()
        happened = 1 - float(kaplan_meier(outcomes.of(positive)).at([horizon])[0]) if positive.any() else 0.0
        found.append(share * (happened - (1 - happened) * threshold / (1 - threshold)))
    return np.array(found)
