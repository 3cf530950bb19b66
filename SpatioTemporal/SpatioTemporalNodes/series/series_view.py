"""What is known of a series without copying its voxels: frames, times, unit, curves."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from SpatioTemporalLib.data import Acquisition, Curve, Series
from SpatioTemporalLib.data.examination import possible_examinations, seems_functional
from SpatioTemporalLib.data.series import describe_times
from SpatioTemporalLib.errors import Finding, InputError, counted
from SpatioTemporalLib.suitability import SeriesFacts

from ..scene import attributes
from .curve_probe import CurveProbe, probe_frames
from .frame_times import GIVEN_TIMES, given_times, times_of
from .frames import Frames, frames_of
from .series_nodes import series_from_node


@dataclass(frozen=True)
class SeriesView:
    """A series as the panel shows it.

    times : (T,) s, or frame numbers where `why_not` says why there are no times.
    source : where the times came from.
    """

    frames: Frames
    probe: CurveProbe
    times: np.ndarray
    source: str
    why_not: str
    unit: str
    acquisition: Acquisition
    findings: tuple[Finding, ...] = ()

    @property
    def timed(self) -> bool:
        return not self.why_not

    def curve(self, ras, name: str = "cursor") -> Curve | None:
        """The curve of the voxel at a position in RAS mm, None outside."""
        values = self.probe.curve(ras)
        return None if values is None else Curve(self.times, values, self.unit, name)

    def __str__(self) -> str:
        span = f"{describe_times(self.times)} ({self.source})" if self.timed else "no times"
        return f"{counted(self.frames.count, 'frame')}, {span}; {self.probe.geometry}; {self.unit}"


def view_of(node) -> SeriesView:
    """What a sequence, browser, volume, multi-volume or list of volumes holds.

    Raises
    ------
    InputError
        If it holds no frames. Missing times are no error here: `why_not` tells.
    """
    frames = frames_of(node)
    facts = frames.sources[0]
    try:
        when, why_not = times_of(frames), ""
        times, source, findings = when.times, when.source, when.findings
    except InputError as error:
        times, source, findings, why_not = np.arange(frames.count, dtype=float), "frame numbers", (), str(error)
    return SeriesView(
        frames,
        probe_frames(frames),
        times,
        source,
        why_not,
        attributes.fact(facts, "Unit", "a.u."),
        attributes.acquisition_of(*frames.sources),
        attributes.findings_of(facts) + findings,
    )


def facts_of_view(view: SeriesView) -> SeriesFacts:
    """What has to be known of a series to tell which analyses suit it."""
    known = possible_examinations(view.acquisition, view.unit)
    guessed = not known and view.timed and seems_functional(view.times, view.probe.mean_curve())
    interval = float(np.median(np.diff(view.times))) if view.timed and len(view.times) > 1 else None
    return SeriesFacts(view.frames.count, interval, view.unit, ("bold",) if guessed else known, guessed)


def give_examination(node, examination: str) -> None:
    """Keep what kind of examination it is, which nothing else says, with the node; "" forgets it."""
    source = frames_of(node).sources[0]
    known = attributes.acquisition_of(*frames_of(node).sources)
    attributes.set_acquisition(source, replace(known, examination=examination or None))


def give_times(node, times) -> None:
    """Keep times in seconds the user gave with the node; None forgets them.

    Raises
    ------
    InputError
        If they are not one for each frame, strictly rising.
    """
    frames = frames_of(node)
    if times is None:
        frames.sources[0].RemoveAttribute(attributes.PREFIX + GIVEN_TIMES)
        return
    checked = given_times(frames.count, times, None, frames.label)
    attributes.set_fact(frames.sources[0], GIVEN_TIMES, [float(t) for t in checked.times])


def give_unit(node, unit: str) -> None:
    """Keep the unit of the values, which nothing else says, with the node."""
    attributes.set_fact(frames_of(node).sources[0], "Unit", unit)


def series_of(node) -> Series:
    """The series a node shows, with the times the user gave where there are any."""
    return series_from_node(node, times=attributes.numbers_fact(frames_of(node).sources[0], GIVEN_TIMES))
