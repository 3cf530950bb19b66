"""Training of one network until its validation patients are predicted no better."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from ...context import Context
from ...errors import InputError, ParameterError
from ..task import Step, Task
from .augmentation import draw_motion
from .checkpoint import Progress, load_checkpoint, save_checkpoint
from .distributed import Group
from .order import epoch_batches
from .settings import TrainingSettings

LOSSES = ("training loss", "validation loss")


@dataclass(frozen=True, eq=False)
class Exercise:
    """What a network is trained on.

    task : Task                     What is learned.
    train, validation : cases of it
    spacings : (I, J, K) mm of each channel of the images
    settings : TrainingSettings
    device : str
    group : Group                   The processes that share the work.
    """

    task: Task
    train: object
    validation: object
    spacings: tuple[tuple[float, float, float], ...]
    settings: TrainingSettings
    device: str = "cpu"
    group: Group = Group()


def train_network(network: nn.Module, exercise: Exercise, folder: Path, context: Context) -> Progress:
    """Train, with a checkpoint in a folder after each epoch; the network ends with the weights of its best epoch.

    Where the folder has a checkpoint of the same run, training goes on from it
    and gives the numbers it would have given without interruption: whatever is
    random is drawn from the seed and the number of the epoch.

    Raises
    ------
    InputError
        What the task refuses to learn from, ``E-CHECKPOINT``, ``E-TRAINING``
        when the loss is not finite.
    ParameterError
        When the task has no such number to watch.
    Cancelled
        The last whole epoch is kept.
    """
    task = exercise.task
    exercise = replace(exercise, settings=_watching(task, exercise.settings))
    task.check(exercise.train, "training")
    task.check(exercise.validation, "validation")
    task.fit_inputs(network, exercise.train)
    network.to(exercise.device)
    _channels_last(network)
    optimizer = torch.optim.AdamW(
        network.parameters(), exercise.settings.learning_rate, weight_decay=exercise.settings.weight_decay
    )
    identity = _identity(exercise, network)
    progress = _resumed(folder, identity, network, optimizer) or Progress()
    exercise.group.wait()
    settings = exercise.settings
    while progress.epoch < settings.epochs and progress.epoch - progress.best_epoch < settings.patience:
        context.progress(progress.epoch / settings.epochs, _described(progress))
        row = {"epoch": progress.epoch + 1, **_epoch(network, optimizer, exercise, progress, context)}
        _judge(progress, row, network, task.monitors[settings.monitor])
        if exercise.group.leads:
            state = {"network": network.state_dict(), "optimizer": optimizer.state_dict()}
            save_checkpoint(folder, progress, state, identity)
    network.load_state_dict(progress.best)
    network.eval()
    return progress


def _channels_last(network: nn.Module) -> None:
    """Order the weights of convolutions so that the processor's are two to three times as fast with few channels."""
    for parameter in network.parameters():
        if parameter.ndim == 5:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last_3d)


def rate_at(step: int, steps: int, settings: TrainingSettings) -> float:
    """Learning rate: a linear rise, then half a cosine down to zero (Loshchilov and Hutter, ICLR 2017)."""
    rising = max(int(settings.warm_up * steps), 1)
    if step < rising:
        return settings.learning_rate * (step + 1) / rising
    done = (step - rising) / max(steps - rising, 1)
    return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))


def _epoch(network: nn.Module, optimizer, exercise: Exercise, progress: Progress, context: Context) -> dict[str, float]:
    """One pass over the training patients, and how well the validation patients are predicted after it."""
    settings, group = exercise.settings, exercise.group
    # Dropout draws from torch's own generator.
    torch.manual_seed(_seed_of(settings.seed, progress.epoch, group.rank))
    generator = torch.Generator().manual_seed(_seed_of(settings.seed, progress.epoch, -1))
    strata, drawn = exercise.task.strata(exercise.train), {"seed": settings.seed, "epoch": progress.epoch}
    batches = epoch_batches(strata, settings.batch_size, **drawn, balance=settings.balance and exercise.task.balanced)
    network.train()
    losses = []
    for n, rows in enumerate(batches):
        iteration = progress.epoch * len(batches) + n
        for part in optimizer.param_groups:
            part["lr"] = rate_at(iteration, settings.epochs * len(batches), settings)
        losses.append(_step(network, optimizer, exercise, rows, (iteration, generator)))
        done = (progress.epoch + (n + 1) / len(batches)) / settings.epochs
        context.progress(min(done, 1.0), _described(progress))
    group.share_buffers(network)
    found = exercise.task.validated(network, exercise.validation, exercise.device)
    return {"training loss": float(np.mean(losses)), **found}


