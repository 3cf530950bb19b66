"""The columns of nuisance of a run, all that is taken out of it at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ....data.curve import Table
from ....data.volumes import LabelMap
from ....errors import Finding, ParameterError, Severity, counted
from ....numerics.bold.design import cosine_drift
from ....numerics.bold.preprocessing.motion_series import dvars, expanded, framewise_displacement
from ....numerics.bold.preprocessing.noise_components import eroded, noisiest, principal_courses
from ....numerics.bold.preprocessing.nuisance_columns import (
    legendre_columns,
    legendre_order,
    outside_band,
    spike_columns,
)
from ....numerics.bold.preprocessing.projection import Projection, projection_of
from .parameters import NuisanceParameters

SLOWEST_HZ = 0.008


@dataclass(frozen=True, eq=False)
class Nuisance:
    """columns : by name, (T,) each. censored : (T,) bool. findings : what is to be known of them."""

    columns: dict[str, np.ndarray]
    censored: np.ndarray
    findings: tuple[Finding, ...]

    @property
    def matrix(self) -> np.ndarray:
        """(T, P)"""
        count = len(self.censored)
        return np.stack(list(self.columns.values()), axis=1) if self.columns else np.zeros((count, 0))

    def table(self, times: np.ndarray) -> Table:
        """One row a frame."""
        columns = {"time": np.asarray(times).tolist()} | {n: c.tolist() for n, c in self.columns.items()}
        return Table(columns | {"censored": self.censored.astype(int).tolist()}, {"time": "s"}, "confounds")


def drift_columns(frames: int, interval: float, parameters: NuisanceParameters) -> dict[str, np.ndarray]:
    """Polynomials, or cosines slower than the band."""
    if parameters.drift == "polynomials":
        order = min(legendre_order(frames * interval), frames - 1)
        return {f"polynomial {n + 1}": c for n, c in enumerate(legendre_columns(frames, order).T)}
    if parameters.drift == "cosines":
        cosines = cosine_drift(np.arange(frames) * interval, parameters.low_edge or SLOWEST_HZ)
        return {f"cosine {n + 1}": c for n, c in enumerate(cosines.T)}
    return {}


def nuisance_of(
    matrix: np.ndarray,
    interval: float,
    parameters: NuisanceParameters,
    *,
    motion: np.ndarray | None,
    fd_threshold: float,
    tissues: dict[str, np.ndarray],
    given: dict[str, np.ndarray],
    name: str,
) -> Nuisance:
    """What parameters ask for.

    Parameters
    ----------
    matrix : (T, V) the voxels that are looked at. interval : s
    motion : (T, 6) mm and rad, or None
    tissues : (T, W) series of voxels without nerve cells, by the name of their tissue
    given : further columns (T,)
    """
    frames, findings = len(matrix), []
    columns = drift_columns(frames, interval, parameters)
    drift = projection_of(np.stack(list(columns.values()), axis=1) if columns else np.zeros((frames, 0)))
    columns |= _band_columns(frames, interval, parameters, findings, name)
    if motion is not None:
        columns |= expanded(motion, parameters.motion_terms)
    elif parameters.motion_terms != "none":
        text = "no motion was given: none is taken out"
        findings.append(Finding("W-DENOISE-MOTION", Severity.WARN, text, name))
    columns |= given
    columns |= _components(matrix, tissues, drift, parameters, findings, name)
    if parameters.global_signal:
        signal = matrix.mean(axis=1, dtype=np.float64)
        columns["global_signal"] = signal - signal.mean()
        text = "the global signal was taken out: correlations are moved to a mean below zero; compare with it left in"
        findings.append(Finding("W-GLOBAL-SIGNAL", Severity.WARN, text, name))
    censored = _censored(matrix, motion, fd_threshold, parameters.dvars_threshold)
    if censored.any():
        text = f"{counted(int(censored.sum()), 'frame')} of {frames} censored: each has a column and counts for nothing"
        findings.append(Finding("W-CENSORED", Severity.MASK, text, name))
    return Nuisance(columns | spike_columns(censored), censored, tuple(findings))


def tissue_courses(series_values, label: LabelMap | None, layers: int) -> np.ndarray | None:
    """(T, W) series of a tissue made smaller by some layers, or None without one."""
    if label is None:
        return None
    inside = eroded(label.foreground, layers)
    courses = np.stack([np.asarray(frame)[inside] for frame in series_values]).astype(np.float32)
    courses = courses[:, np.isfinite(courses).all(axis=0)]
    return courses if courses.size else None


def _band_columns(frames: int, interval: float, parameters: NuisanceParameters, findings: list, name: str):
    low, high = parameters.low_edge, parameters.high_edge or np.inf
    if low == 0 and not np.isfinite(high):
        return {}
    if low >= high:
        raise ParameterError(
            "E-PARAMETER", f"low_edge = {low:g} Hz is not below high_edge = {high:g} Hz: nothing would be left",
            fix="Give a band such as 0.01 to 0.1 Hz; 0 leaves that side open.",
        )  # fmt: skip
    fastest = 0.5 / interval
    if np.isfinite(high) and high >= fastest:
        text = f"high_edge = {high:g} Hz takes out nothing: frames of {interval:g} s hold none above {fastest:.3g} Hz"
        findings.append(Finding("W-BAND", Severity.WARN, text, name))
    return outside_band(frames, interval, low, high)


def _components(matrix, tissues, drift: Projection, parameters: NuisanceParameters, findings, name):
    columns = {}
    if parameters.components == 0:
        return columns
    sources = {f"comp_cor {tissue}": own for tissue, own in tissues.items()}
    if parameters.noisy_voxels > 0:
        sources["comp_cor noisiest"] = matrix[:, noisiest(matrix, drift, parameters.noisy_voxels / 100.0)]
    for source, own in sources.items():
        courses, parts = principal_courses(own, parameters.components, drift)
        columns |= {f"{source} {n + 1}": course for n, course in enumerate(courses.T)}
        text = (
            f"{source}: {courses.shape[1]} courses of {counted(own.shape[1], 'voxel')}, "
            f"{100 * parts.sum():.0f} % of their variance"
        )
        findings.append(Finding("I-COMPONENTS", Severity.NOTE, text, name))
    return columns


def _censored(matrix, motion, fd_threshold: float, dvars_threshold: float) -> np.ndarray:
    censored = np.zeros(len(matrix), bool)
    if motion is not None and fd_threshold > 0:
        censored |= framewise_displacement(motion) > fd_threshold
    if dvars_threshold > 0:
        censored |= dvars(matrix) > dvars_threshold
    return censored
