"""What tasks share that answer for every voxel, are shown masks and are judged by Dice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..data.curve import Table
from ..errors import InputError, ParameterError
from .calibration import Calibration
from .task import Task

VALIDATION_PART = 5
THRESHOLD = 0.5


@dataclass(frozen=True, eq=False)
class Learned:
    """What a network has learned from.

    cases : of training and validation. share : 0..1 of their voxels that are the structure. points : least and most
    points in time. span : least and greatest time, in the task's unit.
    """

    cases: object
    share: float
    points: tuple[int, int]
    span: tuple[float, float]


class VoxelTask(Task):
    """A task whose networks go over an image window by window; masks of a cohort say what is right.

    Attributes
    ----------
    names : tuple of str
        Of masks that are taken where none is named, in that order.
    wanted : str
        What to do where a cohort has none.
    """

    names: tuple[str, ...]
    wanted: str
    output, inference = "segmentation", "sliding_window"
    analysis = "prediction.segmentation"
    monitors = {"dice": ("validation Dice", -1), "loss": ("validation loss", 1)}

    def label_and_splits(self, cohort, plan) -> tuple[str, list[str]]:
        """The mask that says what is right, and the split of each participant.

        Raises
        ------
        ParameterError
            ``E-PARAMETER`` for covariates, which such networks do not look at.
        InputError
            ``E-LABEL`` when there is no such mask.
        """
        from .training.order import cohort_splits

        if plan.covariates:
            raise ParameterError(
                "E-PARAMETER",
                f"{plan.architecture.name} looks at no covariates, and {', '.join(plan.covariates)} were named",
                fix="Leave --covariates out.",
            )
        label = plan.label or self.label_of(cohort)
        own = [str(s) for s in cohort.participants.columns.get("split", [])]
        return label, cohort_splits(own, _with_mask(cohort, label), VALIDATION_PART, plan.settings.seed)

    def label_of(self, cohort, wanted: str = "") -> str:
        """The wanted mask, or the first of the usual ones that the cohort has; ``E-LABEL`` without any."""
        for name in (wanted, *self.names, *self.masks_of(cohort)):
            if name and name in cohort.masks:
                return name
        raise InputError("E-LABEL", "the cohort has no masks to learn from", where=cohort.name, fix=self.wanted)

    def masks_of(self, cohort) -> Sequence[str]:
        """Masks of a cohort of which any may say what is right."""
        return cohort.masks

    def truth_column(self, cohort, facts):
        return self.label_of(cohort, facts.training.outcome)

    def facts_of(self, plan, learned: Learned, held_out: np.ndarray):
        """What the bundle is to say."""
        from .bundle.facts import BundleFacts, Training
        from .registry import networks

        return BundleFacts(
            architecture=plan.architecture,
            shown=plan.shown,
            covariates=(),
            visits=learned.points,
            calibration=Calibration(),
            threshold=THRESHOLD,
            training=Training(
                data=" ".join(filter(None, ["simulated" if plan.simulated else "", plan.data or "cohort"])),
                simulated=plan.simulated,
                outcome=plan.label,
                share=learned.share,
                patients=len(learned.cases),
                days=learned.span,
                digests=tuple(learned.cases.digests()),
                metrics={"Dice of validation patients": float(np.nanmean(held_out))},
            ),
            description=networks()[plan.architecture.name].citation,
            task=self.name,
        )

    def held_out_table(self, cases, held_out, facts):
        rows = np.flatnonzero(np.isfinite(held_out))
        return Table({"participant_id": [cases.ids[n] for n in rows], "Dice": held_out[rows].tolist()})

    def page(self, facts):
        return [f"- Takes {'; '.join(self.in_words(facts))}"]


def learned_from(cases):
    """Those of some cases that a network was trained on or chosen by."""
    return cases.subset([n for n, split in enumerate(cases.splits) if split in ("train", "validation")])


def require_mask(values: np.ndarray, whose: str, label: str, where: str) -> None:
    """Refuse a participant without the mask, whose voxels are below zero."""
    if (values < 0).any():
        raise InputError(
            "E-LABEL", f"participant {whose} has no mask {label}", where=where,
            fix="Draw it, empty where there is nothing, or choose other participants with --split.",
        )  # fmt: skip


def _with_mask(cohort, label: str) -> np.ndarray:
    """(N,) 0 for participants who have the mask, NaN for those who do not."""
    if label not in cohort.masks:
        raise InputError(
            "E-LABEL",
            f"there is no mask {label!r}; there are {', '.join(cohort.masks) or 'none'}",
            where=cohort.name,
            fix="Name one of them with --label.",
        )
    columns = cohort.visits.columns
    cells = columns.get(f"mask:{label}", columns.get("mask"))
    there = {owner for owner, cell in zip(columns["participant_id"], cells) if cell}
    return np.array([0.0 if own in there else np.nan for own in cohort.ids])
