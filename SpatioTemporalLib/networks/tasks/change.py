"""Change between two visits: both images are shown, masks of what is new and of what has vanished say what is right."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from ...data.curve import Table
from ...errors import InputError, ParameterError, counted
from ...numerics.spatial.mask_overlap import dice, structures_found
from ...steps.follow_up.visit_pair import PairSettings
from ..task import TimeAxis
from ..voxel_task import Learned, VoxelTask, learned_from, require_mask

VANISHED_NAME = "vanished"
# Of a lesion, that has to be found: any of it.
ONE_VOXEL = 1e-9
# Weight of changed voxels at the first step of training, and the steps within which it falls by a factor of e to one.
FIRST_EMPHASIS, EMPHASIS_FADES = 50.0, 50.0
VISITS = 2
NEW = 1
# Of the patches, those that are laid around a voxel that changed; of the pairs, those that are shown in reverse.
AROUND_CHANGE, REVERSED = 0.5, 0.5


class Change(VoxelTask):
    """Two visits are shown; masks of what is new at the later one, and of what has vanished, say what is right."""

    name = "change"
    help = "new and vanished lesions between two visits that lie on one another"
    settings = PairSettings
    time = TimeAxis("visits", "days", "earlier_visit", "follow-up of two visits", "pairs of visits")
    names = ("new", "lesion", "change")
    wanted = "Add a column mask:new to timepoints.csv, and mask:vanished as wanted, in the row of the later visit."
    truths, answers = ("participant_id", "new lesions"), ("Dice", "new lesions found", "false positives")

    def completed(self, cohort, plan):
        from ..registry import settings_of

        label, splits = self.label_and_splits(cohort, plan)
        shown = plan.shown or PairSettings()
        dimensions = 2 if shown.shape[0] == 1 else 3
        arguments = {**plan.architecture.arguments, "in_channels": 1, "dimensions": dimensions}
        architecture = replace(plan.architecture, arguments=arguments)
        _require_fitting(shown, settings_of(architecture.name, architecture.preset, arguments), dimensions)
        return replace(plan, shown=shown, label=label, architecture=architecture), (), splits

    def cases(self, cohort, shown, covariates, label, *, cache, context, rows=None):
        from ..cases.pairs import prepare_pairs

        return prepare_pairs(cohort, shown, (label, VANISHED_NAME), cache=cache, context=context, rows=rows)

    def check(self, cases, what):
        if not any((cases.volumes(n)[1] > 0).any() for n in range(len(cases))):
            raise InputError(
                "E-LABEL",
                f"of the {counted(len(cases), f'{what} patient')} none has anything new in its mask",
                fix="Correct the masks or the split.",
            )

    def shown(self, cases, step):
        from ..cases.pair_patches import pairs_of

        batch, target = pairs_of(cases, step, AROUND_CHANGE, REVERSED)
        if step.motion is not None:
            batch, target = _moved(batch, target, step)
        return batch.to(step.device), target.to(step.device)

    def loss(self, network, batch, target, iteration, generator):
        from ..voxelwise.losses import dice_and_cross_entropy

        # Few voxels change: without more weight at the start a network may settle on none, and never leave it.
        emphasis = 1 + (FIRST_EMPHASIS - 1) * math.exp(-iteration / EMPHASIS_FADES)
        return dice_and_cross_entropy(batch.scores(network), target, emphasis)

    def validated(self, network, cases, device):
        import torch

        from ..voxelwise.losses import dice_and_cross_entropy

        losses, found, wanted = [], [], []
        for n in range(len(cases)):
            scores, classes = answer((network,), cases, n, device)
            losses.append(
                float(dice_and_cross_entropy(torch.from_numpy(scores)[None], torch.from_numpy(classes)[None]))
            )
            found.append(scores.argmax(axis=0).ravel())
            wanted.append(classes.ravel())
        found, wanted = np.concatenate(found), np.concatenate(wanted)
        # Of all patients together: where nothing changed there is no Dice of one's own.
        overlap = np.mean([dice(found == kind, wanted == kind) for kind in (1, 2) if (wanted == kind).any()])
        return {"validation loss": float(np.mean(losses)), "validation Dice": float(overlap)}

    def held_out(self, network, cases, device):
        """(N,) Dice of what is new; where nothing is, 1 if nothing was found and 0 otherwise."""
        return np.array([lesion_counts(*answer((network,), cases, n, device))["Dice"] for n in range(len(cases))])

    def facts(self, plan, covariates, cases, held_out):
        learned = learned_from(cases)
        share = float(np.mean([(learned.volumes(n)[1] == NEW).mean() for n in range(len(learned))]))
        span = (float(learned.times[:, 1].min()), float(learned.times[:, 1].max()))
        return self.facts_of(plan, Learned(learned, share, (VISITS, VISITS), span), held_out)

    def masks_of(self, cohort):
        return [name for name in cohort.masks if name != VANISHED_NAME]

    def shown_as_json(self, shown):
        from ..bundle.pair_metadata import pairs_as_json

        return pairs_as_json(shown)

    def shown_from_json(self, read):
        from ..bundle.pair_metadata import pairs_from_json

        return pairs_from_json(read)

    def data_format(self, facts):
        from ..bundle.pair_metadata import data_format

        return data_format(facts)

    def title(self, facts):
        return f"{facts.training.outcome} and {VANISHED_NAME} lesions between two visits"

    def in_words(self, facts):
        from ..bundle.pair_metadata import in_words

        return in_words(facts)

    def assessed(self, bundle, cohort, rows, *, label, cache, device, context):
        part = context.part(0.0, 0.5)
        cases = self.cases(cohort, bundle.facts.shown, (), label, cache=cache, context=part, rows=rows)
        bundle.refuse_seen(cases)
        found = []
        for n in range(len(cases)):
            context.progress(0.5 + 0.5 * n / len(cases), f"looking for change in {n + 1} of {len(cases)} participants")
            scores, classes = answer(bundle.networks, cases, n, device)
            require_mask(classes, cases.ids[n], label, cohort.name)
            found.append({"participant_id": cases.ids[n], **lesion_counts(scores, classes)})
        return Table({name: [row[name] for row in found] for name in found[0]}, name="predictions"), ()


CHANGE = Change()


def answer(networks, cases, row: int, device: str) -> tuple[np.ndarray, np.ndarray]:
    """(3, K, J, I) mean log-probabilities of unchanged, new and vanished, and (K, J, I) what is right."""
    from ..inference.change import log_probabilities

    images, classes = cases.volumes(row)
    return log_probabilities(networks, images, float(cases.times[row, 1]), cases.shape, device), classes.astype(int)


def lesion_counts(scores: np.ndarray, classes: np.ndarray) -> dict[str, float]:
    """Dice of what is new, how many new lesions there are, how many of them were met, and how many found ones are none.

    A lesion is a connected part; it is met where one voxel of it was found.
    """
    found, wanted = scores.argmax(axis=0) == NEW, classes == NEW
    there, met = structures_found(found, wanted, part=ONE_VOXEL)
    parts, right = structures_found(wanted, found, part=ONE_VOXEL)
    names = ("Dice", *CHANGE.truths[1:], *CHANGE.answers[1:])
    return dict(zip(names, (dice(found, wanted), there, met, parts - right)))


def _moved(batch, target, step):
    """The same with the motion of a step, alike for both visits and what became of their voxels."""
    import torch

    from ..training.augmentation import moved

    motion = step.motion.of(step.own)
    still = replace(motion, gain=torch.ones(len(target), 1))
    masks = torch.stack([(target == kind).float() for kind in (1, 2)], dim=1)[:, None]
    shown = type(batch)(moved(batch.images, motion, step.spacings), *batch.parts[1:])
    new, vanished = (moved(masks, still, (*step.spacings, *step.spacings))[:, 0] > 0.5).unbind(1)
    return shown, torch.where(new, 1, torch.where(vanished, 2, 0))


def _require_fitting(shown: PairSettings, settings, dimensions: int) -> None:
    """Refuse patches that the stages of the network do not halve evenly."""
    factor = 2 ** (len(settings.widths) - 1)
    if any(n % factor for n in shown.shape[3 - dimensions :]):
        raise ParameterError(
            "E-PAIR",
            f"--size {','.join(map(str, shown.shape))} is not made of multiples of {factor}",
            fix=f"{len(settings.widths)} stages halve it {len(settings.widths) - 1} times; choose such a size, "
            "with 1 first for single slices.",
        )
