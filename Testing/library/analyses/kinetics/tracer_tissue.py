"""Tissue curves of PET tracers by the differential equations, for tests of what fits them."""

import numpy as np
from scipy.linalg import expm

import SpatioTemporalLib as st

LENGTHS = np.array([10] * 6 + [30] * 4 + [60] * 5 + [120] * 5 + [300] * 14, dtype=float)  # s
EDGES = np.concatenate([[0.0], np.cumsum(LENGTHS)])
TIMES = EDGES[:-1]
STEP = 0.25  # s
GRID = np.arange(0, EDGES[-1] + STEP / 2, STEP)


def plasma_activity(times):
    """The FDG input of Feng et al., Int J Biomed Comput 32:95 (1993), in kBq/mL, from 30 s on."""
    minutes = np.maximum(times / 60 - 0.5, 0.0)
    fast = (851.1 * minutes - 21.88 - 20.81) * np.exp(-4.134 * minutes)
    return np.where(times > 30, fast + 21.88 * np.exp(-0.1191 * minutes) + 20.81 * np.exp(-0.0104 * minutes), 0.0)


PLASMA = plasma_activity(GRID)
# After five minutes the input is so smooth that straight lines over ten seconds are as good, and much quicker.
SAMPLED = (GRID <= 300) | (GRID % 10 == 0)
INPUT = st.Curve(GRID[SAMPLED], PLASMA[SAMPLED], "kBq/mL", "plasma")


def frame_means(curve):
    integral = np.concatenate([[0.0], np.cumsum((curve[1:] + curve[:-1]) / 2 * STEP)])
    return np.diff(np.interp(EDGES, GRID, integral)) / LENGTHS


def tissue(k1, k2, k3=0.0, k4=0.0, vb=0.0):
    """(T,) frames; rates in 1/min. The equations of both compartments are stepped by the matrix exponential."""
    rates = np.array([[-(k2 + k3), k4], [k3, -k4]]) / 60
    # Two states more carry the input, which is linear within a step.
    whole = np.zeros((4, 4))
    whole[:2, :2], whole[0, 2], whole[2, 3] = rates, k1 / 60, 1.0
    over = expm(whole * STEP)
    inside, total = np.zeros(2), np.zeros(len(GRID))
    for n in range(1, len(GRID)):
        slope = (PLASMA[n] - PLASMA[n - 1]) / STEP
        inside = over[:2, :2] @ inside + over[:2, 2] * PLASMA[n - 1] + over[:2, 3] * slope
        total[n] = inside.sum()
    return frame_means((1 - vb) * total + vb * PLASMA)
