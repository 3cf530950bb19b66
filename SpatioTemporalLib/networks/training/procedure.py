"""From a cohort to a bundle: split, regions, training, calibration."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from ...context import Context
from ...data.cohort import Cohort
from ...data.curve import Table
from ...errors import InputError, ParameterError
from ...io.tables.file import write_table
from ...numerics.statistics.roc import roc_area
from ...steps.follow_up.covariates import Covariate, learned_covariates
from ...steps.follow_up.visit_crops import CropSettings
from ..bundle.facts import Architecture, BundleFacts, Training
from ..bundle.writing import write_bundle
from ..cases.regions import Cases, labels_of, prepare_cases
from ..inference.calibration import Calibration, fitted_calibration
from ..inference.prediction import differences_of
from ..registry import build, networks, settings_of
from .distributed import Group
from .history import write_history
from .loop import Task, train_network
from .order import stratified_folds
from .settings import TrainingSettings

VALIDATION_PART = 5
SURROUNDINGS_MM = 4.0
LABELS = ("malignant", "label")


@dataclass(frozen=True)
class Plan:
    """What is to be trained.

    architecture : its arguments need not name what follows from the data.
    label : column of the participants, "" for the first of `LABELS` there is.
    covariates : columns, None for all. folds : 0 for the cohort's own split,
    otherwise so many networks, each validated on its fold.
    simulated : whether no patient is among the participants.
    """

    architecture: Architecture
    crops: CropSettings = CropSettings()
    label: str = ""
    covariates: tuple[str, ...] | None = None
    folds: int = 0
    settings: TrainingSettings = TrainingSettings()
    data: str = ""
    simulated: bool = False


@dataclass(frozen=True, eq=False)
class Surroundings:
    """Where training takes place.

    folder : of the bundle. working : of checkpoints, curves and predictions.
    cache : of the regions. overwrite : whether a bundle may be replaced.
    """

    folder: Path
    working: Path
    cache: Path
    device: str = "cpu"
    group: Group = field(default_factory=Group)
    overwrite: bool = False


def train_cohort(cohort: Cohort, plan: Plan, surroundings: Surroundings, context: Context) -> BundleFacts:
    """Train on a cohort and write a bundle with the curves of training beside it; gives the bundle's facts.

    Raises
    ------
    InputError
        When tables, images, labels or split do not allow it; see `prepare_cases` and `train_network`.
    """
    plan, covariates, splits = _completed(cohort, plan)
    # Settings that make no network are told before regions are cut, which takes long.
    with torch.device("meta"):
        _network(plan, 0)
    cases = _prepared(cohort, plan, covariates, surroundings, context.part(0.0, 0.2))
    cases = replace(cases, splits=splits)
    rounds = _rounds(cases, plan)
    trained, held_out = [], np.full(len(cases), np.nan)
    for n, (name, train, validation) in enumerate(rounds):
        part = context.part(0.2 + 0.8 * n / len(rounds), 0.2 + 0.8 * (n + 1) / len(rounds))
        network = _network(plan, n)
        trained.append(_trained(network, cases, (train, validation), plan, (surroundings, name, part)))
        difference = differences_of(network, cases.subset(validation), surroundings.device)
        held_out[validation] = difference
    calibration = _calibration(held_out, cases, splits)
    facts = _facts(plan, covariates, cases, calibration, held_out)
    if surroundings.group.leads:
        write_bundle(surroundings.folder, facts, trained, overwrite=surroundings.overwrite)
        _write_held_out(surroundings.working, cases, held_out, calibration)
    surroundings.group.wait()
    return facts


def _completed(cohort: Cohort, plan: Plan) -> tuple[Plan, tuple[Covariate, ...], list[str]]:
    """The plan with what follows from the cohort, the coding of its covariates, and each participant's split."""
    label = plan.label or _label_of(cohort)
    splits = _splits(cohort, labels_of(cohort, label), plan)
    plan = replace(plan, crops=_with_channels(plan), label=label)
    learning = [n for n, split in enumerate(splits) if split in ("train", "validation")[: 2 if plan.folds else 1]]
    covariates = _covariates(cohort, plan, learning)
    return replace(plan, architecture=_for_data(plan, covariates)), covariates, splits


def _label_of(cohort: Cohort) -> str:
    for name in LABELS:
        if name in cohort.participants.columns:
            return name
    raise InputError(
        "E-LABEL",
        f"the participants have no column {' or '.join(LABELS)}; they have {', '.join(cohort.participants.columns)}",
        where=cohort.name,
        fix="Name the column that holds 1 and 0 with --label.",
    )


def _splits(cohort: Cohort, labels: np.ndarray, plan: Plan) -> list[str]:
    """The split of each participant; those without a label take no part."""
    own = [str(s) for s in cohort.participants.columns.get("split", [])]
    if not own:
        folds = stratified_folds(np.nan_to_num(labels), VALIDATION_PART, plan.settings.seed)
        own = ["validation" if fold == 0 else "train" for fold in folds]
    return ["" if np.isnan(label) else split for split, label in zip(own, labels)]


def _with_channels(plan: Plan) -> CropSettings:
    """The regions that a network expects: one that looks at the surroundings too gets a second, coarser channel."""
    channels = getattr(_settings(plan), "in_channels", 1)
    if channels == 2 and len(plan.crops.spacings) == 1:
        return replace(plan.crops, spacings=(*plan.crops.spacings, (SURROUNDINGS_MM,) * 3))
    return plan.crops


