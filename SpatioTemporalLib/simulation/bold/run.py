"""A functional run whose truth is known: activation, delays, networks, motion, breathing, heartbeat, drift, noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ...data.curve import Table
from ...data.events import Events
from ...data.geometry import Geometry
from ...data.series import Acquisition, Series
from ...data.volumes import Label, LabelMap
from ...numerics.bold.preprocessing.rigid_motion import NAMES, Rigid
from .courses import breathing, fine_times, head_motion, heartbeat
from .head import Tissues, tissues_at
from .regions import CONDITIONS, REGIONS, Region, region_courses

SECONDS_OF_A_BLOCK = 16.0


@dataclass(frozen=True)
class BoldDesign:
    """What a run is like.

    shape : (K, J, I). spacing : (I, J, K) mm. frames : T. interval : s. noise, physiology, drift : % of grey
    matter. shift_mm, turn_rad : standard deviation of motion. jumps : sudden moves.
    """

    shape: tuple[int, int, int] = (32, 54, 46)
    spacing: tuple[float, float, float] = (3.6, 3.6, 4.0)
    frames: int = 200
    interval: float = 2.0
    noise: float = 1.0
    physiology: float = 0.8
    drift: float = 1.0
    shift_mm: float = 0.6
    turn_rad: float = 0.008
    jumps: int = 3
    regions: tuple[Region, ...] = REGIONS


@dataclass(frozen=True, eq=False)
class BoldRun:
    """A run and what is true of it.

    motion : (T, 6) mm and rad, where the head lies in each frame, R, A, S about the middle of the image. confounds :
    measured breathing and heartbeat beside it. regions, tissues : as in the middle frame. truth : one row a region.
    """

    series: Series
    events: Events
    motion: np.ndarray
    confounds: Table
    regions: LabelMap
    tissues: LabelMap
    truth: Table


def blocks(frames: int, interval: float) -> Events:
    """Blocks of both conditions in turn, as long as the rest between them."""
    onsets = np.arange(SECONDS_OF_A_BLOCK, frames * interval - SECONDS_OF_A_BLOCK, 2 * SECONDS_OF_A_BLOCK)
    conditions = tuple(CONDITIONS[n % 2] for n in range(len(onsets)))
    return Events(onsets, np.full(len(onsets), SECONDS_OF_A_BLOCK), conditions, np.ones(len(onsets)))


def slice_order(slices: int, interval: float) -> np.ndarray:
    """(K,) s within a frame: every other slice first, then those between."""
    order = np.concatenate([np.arange(0, slices, 2), np.arange(1, slices, 2)])
    times = np.empty(slices)
    times[order] = np.arange(slices) * interval / slices
    return times


def simulated_run(
    design: BoldDesign, rng: np.random.Generator, report: Callable[[float], None] = lambda fraction: None
) -> BoldRun:
    """One run, drawn by a generator.

    The head is looked at where it is in each frame, so motion interpolates
    nothing; each slice is acquired at its own time.
    """
    geometry = Geometry.from_spacing(design.shape, design.spacing, _origin(design))
    events = blocks(design.frames, design.interval)
    times, within = np.arange(design.frames) * design.interval, slice_order(design.shape[0], design.interval)
    fine = fine_times(design.frames * design.interval)
    at = times[:, None] + within
    courses = [np.interp(at, fine, own) for own in region_courses(design.regions, fine, events, design.interval, rng)]
    breath, beat = (np.interp(at, fine, make(fine, rng)) for make in (breathing, heartbeat))
    motion = head_motion(design.frames, design.shift_mm, design.turn_rad, design.jumps, rng)
    points = geometry.ijk_to_ras(np.stack(np.indices(design.shape)[::-1], axis=-1))
    points = np.moveaxis(points, -1, 0)
    slow = _drift(design, rng)
    values = np.empty((design.frames, *design.shape), np.float32)
    for n in range(design.frames):
        report(n / design.frames)
        head = _moved_back(points, Rigid.of(motion[n]))
        tissues = tissues_at(head)
        change = sum(c[n][:, None, None] * r.part_at(head) for c, r in zip(courses, design.regions)) * tissues.grey
        physiology = breath[n][:, None, None] * (0.5 + tissues.fluid) + beat[n][:, None, None] * 1.5 * tissues.fluid
        change = change + design.physiology * physiology + slow * (2 * n / design.frames - 1)
        noise = rng.normal(0, 10.0 * design.noise, design.shape)
        values[n] = np.maximum(tissues.signal * (1 + change / 100.0) + noise, 0.0)
    facts = Acquisition("MR", design.interval, 0.03, examination="bold", slice_times=tuple(within))
    series = Series(np.rint(values).astype(np.int16), times, geometry, "a.u.", "simulated_bold", facts)
    confounds = {"time": times.tolist()} | dict(zip(NAMES, motion.T.tolist()))
    confounds |= {"breathing": breath.mean(axis=1).tolist(), "heartbeat": beat.mean(axis=1).tolist()}
    units = {"time": "s"} | {name: "mm" if name.startswith("trans") else "rad" for name in NAMES}
    there = tissues_at(points)
    regions = _regions(design, points, there, geometry)
    return BoldRun(
        series, events, motion, Table(confounds, units, "confounds"), regions, _tissues(there, geometry),
        _truth(design, regions),
    )  # fmt: skip


def _origin(design: BoldDesign) -> tuple[float, ...]:
    """RAS of the first voxel, so that the middle of the image is the middle of the head."""
    return tuple(-(n - 1) / 2 * s for n, s in zip(design.shape[::-1], design.spacing))


def _moved_back(points: np.ndarray, motion: Rigid) -> np.ndarray:
    """Places of the head (3, K, J, I) that lie at points."""
    return np.tensordot(motion.rotation.T, points - motion.translation[:, None, None, None], axes=1)


def _drift(design: BoldDesign, rng: np.random.Generator) -> np.ndarray:
    """(K, J, I) % by which each voxel drifts from the middle to the end."""
    slow = ndimage.gaussian_filter(rng.normal(size=design.shape), 4.0)
    return design.drift * slow / max(slow.std(), 1e-12)


def _regions(design: BoldDesign, points: np.ndarray, tissues: Tissues, geometry: Geometry) -> LabelMap:
    values = np.zeros(design.shape, np.int16)
    for n, region in enumerate(design.regions, start=1):
        values[(region.part_at(points) > 0.5) & (tissues.grey > 0.5)] = n
    return LabelMap(values, geometry, {n: Label(r.name) for n, r in enumerate(design.regions, start=1)}, "regions")


def _tissues(tissues: Tissues, geometry: Geometry) -> LabelMap:
    parts = np.stack([tissues.grey, tissues.white, tissues.fluid])
    values = np.where(parts.max(axis=0) > 0.5, parts.argmax(axis=0) + 1, 0).astype(np.int16)
    names = {1: Label("grey matter"), 2: Label("white matter"), 3: Label("fluid")}
    return LabelMap(values, geometry, names, "tissues")


def _truth(design: BoldDesign, regions: LabelMap) -> Table:
    columns: dict[str, list] = {"region": [], "R": [], "A": [], "S": [], "radius": []}
    columns |= {name: [] for name in (*CONDITIONS, "delay", "course", "strength", "voxels")}
    for n, region in enumerate(design.regions, start=1):
        row = (region.name, *region.centre, region.radius, *region.effects, region.delay, region.course or "none",
               region.strength, int(regions.region(n).sum()))  # fmt: skip
        for column, cell in zip(columns.values(), row):
            column.append(cell)
    units = dict.fromkeys(("R", "A", "S", "radius"), "mm") | dict.fromkeys((*CONDITIONS, "strength"), "%")
    return Table(columns, units | {"delay": "s"}, "truth")
