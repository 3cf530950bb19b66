"""How a network is trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ...parameters import Advanced, Help, Range, Unit


@dataclass(frozen=True)
class TrainingSettings:
    """Settings of a training run; the command line's options are made from them."""

    epochs: Annotated[int, Range(1, 10000), Help("Passes over the training patients, at most.")] = 100
    batch_size: Annotated[int, Range(2, 4096), Help("Patients a step, over all devices together.")] = 16
    learning_rate: Annotated[
        float, Range(1e-7, 1.0), Help("Largest, after a warm-up; it falls to zero along a cosine.")
    ] = 1e-3
    weight_decay: Annotated[float, Range(0, 10), Help("Of AdamW."), Advanced()] = 1e-2
    warm_up: Annotated[float, Range(0, 0.9), Help("Part of the steps in which the rate rises."), Advanced()] = 0.05
    patience: Annotated[
        int, Range(1, 10000), Help("Epochs without a better validation result after which training stops.")
    ] = 20
    monitor: Annotated[
        str, Help("What of the validation patients decides which epoch is the best; the task's own when empty.")
    ] = ""
    balance: Annotated[
        bool, Help("Draw all classes of patients equally often; probabilities are brought back to the real share.")
    ] = True
    augment: Annotated[
        bool, Help("Turn, mirror and shift all visits of a patient alike, and vary the intensity of each a little.")
    ] = True
    rotation: Annotated[float, Unit("deg"), Range(0, 180), Help("Largest turn within slices."), Advanced()] = 20.0
    shift: Annotated[float, Unit("mm"), Range(0, 50), Help("Largest shift along each axis."), Advanced()] = 2.0
    gain: Annotated[float, Range(0, 0.9), Help("Largest change of intensity, as a part of it."), Advanced()] = 0.05
    clip: Annotated[float, Range(1e-3, 1e3), Help("Largest norm of a step's gradient."), Advanced()] = 1.0
    mixed_precision: Annotated[bool, Help("Compute in bfloat16 where a GPU has it; float32 otherwise."), Advanced()] = (
        True
    )
    seed: Annotated[int, Range(0, 2**31 - 1), Help("Of weights, order and augmentation.")] = 0