def _step(network: nn.Module, optimizer, exercise: Exercise, rows: np.ndarray, drawn: tuple) -> float:
    """Loss of one batch before the weights are changed."""
    (iteration, generator), settings, group, task = drawn, exercise.settings, exercise.group, exercise.task
    # Drawn for the whole batch by every process, so that the number of processes changes nothing.
    motion = draw_motion(len(rows), exercise.train.times.shape[1], settings, generator)
    own = np.arange(len(rows))[group.rank :: group.size]
    step = Step(
        rows, own, motion if settings.augment else None, exercise.spacings, exercise.device, iteration, generator
    )
    batch, target = task.shown(exercise.train, step)
    optimizer.zero_grad(set_to_none=True)
    with torch.autocast(exercise.device.split(":")[0], torch.bfloat16, enabled=_halves(exercise)):
        loss = task.loss(network, batch, target, iteration, generator)
    if not bool(torch.isfinite(loss)):
        raise InputError(
            "E-TRAINING",
            f"the loss became {loss.item()} at step {iteration + 1}",
            fix="Lower the learning rate, or look at the images of this cohort for extreme values.",
        )
    loss.backward()
    group.average_gradients(network)
    nn.utils.clip_grad_norm_(network.parameters(), settings.clip)
    optimizer.step()
    return float(loss.detach())


def _watching(task: Task, settings: TrainingSettings) -> TrainingSettings:
    """The settings with the number that is watched, the task's usual one where none is named."""
    monitor = settings.monitor or next(iter(task.monitors))
    if monitor not in task.monitors:
        raise ParameterError(
            "E-PARAMETER",
            f"monitor = {monitor} is no number of {task.name}",
            fix=f"Choose one of {', '.join(task.monitors)}.",
        )
    return replace(settings, monitor=monitor)


def _judge(progress: Progress, row: dict[str, float], network: nn.Module, monitor: tuple[str, int]) -> None:
    progress.epoch += 1
    progress.history.append(row)
    column, direction = monitor
    value = direction * row[column]
    if value < progress.best_value:
        progress.best_value, progress.best_epoch = value, progress.epoch
        progress.best = {name: tensor.detach().cpu().clone() for name, tensor in network.state_dict().items()}


def _resumed(folder: Path, identity: dict, network: nn.Module, optimizer) -> Progress | None:
    found = load_checkpoint(folder, identity)
    if found is None:
        return None
    progress, state = found
    try:
        network.load_state_dict(progress.best)
        network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
    except (RuntimeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            "E-CHECKPOINT",
            "does not hold the weights of this network",
            where=str(folder),
            fix="Delete it to begin anew.",
        ) from error
    return progress


def _identity(exercise: Exercise, network: nn.Module) -> dict[str, object]:
    """What must be the same for a run to go on: settings, patients, and the network's shape."""
    return {
        **asdict(exercise.settings),
        "training patients": " ".join(path.stem for path in exercise.train.files),
        "validation patients": " ".join(path.stem for path in exercise.validation.files),
        "network": " ".join(f"{n}{tuple(p.shape)}" for n, p in network.named_parameters()),
        "processes": exercise.group.size,
    }


def _seed_of(seed: int, epoch: int, stream: int) -> int:
    return int(np.random.SeedSequence([seed, epoch, stream + 1]).generate_state(1)[0])


def _halves(exercise: Exercise) -> bool:
    return exercise.settings.mixed_precision and exercise.device.startswith("cuda") and torch.cuda.is_bf16_supported()


def _described(progress: Progress) -> str:
    if not progress.history:
        return "training"
    last = progress.history[-1]
    others = {name.removeprefix("validation "): x for name, x in last.items() if name not in ("epoch", *LOSSES)}
    told = "".join(f", {name} {x:.3f}" for name, x in others.items())
    training, validation = (last[name] for name in LOSSES)
    return (
        f"epoch {progress.epoch}: loss {training:.3f}, validation {validation:.3f}{told} "
        f"(best epoch {progress.best_epoch})"
    )
