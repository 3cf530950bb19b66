"""T1 from spoiled gradient echo images at several flip angles."""

from __future__ import annotations

import numpy as np

from .separable_least_squares import CurveFamily, tabulate
from .spoiled_gradient_echo import spoiled_gradient_echo_signal


def flip_angle_family(flip_angles, repetition_time: float, *, t1_bounds: tuple[float, float]) -> CurveFamily:
    """Table for the non-linear fit of R1 and S0 to signals at (N,) flip angles in degrees.

    theta is R1 in 1/s, the linear coefficient S0. `repetition_time` and the
    bounds of T1 are in s. The fit is that of the signal itself, which the
    linearised form of Gupta (J Magn Reson 25:231, 1977) biases at low signal
    to noise (Chang et al., Magn Reson Med 60:496, 2008).
    """
    low, high = t1_bounds
    return tabulate(
        lambda r1: spoiled_gradient_echo_signal(r1[:, None], np.asarray(flip_angles), repetition_time),
        (1 / high, 1 / low),
    )
