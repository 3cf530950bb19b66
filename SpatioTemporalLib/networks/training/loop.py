"""Training of one network until its validation patients are predicted no better."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from ...context import Context
from ...errors import InputError
from ...numerics.statistics.roc import roc_area
from ..cases.regions import Cases
from ..inference.prediction import logits_of
from .augmentation import draw_motion, moved
from .checkpoint import Progress, load_checkpoint, save_checkpoint
from .distributed import Group
from .objective import training_loss
from .order import epoch_batches
from .settings import TrainingSettings


@dataclass(frozen=True, eq=False)
class Task:
    """What a network is trained on.

    train, validation : Cases       Each with both classes.
    spacings : (I, J, K) mm of each channel of the images
    settings : TrainingSettings
    device : str
    group : Group                   The processes that share the work.
    """

    train: Cases
    validation: Cases
    spacings: tuple[tuple[float, float, float], ...]
    settings: TrainingSettings
    device: str = "cpu"
    group: Group = Group()


def train_network(network: nn.Module, task: Task, folder: Path, context: Context) -> Progress:
    """Train, with a checkpoint in a folder after each epoch; the network ends with the weights of its best epoch.

    Where the folder has a checkpoint of the same run, training goes on from it
    and gives the numbers it would have given without interruption: whatever is
    random is drawn from the seed and the number of the epoch.

    Raises
    ------
    InputError
        ``E-LABEL`` when a class is missing, ``E-CHECKPOINT``, ``E-TRAINING``
        when the loss is not finite.
    Cancelled
        The last whole epoch is kept.
    """
    _require_both(task.train, "training")
    _require_both(task.validation, "validation")
    network.to(task.device)
    _channels_last(network)
    optimizer = torch.optim.AdamW(
        network.parameters(), task.settings.learning_rate, weight_decay=task.settings.weight_decay
    )
    identity = _identity(task, network)
    progress = _resumed(folder, identity, network, optimizer) or Progress()
    task.group.wait()
    while progress.epoch < task.settings.epochs and progress.epoch - progress.best_epoch < task.settings.patience:
        context.progress(progress.epoch / task.settings.epochs, _described(progress))
        row = {"epoch": progress.epoch + 1, **_epoch(network, optimizer, task, progress, context)}
        _judge(progress, row, network, task.settings)
        if task.group.leads:
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


def _epoch(network: nn.Module, optimizer, task: Task, progress: Progress, context: Context) -> dict[str, float]:
    """One pass over the training patients, and how well the validation patients are predicted after it."""
    settings, group = task.settings, task.group
    # Dropout draws from torch's own generator.
    torch.manual_seed(_seed_of(settings.seed, progress.epoch, group.rank))
    generator = torch.Generator().manual_seed(_seed_of(settings.seed, progress.epoch, -1))
    batches = epoch_batches(
        task.train.labels, settings.batch_size, seed=settings.seed, epoch=progress.epoch, balance=settings.balance
    )
    network.train()
    losses = []
    for n, rows in enumerate(batches):
        iteration = progress.epoch * len(batches) + n
        for part in optimizer.param_groups:
            part["lr"] = rate_at(iteration, settings.epochs * len(batches), settings)
        losses.append(_step(network, optimizer, task, rows, (iteration, generator)))
        done = (progress.epoch + (n + 1) / len(batches)) / settings.epochs
        context.progress(min(done, 1.0), _described(progress))
    group.share_buffers(network)
    loss, auc = validation_of(logits_of(network, task.validation, task.device), task.validation.labels)
    return {"training loss": float(np.mean(losses)), "validation loss": loss, "validation AUC": auc}


def _step(network: nn.Module, optimizer, task: Task, rows: np.ndarray, drawn: tuple) -> float:
    """Loss of one batch before the weights are changed."""
    (iteration, generator), settings, group = drawn, task.settings, task.group
    # Drawn for the whole batch by every process, so that the number of processes changes nothing.
    motion = draw_motion(len(rows), task.train.times.shape[1], settings, generator)
    own = np.arange(len(rows))[group.rank :: group.size]
    batch = task.train.batch(rows[own]).to(task.device)
    if settings.augment:
        batch = type(batch)(moved(batch.images, motion.of(own), task.spacings), *batch.parts[1:])
    labels = torch.from_numpy(task.train.labels[rows[own]]).long().to(task.device)
    optimizer.zero_grad(set_to_none=True)
    with torch.autocast(task.device.split(":")[0], torch.bfloat16, enabled=_halves(task)):
        loss = training_loss(network, batch, labels, iteration, generator)
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


def validation_of(logits: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Cross-entropy with both classes weighted alike, and area under the ROC curve."""
    target = torch.from_numpy(labels.astype(np.int64))
    share = labels.mean()
    weight = torch.tensor([0.5 / (1 - share), 0.5 / share], dtype=torch.float64)
    loss = functional.cross_entropy(torch.from_numpy(logits), target, weight)
    return float(loss), roc_area(labels == 1, logits[:, 1] - logits[:, 0]).auc


def _judge(progress: Progress, row: dict[str, float], network: nn.Module, settings: TrainingSettings) -> None:
    progress.epoch += 1
    progress.history.append(row)
    value = row["validation loss"] if settings.monitor == "loss" else -row["validation AUC"]
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


def _identity(task: Task, network: nn.Module) -> dict[str, object]:
    """What must be the same for a run to go on: settings, patients, and the network's shape."""
    return {
        **asdict(task.settings),
        "training patients": " ".join(path.stem for path in task.train.files),
        "validation patients": " ".join(path.stem for path in task.validation.files),
        "network": " ".join(f"{n}{tuple(p.shape)}" for n, p in network.named_parameters()),
        "processes": task.group.size,
    }


def _seed_of(seed: int, epoch: int, stream: int) -> int:
    return int(np.random.SeedSequence([seed, epoch, stream + 1]).generate_state(1)[0])


def _halves(task: Task) -> bool:
    return task.settings.mixed_precision and task.device.startswith("cuda") and torch.cuda.is_bf16_supported()


def _described(progress: Progress) -> str:
    if not progress.history:
        return "training"
    last = progress.history[-1]
    return (
        f"epoch {progress.epoch}: loss {last['training loss']:.3f}, validation {last['validation loss']:.3f}, "
        f"AUC {last['validation AUC']:.3f} (best epoch {progress.best_epoch})"
    )


def _require_both(cases: Cases, what: str) -> None:
    found = [int(np.count_nonzero(cases.labels == value)) for value in (0, 1)]
    if min(found) == 0 or np.isnan(cases.labels).any():
        unknown = int(np.isnan(cases.labels).sum())
        raise InputError(
            "E-LABEL",
            f"the {what} patients are {found[1]} positive, {found[0]} negative and {unknown} without a label",
            fix="Patients of both classes are needed, each with a label; correct the labels or the split.",
        )
