"""What a bundle says of its network: how its inputs are cut and coded, what it gives, what it was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ...errors import InputError
from ...steps.follow_up.covariates import MOST_LEVELS, Covariate
from ...system.plain_text import for_message
from ..calibration import Calibration
from ..task_registry import BEFORE_TASKS, known_tasks, task_named
from .fields import LONGEST_NAME, FieldReader, number

FORMAT = 1
MOST_VISITS, MOST_COVARIATES = 1000, 1000
# Of a calibration.
STEEPEST = 1e4
FAR_SHORTER, FAR_LONGER = 0.5, 2.0


@dataclass(frozen=True)
class Architecture:
    """A registered network: name, preset, and settings that differ from it."""

    name: str
    preset: str = "default"
    arguments: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Training:
    """What a network was trained on.

    data : in words. simulated : whether no patient was among it. outcome : what
    class 1 is. share : 0..1 of class 1. patients : how many. days : least and
    greatest time, in the unit of the task; of visits, from the first to the last.
    digests : of their images, so that they are recognised. metrics : what was
    measured, by name.
    """

    data: str
    simulated: bool
    outcome: str = "malignant"
    share: float = 0.5
    patients: int = 0
    days: tuple[float, float] = (0.0, 0.0)
    digests: tuple[str, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class BundleFacts:
    """All that is needed to use a network rightly, beside its weights.

    shown : settings of what the task shows. visits : fewest and most visits, or
    other points in time, of a patient. threshold : probability from which a case
    or a voxel is called positive. task : what it was trained for.
    """

    architecture: Architecture
    shown: object
    covariates: tuple[Covariate, ...]
    visits: tuple[int, int]
    calibration: Calibration
    threshold: float
    training: Training
    description: str = ""
    task: str = BEFORE_TASKS


def far_from_training(training: Training, span):
    """Whether days (...,) from first to last visit are far from those of training; never where these are not known."""
    low, high = training.days
    return (high > 0) & ((np.asarray(span) < FAR_SHORTER * low) | (np.asarray(span) > FAR_LONGER * high))


def visits_in_words(visits: tuple[int, int]) -> str:
    """How many visits, as 2 or 2 to 4."""
    fewest, most = visits
    return str(fewest) if fewest == most else f"{fewest} to {most}"


def facts_as_json(facts: BundleFacts) -> dict[str, object]:
    """The object ``spatiotemporal`` of a bundle's metadata."""
    task, training = task_named(facts.task), facts.training
    return {
        "format": FORMAT,
        "task": facts.task,
        "architecture": {
            "name": facts.architecture.name,
            "preset": facts.architecture.preset,
            "args": dict(facts.architecture.arguments),
        },
        "time": {"mode": task.time.mode, "min": facts.visits[0], "max": facts.visits[1], "unit": task.time.unit}
        | {"zero": task.time.zero, "irregular": True, "range": list(training.days)},
        **task.shown_as_json(facts.shown),
        "covariates": [_covariate_as_json(covariate) for covariate in facts.covariates],
        "outputs": [
            {
                "name": f"p_{training.outcome}",
                "kind": task.output,
                "calibration": vars(facts.calibration),
                "threshold": facts.threshold,
            }
        ],
        "inference": {"kind": task.inference, "amp": False, "cpu_ok": True},
        "training": {
            **{name: getattr(training, name) for name in ("data", "simulated", "outcome", "share", "patients")},
            "metrics": dict(training.metrics),
            "images_sha256": list(training.digests),
            "intended_use": "research only, not for clinical use",
        },
        "description": facts.description,
    }


def facts_from_json(described: object, where: str) -> BundleFacts:
    """The facts of a bundle's metadata, checked.

    Raises
    ------
    InputError
        ``E-BUNDLE``, which names the field that is missing or wrong.
    """
    read = FieldReader(described, where)
    if read("format", int) != FORMAT:
        raise read.error(f"is of format {read('format', int)}, format {FORMAT} is read here")
    name = _task_of(read)
    time = task_named(name).time
    if read("time.mode", str) != time.mode or read("time.unit", str) != time.unit:
        raise read.error(f"its time is not one of {time.mode} in {time.unit}; it is no bundle for {time.study}")
    try:
        return _facts(read, name)
    except InputError as error:
        if error.code == "E-BUNDLE":
            raise
        raise read.error(str(error)) from error


