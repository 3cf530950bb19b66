"""A segmentation that was drawn on one frame, carried through the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from ...context import Context
from ...data.geometry import Geometry
from ...data.series import Series
from ...errors import Finding, InputError, Severity
from ...numerics.registration.displacement import volume_change
from ...numerics.registration.frame_demons import carried_labels, composed, demons_field, sampled
from ...numerics.spatial.consensus import box_around

# Of the step from a neighbour; the rest corrects the way from the frame that was drawn on.
STEP_PART = 0.6
# Of the registration on each level: from one frame to the next it is not far.
STEPS = 15
# Likeness that may be lost to interpolation.
TOLERANCE = 0.02
THINNEST = 4
# mm around what was drawn: no heart and no lung moves so far.
MARGIN = 40.0


@dataclass(frozen=True, eq=False)
class Carried:
    """What came of one frame.

    labels : (K, J, I). before, after : correlation with the frame that was drawn on, as it lies and as it is carried
    over. smallest : least local volume after displacement by before, furthest : mm, both within the labels.
    """

    labels: np.ndarray
    before: float
    after: float
    smallest: float
    furthest: float


def order_of_frames(count: int, drawn: int, cycle: bool) -> Iterator[tuple[int, int]]:
    """Each other frame with the neighbour from which it is reached, in the order in which they are.

    cycle : whether the last frame is followed by the first; then half of them are reached backwards, which halves what
    errors can add up to.
    """
    ahead = (count - 1 + 1) // 2 if cycle else count - 1 - drawn
    for n in range(1, ahead + 1):
        yield (drawn + n) % count, (drawn + n - 1) % count
    for n in range(1, count - ahead):
        yield (drawn - n) % count, (drawn - n + 1) % count


def carried_through(
    series: Series,
    labels: np.ndarray,
    drawn: int,
    *,
    cycle: bool,
    corrected: bool,
    smoothness: float,
    context: Context,
) -> dict[int, Carried]:
    """The labels of each frame but the one they were drawn on.

    Parameters
    ----------
    labels : (K, J, I), drawn on frame `drawn`
    cycle : whether the last frame is followed by the first
    corrected : whether each way is corrected against the frame that was drawn on
    smoothness : mm

    Raises
    ------
    InputError
        ``E-NOT-FINITE`` where a frame holds NaN, ``E-IMAGE-CONSTANT`` where there is nothing to follow,
        ``E-REGISTRATION`` for stacks of two or three slices.
    Cancelled
    """
    _require_thick(series)
    box = _around(labels, series.geometry)
    spacing, frame = series.geometry.spacing, _standardised(series, box)
    first, found = frame(drawn), {}
    ways: dict[int, np.ndarray] = {}
    steps = list(order_of_frames(series.frame_count, drawn, cycle))
    for n, (now, neighbour) in enumerate(steps):
        context.progress(n / len(steps), f"frame {now + 1}")
        image = frame(now)
        report = _reporter(context, n / len(steps), (n + STEP_PART) / len(steps), f"frame {now + 1}")
        way = demons_field(image, frame(neighbour), spacing, smoothness=smoothness, steps=STEPS, report=report)
        context.progress((n + STEP_PART) / len(steps), f"frame {now + 1}")
        # Only the ends of the two ways are gone on from.
        before = ways.pop(neighbour, None)
        way = way if before is None else composed(way, before, spacing)
        if corrected and neighbour != drawn:
            report = _reporter(context, (n + STEP_PART) / len(steps), (n + 1) / len(steps), f"frame {now + 1}")
            way = demons_field(image, first, spacing, smoothness=smoothness, steps=STEPS, start=way, report=report)
            context.progress((n + 1) / len(steps), f"frame {now + 1}")
        ways[now] = way
        found[now] = _carried(labels[box], image, first, way, spacing)
    return {n: replace(one, labels=_whole(one.labels, box, labels.shape)) for n, one in found.items()}


def findings_of(found: dict[int, Carried], name: str) -> tuple[Finding, ...]:
    """Frames in which the labels are not to be trusted."""
    told = []
    folded = [n for n, one in sorted(found.items()) if one.smallest <= 0]
    worse = [n for n, one in sorted(found.items()) if one.after < one.before - TOLERANCE]
    if folded:
        text = f"the deformation of frame {_listed(folded)} (counted from 0) folds onto itself; raise smoothness"
        told.append(Finding("W-REGISTRATION-FOLD", Severity.WARN, text, name))
    if worse:
        text = f"frame {_listed(worse)} (counted from 0) is less like the drawn one after registration; look at it"
        told.append(Finding("W-REGISTRATION-WORSE", Severity.WARN, text, name))
    return tuple(told)


def _listed(frames: list[int]) -> str:
    return ", ".join(map(str, frames[:8])) + (", …" if len(frames) > 8 else "")


def _carried(labels: np.ndarray, image: np.ndarray, first: np.ndarray, way: np.ndarray, spacing) -> Carried:
    straight = Geometry.from_spacing(image.shape, spacing)
    carried = carried_labels(labels, way, spacing)
    # Noise far from what was drawn may fold as it likes.
    there = carried != 0 if carried.any() else np.ones(carried.shape, bool)
    return Carried(
        carried,
        _likeness(image, first),
        _likeness(image, sampled(first, way, spacing)),
        float(volume_change(way, straight)[there].min()),
        float(np.linalg.norm(way, axis=-1)[there].max()),
    )


def _likeness(one: np.ndarray, other: np.ndarray) -> float:
    """Correlation; 1 of two that are constant."""
    a, b = one - one.mean(), other - other.mean()
    whole = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum() / whole) if whole > 0 else 1.0


def _around(labels: np.ndarray, geometry: Geometry) -> tuple[slice, ...]:
    """What lies around the labels, in all slices: further away nothing is carried."""
    margins = np.ceil(MARGIN / np.array(geometry.spacing[::-1])).astype(int)
    box = list(box_around((labels != 0)[None], 0))
    for axis in (1, 2):
        box[axis] = slice(max(box[axis].start - margins[axis], 0), box[axis].stop + margins[axis])
    return slice(None), box[1], box[2]


def _whole(part: np.ndarray, box: tuple[slice, ...], shape: tuple[int, ...]) -> np.ndarray:
    whole = np.zeros(shape, part.dtype)
    whole[box] = part
    return whole


def _standardised(series: Series, box: tuple[slice, ...]) -> Callable[[int], np.ndarray]:
    """Frames one at a time, cut to a part, all on one scale of brightness."""
    one = np.asarray(series.values[0][box], dtype=np.float64)
    if np.ptp(one) == 0:
        raise InputError(
            "E-IMAGE-CONSTANT", f"around what was drawn the images have the same value, {one.flat[0]:g}, everywhere",
            where=series.name, fix="Check that the segmentation was drawn on this series.",
        )  # fmt: skip
    middle, width = float(one.mean()), float(one.std())

    def frame(n: int) -> np.ndarray:
        values = np.asarray(series.values[n][box], dtype=np.float64)
        if not np.isfinite(values).all():
            raise InputError(
                "E-NOT-FINITE", f"frame {n} (counted from 0) holds NaN or infinite values", where=series.name,
                fix="Fill them (-1024 for CT, 0 for MR) before registration.",
            )  # fmt: skip
        return (values - middle) / width

    return frame


def _require_thick(series: Series) -> None:
    if 1 < series.geometry.shape[0] < THINNEST or min(series.geometry.shape[1:]) < THINNEST:
        raise InputError(
            "E-REGISTRATION",
            f"frames of {' x '.join(map(str, series.geometry.shape[::-1]))} voxels are too thin to be registered",
            where=series.name,
            fix=f"Give one slice, or {THINNEST} slices or more.",
        )


def _reporter(context: Context, low: float, high: float, message: str) -> Callable[[float], bool]:
    def report(fraction: float) -> bool:
        if not context.cancelled:
            context.report(low + fraction * (high - low), message)
        return not context.cancelled

    return report
