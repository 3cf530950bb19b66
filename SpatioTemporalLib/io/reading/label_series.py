"""Labels over time from files: a label map for each frame of a series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...data.volumes import LARGEST_LABEL, LabelSeries
from ...errors import InputError
from ..sidecars.label_names import names_of, unnamed_values
from .series import Paths, timed_frames


def read_label_series(
    path: Paths,
    *,
    times: Sequence[float] | None = None,
    frame_interval: float | None = None,
    name: str | None = None,
    confirm_times: bool = False,
) -> LabelSeries:
    """A label map for each frame, from a 4-D image, Slicer's sequence of label volumes, or a file for each frame.

    Parameters
    ----------
    path, times, frame_interval, confirm_times
        As of `read_series`.
    name : str, optional
        For messages and results; by default from the file's name.

    Raises
    ------
    InputError
        As `read_series`; ``E-LABEL-VALUE`` for values that are no labels, ``E-LABEL-LAYERS`` for one segmentation in
        layers.
    """
    read = timed_frames(path, times=times, frame_interval=frame_interval, confirm_times=confirm_times)
    image = read.image
    if "Segment0_LabelValue" in image.keys:
        raise InputError(
            "E-LABEL-LAYERS", "holds one segmentation, a label map for each frame was expected", where=image.file,
            fix="Give a 4-D label image, a sequence of label volumes, or one file for each frame.",
        )  # fmt: skip
    for number, frame in enumerate(read.frames):
        low, high = (float(frame.min()), float(frame.max())) if frame.dtype.kind in "fiu" else (0.0, 0.0)
        if low < 0 or high > LARGEST_LABEL:
            raise InputError(
                "E-LABEL-VALUE",
                f"the values of frame {number} go from {low:.10g} to {high:.10g}, labels from 0 to {LARGEST_LABEL} "
                f"were expected",
                where=image.file,
                fix="Give label maps, not images; threshold probability maps first.",
            )
    named = names_of(image, image.file)
    labels = LabelSeries(
        read.frames, read.seconds, image.geometry, named, name or image.name, read.clock.source, read.findings
    )
    return replace(labels, findings=(*labels.findings, *unnamed_values(labels, named, image.file)))
