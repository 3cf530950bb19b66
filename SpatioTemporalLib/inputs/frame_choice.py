"""Frames of a series that an analysis is told to leave out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..data.series import Series
from ..errors import InputError
from ..parameters import FrameRole, parameters_of

FEWEST_WEIGHED = 3


def with_frames_left_out(inputs: dict[str, object], parameters: object) -> tuple[dict[str, object], object]:
    """The inputs and parameters of an analysis as if the frames left out had never been acquired.

    Done before an analysis sees its series, so that a frame that is left out of
    the baseline is not in an area, a fit or a curve either. Later frames keep
    their times. Parameters that count or weigh frames are changed to match.

    Parameters
    ----------
    inputs : dict of input name to value
    parameters : dataclass
        Its fields with a `FrameRole` say which frames are left out.

    Raises
    ------
    InputError
        ``E-SKIPPED`` when no frame is left.
    """
    names = {p.frame_role: p.name for p in parameters_of(type(parameters)) if p.frame_role}
    skipped = getattr(parameters, names.get(FrameRole.SKIPPED_FIRST, ""), 0)
    weights = np.asarray(getattr(parameters, names.get(FrameRole.WEIGHTS, ""), None) or (), dtype=float)
    counts = {value.frame_count for value in inputs.values() if isinstance(value, Series)}
    if counts - {weights.size} or np.count_nonzero(weights > 0) < FEWEST_WEIGHED:
        weights = weights[:0]  # Whoever uses the weights refuses them.
    if not skipped and (weights > 0).all():
        return inputs, parameters
    chosen = {n: _without(v, skipped, weights) if isinstance(v, Series) else v for n, v in inputs.items()}
    return chosen, _recounted(parameters, names, skipped, weights)


def _without(series: Series, skipped: int, weights: np.ndarray) -> Series:
    kept = np.arange(series.frame_count) >= skipped
    if weights.size:
        kept &= weights > 0
    if not kept.any():
        raise InputError(
            "E-SKIPPED",
            f"all {series.frame_count} frames are left out",
            where=series.name,
            fix="Skip fewer first frames, and give a weight above 0 to those that count.",
        )
    return series.frames(kept)


def _recounted(parameters: object, names: dict[FrameRole, str], skipped: int, weights: np.ndarray) -> object:
    changed: dict[str, object] = {}
    if FrameRole.SKIPPED_FIRST in names:
        changed[names[FrameRole.SKIPPED_FIRST]] = 0
    counted = names.get(FrameRole.COUNTED_FROM_FIRST)
    if counted and getattr(parameters, counted) is not None:
        first = getattr(parameters, counted)
        left_out = np.count_nonzero(weights[skipped:first] <= 0) if weights.size else 0
        changed[counted] = first - min(skipped, first) - left_out
    if weights.size:
        changed[names[FrameRole.WEIGHTS]] = tuple(weights[skipped:][weights[skipped:] > 0].tolist())
    return replace(parameters, **changed)
