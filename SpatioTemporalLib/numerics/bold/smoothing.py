"""Smoothing in millimetres inside a mask."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

FWHM_PER_SIGMA = 2.0 * np.sqrt(2.0 * np.log(2.0))


def smoothed_in_mask(volume: np.ndarray, mask: np.ndarray, fwhm: float, spacing) -> np.ndarray:
    """(K, J, I) Gaussian mean of the voxels in a mask; what lies outside counts for nothing, so edges keep their level.

    Parameters
    ----------
    fwhm : full width at half maximum, mm
    spacing : (I, J, K) mm

    Notes
    -----
    Normalised convolution (Knutsson and Westin, CVPR 1993).
    """
    sigma = np.array(spacing[::-1], dtype=float)
    sigma = fwhm / FWHM_PER_SIGMA / sigma
    # One slice cannot be smoothed across.
    sigma[np.array(mask.shape) == 1] = 0.0
    inside = mask.astype(np.float32)
    weight = ndimage.gaussian_filter(inside, sigma, mode="constant", truncate=4.0)
    total = ndimage.gaussian_filter(np.where(mask, volume, 0).astype(np.float32), sigma, mode="constant", truncate=4.0)
    return np.divide(total, weight, out=np.zeros_like(total), where=mask & (weight > 1e-6))
