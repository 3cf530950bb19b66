"""From a cohort to a bundle: split, cases, training, what is said of it. It knows no task."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import nn

from ...context import Context
from ...data.cohort import Cohort
from ...io.tables.file import write_table
from ..bundle.facts import BundleFacts
from ..bundle.writing import write_bundle
from ..registry import build, network_named
from ..task import Task
from ..task_registry import served_task
from .history import write_history
from .loop import Exercise, train_network
from .order import stratified_folds
from .plan import Plan, Surroundings

HELD_OUT = "validation_predictions.csv"


def train_cohort(cohort: Cohort, plan: Plan, surroundings: Surroundings, context: Context) -> BundleFacts:
    """Train on a cohort and write a bundle with the curves of training beside it; gives the bundle's facts.

    Raises
    ------
    InputError
        When tables, images, labels or split do not allow it; see the task's `cases`, and `train_network`.
    """
    task = served_task(network_named(plan.architecture.name), plan.task)
    plan, covariates, splits = task.completed(cohort, replace(plan, task=task.name))
    # Settings that make no network are told before the cases are made, which takes long.
    with torch.device("meta"):
        _network(plan, 0)
    cases = _prepared(cohort, (task, plan, covariates), surroundings, context.part(0.0, 0.2))
    cases = replace(cases, splits=splits)
    rounds = _rounds(task, cases, plan)
    trained, held_out = [], np.full(len(cases), np.nan)
    for n, (name, train, validation) in enumerate(rounds):
        part = context.part(0.2 + 0.8 * n / len(rounds), 0.2 + 0.8 * (n + 1) / len(rounds))
        network = _network(plan, n)
        exercise = Exercise(
            task, cases.subset(train), cases.subset(validation), plan.shown.spacings, plan.settings,
            surroundings.device, surroundings.group,
        )  # fmt: skip
        trained.append(_trained(network, exercise, surroundings, (name, part)))
        held_out[validation] = task.held_out(network, exercise.validation, surroundings.device)
    facts = task.facts(plan, covariates, cases, held_out)
    if surroundings.group.leads:
        write_bundle(surroundings.folder, facts, trained, overwrite=surroundings.overwrite)
        write_table(surroundings.working / HELD_OUT, task.held_out_table(cases, held_out, facts))
    surroundings.group.wait()
    return facts


def _prepared(cohort: Cohort, what: tuple, surroundings: Surroundings, context: Context):
    task, plan, covariates = what

    def prepare():
        return task.cases(cohort, plan.shown, covariates, plan.label, cache=surroundings.cache, context=context)

    # One process makes the cases; the others find them on disk.
    if surroundings.group.leads:
        cases = prepare()
        surroundings.group.wait()
        return cases
    surroundings.group.wait()
    return prepare()


def _rounds(task: Task, cases, plan: Plan) -> list[tuple[str, list[int], list[int]]]:
    """Name, training rows and validation rows of each network to train."""
    splits = np.array(cases.splits)
    if not plan.folds:
        return [("", *(np.flatnonzero(splits == s).tolist() for s in ("train", "validation")))]
    own = np.flatnonzero((splits == "train") | (splits == "validation"))
    folds = stratified_folds(task.strata(cases)[own], plan.folds, plan.settings.seed)
    return [(f"fold{n + 1}", own[folds != n].tolist(), own[folds == n].tolist()) for n in range(plan.folds)]


def _network(plan: Plan, number: int) -> nn.Module:
    torch.manual_seed(plan.settings.seed + 1000 * number)
    architecture = plan.architecture
    return build(architecture.name, architecture.preset, architecture.arguments)


def _trained(network: nn.Module, exercise: Exercise, surroundings: Surroundings, where: tuple) -> nn.Module:
    name, context = where
    folder = surroundings.working / name
    progress = train_network(network, exercise, folder, context)
    if surroundings.group.leads:
        write_history(progress, folder)
    return network
