"""Two classes of patients: the probability of an outcome from regions of their visits and from covariates."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from ...data.cohort import Cohort
from ...data.curve import Table
from ...errors import InputError, ParameterError
from ...numerics.statistics.roc import roc_area
from ...steps.follow_up.covariates import Covariate, learned_covariates
from ...steps.follow_up.visit_crops import CropSettings
from ..calibration import fitted_calibration
from ..task import Task, TimeAxis

LABELS = ("malignant", "label")
SURROUNDINGS_MM = 4.0
VALIDATION_PART = 5


class Classification(Task):
    """Crops of visits are shown, a column says what is right."""

    name = "classification"
    help = "probability of an outcome from regions of a patient's visits"
    settings = CropSettings
    time = TimeAxis("visits", "days", "first_visit", "follow-up studies", "follow-up images")
    output, inference = "probability", "crop"
    analysis = "prediction.classification"
    truths, answers = ("participant_id", "label"), ("probability",)
    calibrated = balanced = True
    monitors = {"loss": ("validation loss", 1), "auc": ("validation AUC", -1)}

    def completed(self, cohort, plan):
        from ..cases.regions import labels_of
        from ..training.order import cohort_splits

        label = plan.label or _label_of(cohort)
        own = [str(s) for s in cohort.participants.columns.get("split", [])]
        splits = cohort_splits(own, labels_of(cohort, label), VALIDATION_PART, plan.settings.seed)
        plan = replace(plan, shown=_with_channels(plan), label=label)
        learning = [n for n, split in enumerate(splits) if split in ("train", "validation")[: 2 if plan.folds else 1]]
        covariates = _covariates(cohort, plan, learning)
        return replace(plan, architecture=_for_data(plan, covariates)), covariates, splits

    def cases(self, cohort, shown, covariates, label, *, cache, context, rows=None):
        from ..cases.regions import prepare_cases

        return prepare_cases(cohort, shown, covariates, label, cache=cache, context=context, rows=rows)

    def strata(self, cases):
        return cases.labels

    def check(self, cases, what):
        found = [int(np.count_nonzero(cases.labels == value)) for value in (0, 1)]
        if min(found) == 0 or np.isnan(cases.labels).any():
            unknown = int(np.isnan(cases.labels).sum())
            raise InputError(
                "E-LABEL",
                f"the {what} patients are {found[1]} positive, {found[0]} negative and {unknown} without a label",
                fix="Patients of both classes are needed, each with a label; correct the labels or the split.",
            )

    def shown(self, cases, step):
        import torch

        from ..training.augmentation import moved

        rows = step.rows[step.own]
        batch = cases.batch(rows).to(step.device)
        if step.motion is not None:
            images = moved(batch.images, step.motion.of(step.own), step.spacings)
            batch = type(batch)(images, *batch.parts[1:])
        return batch, torch.from_numpy(cases.labels[rows]).long().to(step.device)

    def loss(self, network, batch, target, iteration, generator):
        return training_loss(network, batch, target, iteration, generator)

    def validated(self, network, cases, device):
        from ..inference.prediction import logits_of

        loss, auc = validation_of(logits_of(network, cases, device), cases.labels)
        return {"validation loss": loss, "validation AUC": auc}

    def held_out(self, network, cases, device):
        """(N,) logit of the outcome less that of its absence."""
        from ..inference.prediction import differences_of

        return differences_of(network, cases, device)

    def facts(self, plan, covariates, cases, held_out):
        return _facts(plan, covariates, cases, held_out)

    def held_out_table(self, cases, held_out, facts):
        rows = np.flatnonzero(np.isfinite(held_out))
        return Table(
            {
                "participant_id": [cases.ids[n] for n in rows],
                "label": [int(cases.labels[n]) for n in rows],
                "probability": facts.calibration.probability(held_out[rows]).tolist(),
            }
        )

    def shown_as_json(self, shown):
        from ..bundle.region_metadata import crops_as_json

        return crops_as_json(shown)

    def shown_from_json(self, read):
        from ..bundle.region_metadata import crops_from_json

        return crops_from_json(read)

    def data_format(self, facts):
        from ..bundle.region_metadata import data_format

        return data_format(facts)

    def title(self, facts):
        return f"probability of {facts.training.outcome}"

    def in_words(self, facts):
        from ..bundle.region_metadata import in_words

        return in_words(facts)

    def page(self, facts):
        from ..bundle.region_metadata import page

        return page(facts)

    def assessed(self, bundle, cohort, rows, *, label, cache, device, context):
        from ..inference.assessment import predictions

        return predictions(bundle, cohort, rows, label=label, cache=cache, device=device, context=context)

    def truth_column(self, cohort, facts):
        for name in (facts.training.outcome, "label"):
            if name in cohort.participants.columns:
                return name
        raise InputError(
            "E-LABEL",
            f"the participants have neither a column {facts.training.outcome} nor label",
            where=cohort.name,
            fix="Name the column of the outcome with --label.",
        )

    def assessment_parameters(self, facts):
        return {"threshold": facts.threshold}

    def picture(self, path, table, result):
        from ..inference.probability_figure import write_evaluation_figure

        write_evaluation_figure(path, table, result.calibration)


CLASSIFICATION = Classification()


def training_loss(network, batch, labels, iteration: int, generator):
    """Loss of a batch, a scalar tensor: the network's own where its method has one, cross-entropy otherwise.

    A network's own is its method ``training_loss(batch, labels, iteration, generator)``.

    Parameters
    ----------
    network : module
        Left in the mode it is in; call its ``train()`` first.
    batch : Batch
    labels : (B,) int64
        Class of each patient.
    iteration : int
        Batches since training began, from 0; a margin may tighten with them.
    generator : torch.Generator, on the CPU
        Of whatever the method draws at random.
    """
    from torch.nn.functional import cross_entropy

    own = getattr(network, "training_loss", None)
    if own is not None:
        return own(batch, labels, iteration, generator)
    return cross_entropy(batch.scores(network), labels)


def validation_of(logits: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Cross-entropy with both classes weighted alike, and area under the ROC curve."""
    import torch
    from torch.nn.functional import cross_entropy

    target = torch.from_numpy(labels.astype(np.int64))
    share = labels.mean()
    weight = torch.tensor([0.5 / (1 - share), 0.5 / share], dtype=torch.float64)
    loss = cross_entropy(torch.from_numpy(logits), target, weight)
    return float(loss), roc_area(labels == 1, logits[:, 1] - logits[:, 0]).auc


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


