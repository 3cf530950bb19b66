"""Residue functions of tissue by deconvolution of its curves with an arterial one, on a uniform time axis.

All curves share the input, so one singular value decomposition serves them all;
that of a circulant matrix is the Fourier transform.
"""

from __future__ import annotations

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft
from scipy.linalg import toeplitz

# Parts of the largest singular value that are tried in turn until the residue no longer oscillates.
THRESHOLDS = np.arange(0.01, 0.96, 0.01)


def standard_residues(artery, tissue, step: float, *, threshold: float) -> np.ndarray:
    """Residue functions by truncated singular values of the causal convolution matrix.

    Parameters
    ----------
    artery : (T,) array
    tissue : (T, n) array, in the artery's unit
    step : float, s
        Between frames.
    threshold : float, 0..1
        Singular values below this part of the largest are left out.

    Returns
    -------
    (T, n) array, 1/s
        Flow times the residue function.

    Notes
    -----
    Ostergaard et al., Magn Reson Med 36:715 (1996). Where the
    tissue is not reached together with the artery the flow is wrong; `circulant_residues` does not mind.
    """
    weights = step * _smoothed(np.asarray(artery, float))
    left, sizes, right = np.linalg.svd(toeplitz(weights, np.zeros_like(weights)))
    inverse = np.where(sizes >= threshold * sizes[0], 1 / np.maximum(sizes, 1e-300), 0.0)
    return (right.T * inverse) @ (left.T @ tissue)


def circulant_residues(artery, tissue, step: float, *, oscillation: float) -> np.ndarray:
    """Residue functions by the block-circulant matrix, each truncated until it no longer oscillates.

    Parameters
    ----------
    artery, tissue, step
        As in `standard_residues`.
    oscillation : float
        Largest oscillation index allowed.

    Returns
    -------
    (L, n) array, 1/s
        Its second half holds negative times, of tissue reached before the artery.

    Notes
    -----
    Wu et al., Magn Reson Med 50:164 (2003): the curves are padded with zeros to
    at least twice their length L.
    """
    kernel, spectrum, length = _spectra(artery, tissue, step)
    residues = np.zeros((length, spectrum.shape[1]))
    size = np.abs(kernel) / np.abs(kernel).max()
    waiting = np.arange(spectrum.shape[1])
    for threshold in THRESHOLDS:
        inverse = np.where(size >= threshold, 1 / np.where(size > 0, kernel, 1.0), 0.0)
        residues[:, waiting] = irfft(spectrum[:, waiting] * inverse[:, None], length, axis=0)
        waiting = waiting[oscillation_index(residues[:, waiting]) > oscillation]
        if not waiting.size:
            break
    return residues


def tikhonov_residues(artery, tissue, step: float, *, regularisation: float) -> np.ndarray:
    """Residue functions by Tikhonov's regularisation of the block-circulant matrix.

    `regularisation` is the filter's corner as a part of the largest singular
    value; the rest is as in `circulant_residues`. Calamante et al., Magn Reson
    Med 50:1237 (2003).
    """
    kernel, spectrum, length = _spectra(artery, tissue, step)
    corner = regularisation * np.abs(kernel).max()
    inverse = np.conj(kernel) / (np.abs(kernel) ** 2 + corner**2)
    return irfft(spectrum * inverse[:, None], length, axis=0)


def oscillation_index(residues: np.ndarray) -> np.ndarray:
    """(n,) mean absolute second difference over the largest value (Wu et al. 2003, eq. 9)."""
    bends = np.abs(residues[2:] - 2 * residues[1:-1] + residues[:-2]).sum(axis=0)
    largest = residues.max(axis=0)
    return np.where(largest > 0, bends / np.where(largest > 0, largest, 1.0) / len(residues), 0.0)


def _spectra(artery, tissue, step: float) -> tuple[np.ndarray, np.ndarray, int]:
    length = next_fast_len(2 * len(artery), real=True)
    return rfft(step * _smoothed(np.asarray(artery, float)), length), rfft(tissue, length, axis=0), length


def _smoothed(artery: np.ndarray) -> np.ndarray:
    """The artery's samples weighted 1/6, 4/6, 1/6: the convolution of two curves linear between their samples."""
    padded = np.pad(artery, 1, mode="edge")
    return (padded[:-2] + 4 * padded[1:-1] + padded[2:]) / 6
