"""What a bundle says of its network: how its inputs are cut and coded, what it gives, what it was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ...errors import InputError
from ...io.files.json_text import is_number
from ...steps.follow_up.covariates import MOST_LEVELS, Covariate
from ...steps.follow_up.visit_crops import CropSettings
from ...system.plain_text import for_message
from ..inference.calibration import Calibration

FORMAT = 1
MOST_VISITS, MOST_CHANNELS, MOST_COVARIATES = 1000, 16, 1000
LONGEST_TEXT, LONGEST_NAME, MOST_COUNT, LARGEST = 100_000, 500, 2**53, 1e30
# Of an image, whatever its unit; of a calibration.
LARGEST_VALUE, STEEPEST = 1e9, 1e4
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
    class 1 is. share : 0..1 of class 1. patients : how many. days : shortest and
    longest time from first to last visit. digests : of their images, so that
    they are recognised. metrics : what was measured, by name.
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

    visits : fewest and most visits of a patient. threshold : probability from which a case is called positive.
    """

    architecture: Architecture
    crops: CropSettings
    covariates: tuple[Covariate, ...]
    visits: tuple[int, int]
    calibration: Calibration
    threshold: float
    training: Training
    description: str = ""


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
    crops, training = facts.crops, facts.training
    return {
        "format": FORMAT,
        "architecture": {
            "name": facts.architecture.name,
            "preset": facts.architecture.preset,
            "args": dict(facts.architecture.arguments),
        },
        "time": {"mode": "visits", "min": facts.visits[0], "max": facts.visits[1], "unit": "days"}
        | {"zero": "first_visit", "irregular": True, "range": list(training.days)},
        "inputs": [
            {
                "name": crops.image,
                "modality": "CT" if crops.unit == "HU" else "other",
                "channels": [crops.unit] * len(crops.spacings),
                "spacing_mm": [list(spacing) for spacing in crops.spacings],
                "orientation": "RAS",
                "roi": {"kind": "centred_crop", "size_vox": list(crops.shape)},
                "intensity": {"kind": "clip_scale", "min": crops.window[0], "max": crops.window[1], "fill": crops.fill},
            }
        ],
        "registration": crops.registration,
        "covariates": [_covariate_as_json(covariate) for covariate in facts.covariates],
        "outputs": [
            {
                "name": f"p_{training.outcome}",
                "kind": "probability",
                "calibration": vars(facts.calibration),
                "threshold": facts.threshold,
            }
        ],
        "inference": {"kind": "crop", "amp": False, "cpu_ok": True},
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
    read = _Reader(described, where)
    if read("format", int) != FORMAT:
        raise read.error(f"is of format {read('format', int)}, format {FORMAT} is read here")
    if read("time.mode", str) != "visits" or read("time.unit", str) != "days":
        raise read.error("its time is not one of visits in days; it is no bundle for follow-up studies")
    try:
        return _facts(read)
    except InputError as error:
        if error.code == "E-BUNDLE":
            raise
        raise read.error(str(error)) from error


def _facts(read: _Reader) -> BundleFacts:
    visits = (read("time.min", int), read("time.max", int))
    if not 1 <= visits[0] <= visits[1] <= MOST_VISITS:
        raise read.error(f"takes {visits[0]} to {visits[1]} visits, which is impossible")
    threshold = read("outputs.0.threshold", float)
    if not 0 <= threshold <= 1:
        raise read.error(f"has a threshold of {threshold}, outside 0..1")
    calibration = read("outputs.0.calibration", dict)
    slope, intercept = (_number(calibration.get(k), read) for k in ("slope", "intercept"))
    if max(abs(slope), abs(intercept)) > STEEPEST:
        raise read.error(f"has a calibration of slope {slope:g} and intercept {intercept:g}, which none is")
    return BundleFacts(
        architecture=Architecture(
            _name(read, "architecture.name"), _name(read, "architecture.preset"), read("architecture.args", dict)
        ),
        crops=_crops(read),
        covariates=_covariates(read),
        visits=visits,
        calibration=Calibration(slope, intercept, for_message(calibration.get("note", ""), LONGEST_NAME)),
        threshold=threshold,
        training=_training(read),
        description=read("description", str),
    )


def _name(read: _Reader, path: str) -> str:
    """A text that will be printed in messages and headings."""
    text = read(path, str)
    if len(text) > LONGEST_NAME or for_message(text, LONGEST_NAME) != text.strip():
        raise read.error(f"{read.path}{path} is {for_message(text, 40)!r}, which is no name")
    return text


def _covariates(read: _Reader) -> tuple[Covariate, ...]:
    count = len(read("covariates", list))
    if count > MOST_COVARIATES:
        raise read.error(f"takes {count} covariates, at most {MOST_COVARIATES} are possible")
    found = tuple(_covariate(read.inside(f"covariates.{n}")) for n in range(count))
    if len({covariate.name for covariate in found}) < count:
        raise read.error("takes two covariates of the same name")
    return found


def _crops(read: _Reader) -> CropSettings:
    if len(read("inputs.0.spacing_mm", list)) > MOST_CHANNELS:
        raise read.error(f"takes more than {MOST_CHANNELS} channels")
    units, count = read("inputs.0.channels", list), len(read("inputs.0.spacing_mm", list))
    if (
        len(units) != count
        or len({str(unit) for unit in units}) > 1
        or not all(isinstance(u, str) and u for u in units)
    ):
        raise read.error(f"inputs.0.channels is {for_message(units, 40)}, the unit of {count} channels was expected")
    values = {name: read(f"inputs.0.intensity.{name}", float) for name in ("min", "max", "fill")}
    if any(abs(value) > LARGEST_VALUE for value in values.values()):
        raise read.error(f"inputs.0.intensity is {for_message(values, 80)}, which no image holds")
    # How a list of JSON becomes what the settings hold.
    return CropSettings(
        image=_name(read, "inputs.0.name"),
        shape=tuple(read("inputs.0.roi.size_vox", list)),
        spacings=tuple(tuple(_number(x, read) for x in _listed(s, read)) for s in read("inputs.0.spacing_mm", list)),
        window=(values["min"], values["max"]),
        unit=for_message(units[0], 40) if units else "",
        fill=values["fill"],
        registration=read("registration", str),
    )


def _training(read: _Reader) -> Training:
    days = [_number(x, read) for x in read("time.range", list)]
    if len(days) != 2:
        raise read.error("time.range is not two numbers of days")
    share, patients = read("training.share", float), read("training.patients", int)
    if not 0 <= days[0] <= days[1] or not 0 <= share <= 1 or patients < 0:
        raise read.error(f"was trained on {patients} patients, {days} days apart, a share of {share} with the outcome")
    return Training(
        data=read("training.data", str),
        simulated=read("training.simulated", bool),
        outcome=_name(read, "training.outcome"),
        share=share,
        patients=patients,
        days=(days[0], days[1]),
        digests=tuple(str(x) for x in read("training.images_sha256", list)),
        metrics={str(k): _number(v, read) for k, v in read("training.metrics", dict).items()},
    )


def _covariate(read: _Reader) -> Covariate:
    if read("kind", str) == "numeric":
        return Covariate(_name(read, "name"), "numeric", _name(read, "unit"), read("mean", float), read("std", float))
    levels = read("levels", list)
    if len(levels) > MOST_LEVELS or not all(isinstance(x, str) and len(x) <= LONGEST_NAME for x in levels):
        raise read.error(f"{read.path}levels are no {MOST_LEVELS} texts at most")
    return Covariate(_name(read, "name"), read("kind", str), levels=tuple(levels))


def _covariate_as_json(covariate: Covariate) -> dict[str, object]:
    described = {"name": covariate.name, "kind": covariate.kind, "missing": "flag"}
    if covariate.kind == "numeric":
        return described | {"unit": covariate.unit, "mean": covariate.mean, "std": covariate.std}
    return described | {"levels": list(covariate.levels)}


class _Reader:
    """Fields of a JSON object by a dotted path, with their types checked."""

    def __init__(self, described: object, where: str, path: str = ""):
        self.described, self.where, self.path = described, where, path

    def __call__(self, path: str, kind: type):
        value = self._at(path)
        if kind is float:
            return _number(value, self, path)
        # True is an int to Python, and no number to anybody else.
        fits = isinstance(value, kind) and not (kind is int and isinstance(value, bool))
        if not fits:
            raise self.error(f"{self.path}{path} is {for_message(value, 40)!r}, {kind.__name__} was expected")
        if kind is int and abs(value) > MOST_COUNT:
            raise self.error(f"{self.path}{path} is {for_message(value, 40)}, which nothing is")
        if kind is str and len(value) > LONGEST_TEXT:
            raise self.error(f"{self.path}{path} is {len(value)} letters long")
        return value

    def inside(self, path: str) -> _Reader:
        return _Reader(self._at(path), self.where, f"{self.path}{path}.")

    def error(self, text: str) -> InputError:
        fix = "Get the bundle anew, or write it again with 'spatiotemporal train'."
        return InputError("E-BUNDLE", text, where=self.where, fix=fix)

    def _at(self, path: str):
        value = self.described
        for key in path.split("."):
            if isinstance(value, dict) and key in value:
                value = value[key]
            elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
                value = value[int(key)]
            else:
                raise self.error(f"its metadata has no {self.path}{path}")
        return value


def _number(value: object, read: _Reader, path: str = "a value") -> float:
    # Larger ones overflow where they are used, in single precision.
    if not is_number(value) or abs(value) > LARGEST:
        raise read.error(f"{read.path}{path} is {for_message(value, 40)!r}, a number was expected")
    return float(value)


def _listed(value: object, read: _Reader) -> list:
    if not isinstance(value, list):
        raise read.error(f"inputs.0.spacing_mm holds {for_message(value, 40)!r}, lists of three were expected")
    return value
