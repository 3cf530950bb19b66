"""Segmentation of a dynamic series by acquisition time: phases with their seconds are shown, a mask says what is right.

Source: arXiv 2511.16498 (2025), with one training sample per later phase and Dice plus cross-entropy.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...data.curve import Table
from ...errors import InputError, ParameterError, counted
from ...numerics.spatial.mask_overlap import dice, structures_found
from ...steps.bolus.acquired_phases import PhaseSettings
from ..task import TimeAxis
from ..voxel_task import Learned, VoxelTask, learned_from, require_mask

SHOWN = 3
# Of the patches, those that are laid around a voxel of the mask.
AROUND_TARGET = 0.5


class Segmentation(VoxelTask):
    """Phases of a series are shown with their times; a mask says what is right."""

    name = "segmentation"
    help = "mask of a structure in a dynamic series, from three phases and their times"
    settings = PhaseSettings
    time = TimeAxis("phases", "seconds", "injection", "dynamic series", "a dynamic series")
    names = ("lesion", "tumour", "tumor", "mask")
    wanted = "Add a column mask:lesion to timepoints.csv, with the mask in one row of each participant."
    truths, answers = ("participant_id", "look-alikes"), ("Dice", "look-alikes found")

    def completed(self, cohort, plan):
        label, splits = self.label_and_splits(cohort, plan)
        # A network that says how many phases it takes is shown one later phase at a time, any other all of them.
        counted_phases = "phases" in _settings_of(plan)
        arguments = {**plan.architecture.arguments, "in_channels": 1, **({"phases": SHOWN} if counted_phases else {})}
        architecture = replace(plan.architecture, arguments=arguments)
        shown = replace(plan.shown or PhaseSettings(), together=not counted_phases)
        plan = replace(plan, shown=shown, label=label, architecture=architecture)
        _require_fitting(plan)
        return plan, (), splits

    def cases(self, cohort, shown, covariates, label, *, cache, context, rows=None):
        from ..cases.phases import prepare_phases

        return prepare_phases(cohort, shown, label, cache=cache, context=context, rows=rows)

    def check(self, cases, what):
        empty = sum(not (cases.volumes(n)[2] > 0).any() for n in range(len(cases)))
        if not len(cases) or empty == len(cases):
            raise InputError(
                "E-LABEL",
                f"of the {counted(len(cases), f'{what} patient')} none has anything in its mask",
                fix="Correct the masks or the split.",
            )

    def shown(self, cases, step):
        import torch

        from ..cases.patches import patches_of

        images, times, target = patches_of(cases, step, AROUND_TARGET)
        return _moved(images, times, target, step) if step.motion is not None else (
            _batch(images, times).to(step.device), torch.from_numpy(target).to(step.device)
        )  # fmt: skip

    def loss(self, network, batch, target, iteration, generator):
        from ..voxelwise.losses import dice_and_cross_entropy

        return dice_and_cross_entropy(batch.scores(network), target > 0)

    def validated(self, network, cases, device):
        import torch

        from ..voxelwise.losses import dice_and_cross_entropy

        losses, overlaps = [], []
        for n in range(len(cases)):
            logit, target, _ = answer((network,), cases, n, device)
            scores = torch.from_numpy(np.stack([np.zeros_like(logit), logit]))[None]
            losses.append(float(dice_and_cross_entropy(scores, torch.from_numpy(target > 0)[None])))
            overlaps.append(dice(logit > 0, target > 0))
        return {"validation loss": float(np.mean(losses)), "validation Dice": float(np.mean(overlaps))}

    def held_out(self, network, cases, device):
        """(N,) Dice of each patient."""
        found = [answer((network,), cases, n, device) for n in range(len(cases))]
        return np.array([dice(logit > 0, target > 0) for logit, target, _ in found])

    def facts(self, plan, covariates, cases, held_out):
        learned = learned_from(cases)
        later = learned.times[:, 2:][learned.observed[:, 2:]]
        counts = learned.observed.sum(axis=1) if plan.shown.together else np.array([SHOWN])
        share = float(np.mean([(learned.volumes(n)[2] > 0).mean() for n in range(len(learned))]))
        points, span = (int(counts.min()), int(counts.max())), (float(later.min()), float(later.max()))
        return self.facts_of(plan, Learned(learned, share, points, span), held_out)

    def shown_as_json(self, shown):
        from ..bundle.phase_metadata import phases_as_json

        return phases_as_json(shown)

    def shown_from_json(self, read):
        from ..bundle.phase_metadata import phases_from_json

        return phases_from_json(read)

    def data_format(self, facts):
        from ..bundle.phase_metadata import data_format

        return data_format(facts)

    def title(self, facts):
        return f"segmentation of {facts.training.outcome}"

    def in_words(self, facts):
        from ..bundle.phase_metadata import in_words

        return in_words(facts)

    def assessed(self, bundle, cohort, rows, *, label, cache, device, context):
        cases = self.cases(
            cohort, bundle.facts.shown, (), label, cache=cache, context=context.part(0.0, 0.5), rows=rows
        )
        bundle.refuse_seen(cases)
        columns = {"participant_id": cases.ids, "Dice": [], "look-alikes": [], "look-alikes found": []}
        for n in range(len(cases)):
            context.progress(0.5 + 0.5 * n / len(cases), f"segmenting {n + 1} of {len(cases)} participants")
            logit, target, others = answer(bundle.networks, cases, n, device)
            require_mask(target, cases.ids[n], label, cohort.name)
            columns["Dice"].append(dice(logit > 0, target > 0))
            there, found = structures_found(logit > 0, others > 0)
            columns["look-alikes"].append(there)
            columns["look-alikes found"].append(found)
        return Table(columns, name="predictions"), ()


SEGMENTATION = Segmentation()


def answer(networks, cases, row: int, device: str):
    """(K, J, I) logit, mask to be found, mask of other structures."""
    from ..inference.segmentation import logit_map

    phases, seconds, target, others = cases.volumes(row)
    logits = logit_map(networks, phases, seconds, cases.shape, device, together=cases.together)
    return logits, target, others


def _batch(images, times):
    from ..cases.phases import batch_of

    return batch_of(images, times)


def _moved(images, times, target, step):
    """The same with a motion, alike for phases and mask; and with one gain for all phases of a patient."""
    import torch

    from ..training.augmentation import moved

    motion = step.motion.of(step.own)
    batch = _batch(images, times)
    # A gain of each phase's own would change the very curves that are to be told apart.
    alike = replace(motion, gain=motion.gain[:, :1].expand(-1, batch.images.shape[1]))
    still = replace(motion, gain=torch.ones(len(images), 1))
    mask = torch.from_numpy(target.astype(np.float32))[:, None, None]
    shown = type(batch)(moved(batch.images, alike, step.spacings), *batch.parts[1:])
    return shown.to(step.device), (moved(mask, still, step.spacings)[:, 0, 0] > 0.5).to(step.device)


def _require_fitting(plan) -> None:
    """Refuse patches that the stages of the network do not halve evenly."""
    settings = _settings_of(plan)
    # Windows begin at half the size, convolutions at all of it.
    halved = len(settings["depths"]) if "depths" in settings else len(settings.get("widths", "1")) - 1
    if any(n % 2**halved for n in plan.shown.shape):
        raise ParameterError(
            "E-PHASES",
            f"--size {','.join(map(str, plan.shown.shape))} is not made of multiples of {2**halved}",
            fix=f"The network halves it {halved} times; choose such a size.",
        )


def _settings_of(plan) -> dict[str, object]:
    from ..registry import settings_of

    architecture = plan.architecture
    return vars(settings_of(architecture.name, architecture.preset, architecture.arguments))
