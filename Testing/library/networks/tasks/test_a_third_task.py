"""A third task is one file: trained, bundled and evaluated by what is there already."""

import re
import sys
from textwrap import dedent

import pytest
from library.command_line.commands import run
from library.small.phases import small_phase_cohort

import SpatioTemporalLib as st
from SpatioTemporalLib.networks import registry as network_registry
from SpatioTemporalLib.networks import systems, task_registry, tasks

TASK = '''
"""Sum of a mask: the number of voxels of a lesion, in hundreds, from the same phases."""

import numpy as np

from SpatioTemporalLib.data.curve import Table
from SpatioTemporalLib.networks.tasks.segmentation import Segmentation


class Counting(Segmentation):
    name = "counting"
    help = "how many voxels a lesion has"
    output, inference, analysis = "number", "whole", "prediction.segmentation"
    truths, answers = ("participant_id",), ("Dice",)
    monitors = {"loss": ("validation loss", 1)}

    def shown(self, cases, step):
        batch, target = super().shown(cases, step)
        return batch, (target > 0).flatten(1).sum(dim=1).float() / 100

    def loss(self, network, batch, target, iteration, generator):
        return ((batch.scores(network)[:, 1] - target) ** 2).mean()

    def validated(self, network, cases, device):
        return {"validation loss": float(np.mean((self.held_out(network, cases, device) - self.right(cases)) ** 2))}

    def right(self, cases):
        return np.array([(cases.volumes(n)[2] > 0).sum() / 100 for n in range(len(cases))])

    def held_out(self, network, cases, device):
        from SpatioTemporalLib.networks.cases.phases import batch_of
        import torch

        network.eval()
        with torch.inference_mode():
            given = [cases.volumes(n)[:2] for n in range(len(cases))]
            batch = batch_of([p[:3] for p, _ in given], [s[:3] for _, s in given])
            return batch.scores(network)[:, 1].numpy()

    def facts(self, plan, covariates, cases, held_out):
        from dataclasses import replace

        return replace(super().facts(plan, covariates, cases, held_out), task=self.name)

    def held_out_table(self, cases, held_out, facts):
        rows = np.flatnonzero(np.isfinite(held_out))
        return Table({"participant_id": [cases.ids[n] for n in rows], "hundreds": held_out[rows].tolist()})

    def title(self, facts):
        return f"count of {facts.training.outcome}"

    def assessed(self, bundle, cohort, rows, *, label, cache, device, context):
        cases = self.cases(cohort, bundle.facts.shown, (), label, cache=cache, context=context, rows=rows)
        bundle.refuse_seen(cases)
        found, right = self.held_out(bundle.networks[0], cases, device), self.right(cases)
        agreement = np.clip(1 - abs(found - right) / right, 0, 1)
        return Table({"participant_id": cases.ids, "Dice": agreement.tolist()}, name="predictions"), ()


COUNTING = Counting()
'''
NETWORK = '''
"""Mean of every phase, weighted."""

from dataclasses import dataclass

from torch import nn

from SpatioTemporalLib.networks.registry import network


@dataclass(frozen=True)
class CounterSettings:
    in_channels: int = 1
    phases: int = 3


@network("counter", citation="own", card="A test.", presets={"default": CounterSettings()}, tasks=("counting",))
class Counter(nn.Module):
    def __init__(self, settings):
        super().__init__()
        self.weights = nn.Linear(settings.phases * settings.in_channels, 2)

    def forward(self, images, times, mask, covariates=None, covariate_mask=None):
        return self.weights(images.flatten(1, 2).mean(dim=(2, 3, 4)))
'''


@pytest.fixture
def third_task(tmp_path, monkeypatch):
    """A file in the folder of tasks and one in that of networks, and nothing else."""
    for package, name, text in ((tasks, "counting", TASK), (systems, "counter", NETWORK)):
        folder = tmp_path / package.__name__.rpartition(".")[2]
        folder.mkdir()
        (folder / f"{name}.py").write_text(dedent(text), encoding="utf-8")
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])
    caches = (task_registry.known_tasks, network_registry.networks)
    for cache in caches:
        cache.cache_clear()
    yield
    for package, name in ((tasks, "counting"), (systems, "counter")):
        sys.modules.pop(f"{package.__name__}.{name}", None)
        vars(package).pop(name, None)
    for cache in caches:
        cache.cache_clear()


def test_it_is_trained_bundled_and_evaluated(capsys, third_task, tmp_path):
    small_phase_cohort(tmp_path / "cohort")
    options = ["--size", "16,16,16", "--epochs", "2", "--batch-size", "2", "--device", "cpu", "--simulated"]
    code, out, err = run(capsys, "train", "counter", "--cohort", tmp_path / "cohort", "--out", tmp_path / "b", *options)
    assert code == 0, err
    assert list(st.read_table(tmp_path / "b_training" / "curves.csv").columns)[1:] == [
        "training loss", "validation loss",
    ]  # fmt: skip
    code, out, err = run(capsys, "bundle", tmp_path / "b")
    assert code == 0 and "counter: count of lesion" in out, err
    small_phase_cohort(tmp_path / "fresh", seed=8)
    code, out, err = run(
        capsys, "evaluate", tmp_path / "b", "--cohort", tmp_path / "fresh", "--split", "all", "--out", tmp_path / "e",
        "--device", "cpu",
    )  # fmt: skip
    assert code == 0 and re.search(r"structure +Dice", out), err