def _covariates(cohort: Cohort, plan: Plan, learning: list[int]) -> tuple[Covariate, ...]:
    """Those that are named, or all that vary; none for a network that looks at none."""
    if not hasattr(_settings(plan), "levels"):
        if plan.covariates:
            raise ParameterError(
                "E-PARAMETER",
                f"{plan.architecture.name} looks at no covariates, and {', '.join(plan.covariates)} were named",
                fix="Leave --covariates out, or take a network with the setting levels ('spatiotemporal networks').",
            )
        return ()
    if plan.covariates is not None:
        return learned_covariates(cohort.participants, plan.covariates, learning)
    found = []
    for name in cohort.participants.columns:
        if name in ("participant_id", "split", plan.label):
            continue
        try:
            found += learned_covariates(cohort.participants, [name], learning)
        except InputError as error:
            # Nobody asked for it by name; the bundle says which were taken.
            if error.code != "E-COVARIATE":
                raise
    return tuple(found)


def _settings(plan: Plan):
    return settings_of(plan.architecture.name, plan.architecture.preset, plan.architecture.arguments)


def _for_data(plan: Plan, covariates: tuple[Covariate, ...]) -> Architecture:
    """The architecture with what follows from the data: channels, and the kinds of the covariates."""
    known = {f.name for f in fields(_settings(plan))}
    given = {"in_channels": len(plan.crops.spacings), "levels": [len(c.levels) for c in covariates]}
    if not covariates and "cross_modal" in known:
        given["cross_modal"] = "none"
    arguments = {**plan.architecture.arguments, **{k: v for k, v in given.items() if k in known}}
    return replace(plan.architecture, arguments=arguments)


def _prepared(cohort: Cohort, plan: Plan, covariates, surroundings: Surroundings, context: Context) -> Cases:
    def prepare() -> Cases:
        return prepare_cases(cohort, plan.crops, covariates, plan.label, cache=surroundings.cache, context=context)

    # One process cuts the regions; the others find them on disk.
    if surroundings.group.leads:
        cases = prepare()
        surroundings.group.wait()
        return cases
    surroundings.group.wait()
    return prepare()


def _rounds(cases: Cases, plan: Plan) -> list[tuple[str, list[int], list[int]]]:
    """Name, training rows and validation rows of each network to train."""
    splits = np.array(cases.splits)
    if not plan.folds:
        return [("", *(np.flatnonzero(splits == s).tolist() for s in ("train", "validation")))]
    own = np.flatnonzero((splits == "train") | (splits == "validation"))
    folds = stratified_folds(cases.labels[own], plan.folds, plan.settings.seed)
    return [(f"fold{n + 1}", own[folds != n].tolist(), own[folds == n].tolist()) for n in range(plan.folds)]


def _network(plan: Plan, number: int) -> nn.Module:
    torch.manual_seed(plan.settings.seed + 1000 * number)
    architecture = plan.architecture
    return build(architecture.name, architecture.preset, architecture.arguments)


def _trained(network: nn.Module, cases: Cases, rows: tuple, plan: Plan, where: tuple) -> nn.Module:
    surroundings, name, context = where
    folder = surroundings.working / name
    task = Task(
        cases.subset(rows[0]),
        cases.subset(rows[1]),
        plan.crops.spacings,
        plan.settings,
        surroundings.device,
        surroundings.group,
    )
    progress = train_network(network, task, folder, context)
    if surroundings.group.leads:
        write_history(progress, folder)
    return network


def _calibration(held_out: np.ndarray, cases: Cases, splits: list[str]) -> Calibration:
    learned = np.array([split in ("train", "validation") for split in splits])
    seen = np.isfinite(held_out)
    return fitted_calibration(held_out[seen], cases.labels[seen], float(cases.labels[learned].mean()))


def _facts(plan: Plan, covariates, cases: Cases, calibration: Calibration, held_out: np.ndarray) -> BundleFacts:
    learned = cases.subset([n for n, s in enumerate(cases.splits) if s in ("train", "validation")])
    visits = learned.observed.sum(axis=1)
    span = learned.times.max(axis=1) - learned.times.min(axis=1)
    seen = np.isfinite(held_out)
    auc = roc_area(cases.labels[seen] == 1, held_out[seen]).auc
    word = "simulated" if plan.simulated else ""
    return BundleFacts(
        architecture=plan.architecture,
        crops=plan.crops,
        covariates=covariates,
        visits=(int(visits.min()), int(visits.max())),
        calibration=calibration,
        threshold=0.5,
        training=Training(
            data=" ".join(filter(None, [word, plan.data or "cohort"])),
            simulated=plan.simulated,
            outcome=plan.label if plan.label != "label" else "positive",
            share=float(learned.labels.mean()),
            patients=len(learned),
            days=(float(span.min()), float(span.max())),
            digests=tuple(learned.digests()),
            metrics={"AUC of validation patients": auc},
        ),
        description=networks()[plan.architecture.name].citation,
    )


def _write_held_out(folder: Path, cases: Cases, held_out: np.ndarray, calibration: Calibration) -> None:
    """The predictions for patients that a network was validated on."""
    rows = np.flatnonzero(np.isfinite(held_out))
    write_table(
        folder / "validation_predictions.csv",
        Table(
            {
                "participant_id": [cases.ids[n] for n in rows],
                "label": [int(cases.labels[n]) for n in rows],
                "probability": calibration.probability(held_out[rows]).tolist(),
            }
        ),
    )