def _with_channels(plan) -> CropSettings:
    """The regions that a network expects: one that looks at the surroundings too gets a second, coarser channel."""
    shown = plan.shown or CropSettings()
    channels = getattr(_settings(plan), "in_channels", 1)
    if channels == 2 and len(shown.spacings) == 1:
        return replace(shown, spacings=(*shown.spacings, (SURROUNDINGS_MM,) * 3))
    return shown


def _covariates(cohort: Cohort, plan, learning: list[int]) -> tuple[Covariate, ...]:
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


def _settings(plan):
    from ..registry import settings_of

    return settings_of(plan.architecture.name, plan.architecture.preset, plan.architecture.arguments)


def _for_data(plan, covariates: tuple[Covariate, ...]):
    """The architecture with what follows from the data: channels, and the kinds of the covariates."""
    known = {f.name for f in fields(_settings(plan))}
    given = {"in_channels": len(plan.shown.spacings), "levels": [len(c.levels) for c in covariates]}
    if not covariates and "cross_modal" in known:
        given["cross_modal"] = "none"
    arguments = {**plan.architecture.arguments, **{k: v for k, v in given.items() if k in known}}
    return replace(plan.architecture, arguments=arguments)


def _facts(plan, covariates: tuple[Covariate, ...], cases, held_out: np.ndarray):
    from ..bundle.facts import BundleFacts, Training
    from ..registry import networks

    learned = cases.subset([n for n, s in enumerate(cases.splits) if s in ("train", "validation")])
    calibration = _calibration(held_out, cases, cases.splits)
    visits = learned.observed.sum(axis=1)
    span = learned.times.max(axis=1) - learned.times.min(axis=1)
    seen = np.isfinite(held_out)
    auc = roc_area(cases.labels[seen] == 1, held_out[seen]).auc
    word = "simulated" if plan.simulated else ""
    return BundleFacts(
        architecture=plan.architecture,
        shown=plan.shown,
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
        task=CLASSIFICATION.name,
    )


def _calibration(held_out: np.ndarray, cases, splits: list[str]):
    learned = np.array([split in ("train", "validation") for split in splits])
    seen = np.isfinite(held_out)
    return fitted_calibration(held_out[seen], cases.labels[seen], float(cases.labels[learned].mean()))