def _task_of(read: FieldReader) -> str:
    """The task it was trained for; bundles written before there were several do not say."""
    if not isinstance(read.described, dict) or "task" not in read.described:
        return BEFORE_TASKS
    name = read.name("task")
    if name not in known_tasks():
        raise read.error(f"was trained for {for_message(name, 40)!r}; known here are {', '.join(known_tasks())}")
    return name


def _facts(read: FieldReader, task: str) -> BundleFacts:
    visits = (read("time.min", int), read("time.max", int))
    if not 1 <= visits[0] <= visits[1] <= MOST_VISITS:
        raise read.error(f"takes {visits[0]} to {visits[1]} visits, which is impossible")
    threshold = read("outputs.0.threshold", float)
    if not 0 <= threshold <= 1:
        raise read.error(f"has a threshold of {threshold}, outside 0..1")
    calibration = read("outputs.0.calibration", dict)
    slope, intercept = (number(calibration.get(k), read) for k in ("slope", "intercept"))
    if max(abs(slope), abs(intercept)) > STEEPEST:
        raise read.error(f"has a calibration of slope {slope:g} and intercept {intercept:g}, which none is")
    return BundleFacts(
        architecture=Architecture(
            read.name("architecture.name"), read.name("architecture.preset"), read("architecture.args", dict)
        ),
        shown=task_named(task).shown_from_json(read),
        covariates=_covariates(read),
        visits=visits,
        calibration=Calibration(slope, intercept, for_message(calibration.get("note", ""), LONGEST_NAME)),
        threshold=threshold,
        training=_training(read),
        description=read("description", str),
        task=task,
    )


def _covariates(read: FieldReader) -> tuple[Covariate, ...]:
    count = len(read("covariates", list))
    if count > MOST_COVARIATES:
        raise read.error(f"takes {count} covariates, at most {MOST_COVARIATES} are possible")
    found = tuple(_covariate(read.inside(f"covariates.{n}")) for n in range(count))
    if len({covariate.name for covariate in found}) < count:
        raise read.error("takes two covariates of the same name")
    return found


def _training(read: FieldReader) -> Training:
    days = [number(x, read) for x in read("time.range", list)]
    if len(days) != 2:
        raise read.error("time.range is not two numbers of days")
    share, patients = read("training.share", float), read("training.patients", int)
    if not 0 <= days[0] <= days[1] or not 0 <= share <= 1 or patients < 0:
        raise read.error(f"was trained on {patients} patients, {days} days apart, a share of {share} with the outcome")
    return Training(
        data=read("training.data", str),
        simulated=read("training.simulated", bool),
        outcome=read.name("training.outcome"),
        share=share,
        patients=patients,
        days=(days[0], days[1]),
        digests=tuple(str(x) for x in read("training.images_sha256", list)),
        metrics={str(k): number(v, read) for k, v in read("training.metrics", dict).items()},
    )


def _covariate(read: FieldReader) -> Covariate:
    if read("kind", str) == "numeric":
        return Covariate(read.name("name"), "numeric", read.name("unit"), read("mean", float), read("std", float))
    levels = read("levels", list)
    if len(levels) > MOST_LEVELS or not all(isinstance(x, str) and len(x) <= LONGEST_NAME for x in levels):
        raise read.error(f"{read.path}levels are no {MOST_LEVELS} texts at most")
    return Covariate(read.name("name"), read("kind", str), levels=tuple(levels))


def _covariate_as_json(covariate: Covariate) -> dict[str, object]:
    described = {"name": covariate.name, "kind": covariate.kind, "missing": "flag"}
    if covariate.kind == "numeric":
        return described | {"unit": covariate.unit, "mean": covariate.mean, "std": covariate.std}
    return described | {"levels": list(covariate.levels)}
