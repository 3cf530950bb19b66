"""What one patient costs each network beside the published CSF-Net: size, arithmetic, time and memory.

    python Testing/benchmarks/networks/follow_up_costs.py [--published DIR] [--out costs.csv]

One patient has two visits of 16 x 64 x 64 voxels; DeepCAD is given two channels
of each. Every network is measured in a process of its own, on one thread of the
processor. DIR is a checkout of the authors' code (GitHub, hdusyz/CSF-NET). Two
of the modules that it imports are not published, so that its class cannot be
made; what is measured is what does not need them: the image trunk that both
visits go through, and the fusion of the two. Without DIR our preset "paper" of
csfnet stands in its place.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import resource
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from SpatioTemporalLib.data.curve import Table
from SpatioTemporalLib.io.tables.file import write_table
from SpatioTemporalLib.networks.cases.batch import Batch
from SpatioTemporalLib.networks.registry import build, networks, settings_of

VISITS, SHAPE = 2, (16, 64, 64)
REFERENCE = ("csfnet", "paper")
# As in the authors' own test of their file.
STAGES = [[64, 64, 64], [128, 128, 256], [256, 256, 256, 512]]
TRUNK_FILE, TRUNK_CLASS, LAST_OF_TRUNK, FUSION = "models/res_cnn.py", "ConvRes_table", "layers", "TemporalFusion"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--published", type=Path, metavar="DIR", help="checkout of hdusyz/CSF-NET")
    parser.add_argument("--repeats", type=int, default=5, help="of the timing, after one that does not count")
    parser.add_argument("--out", type=Path, metavar="FILE", help="also write the table as CSV")
    given = parser.parse_args()
    entries = {(name, preset): partial(registered, name, preset) for name in classifying() for preset in presets(name)}
    reference = REFERENCE
    if given.published:
        reference = ("published CSF-Net", "trunk and fusion")
        entries = {reference: partial(published, given.published)} | entries
    measured = {}
    for entry, make in entries.items():
        measured[entry] = in_own_process(make, given.repeats)
        print(f"{' '.join(entry)}: {measured[entry]['time']:.3f} s", flush=True)
    table = cost_table(measured, reference)
    print(f"\n{table}\n\n{legend(reference)}")
    if given.out:
        write_table(given.out, table)


def classifying() -> list[str]:
    """Networks of follow-up studies."""
    return [name for name, declared in networks().items() if "classification" in declared.tasks]


def presets(name: str) -> list[str]:
    return [preset for preset in ("default", "paper") if preset in networks()[name].presets]


def in_own_process(make: Callable[[], tuple], repeats: int) -> dict[str, float]:
    """What `cost` gives, from a process that has done nothing else."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(cost, make, repeats).result()


def cost(make: Callable[[], tuple], repeats: int) -> dict[str, float]:
    """Parameters, multiply-adds, median seconds of the processor and growth of the peak memory, MiB, of one patient."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    network, scores = make()
    network.eval()
    before = peak_mebibytes()
    seconds = []
    with torch.inference_mode():
        for _ in range(1 + repeats):
            # Of the processor: other work on the machine does not count.
            started = time.process_time()
            scores()
            seconds.append(time.process_time() - started)
    memory = peak_mebibytes() - before
    # With gradients: without, attention takes a way that is not counted.
    with FlopCounterMode(display=False) as counter:
        scores()
    return {
        "parameters": sum(weights.numel() for weights in network.parameters()),
        # A multiplication and an addition are two operations.
        "multiply-adds": counter.get_total_flops() / 2,
        "time": statistics.median(seconds[1:]),
        "memory": memory,
    }


def peak_mebibytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def registered(name: str, preset: str) -> tuple[nn.Module, Callable]:
    """A network of ours, and a function that computes the logits of one patient."""
    settings, network = settings_of(name, preset), build(name, preset)
    facts = torch.zeros(1, len(getattr(settings, "levels", ())))
    batch = Batch(
        images=torch.rand(1, VISITS, settings.in_channels, *SHAPE),
        times=365.0 * torch.arange(VISITS)[None],
        mask=torch.ones(1, VISITS, dtype=torch.bool),
        covariates=facts,
        covariate_mask=torch.ones(facts.shape, dtype=torch.bool),
    )
    return network, partial(batch.scores, network)


def published(folder: Path) -> tuple[nn.Module, Callable]:
    """The authors' trunk with their fusion of visits, and a function that computes the fused map of one patient."""
    trunk, fusion = published_parts(folder)
    images = [torch.rand(1, 1, *SHAPE) for _ in range(VISITS)]
    return nn.ModuleList([trunk, fusion]), lambda: fusion(*(trunk(image) for image in images))


def published_parts(folder: Path) -> tuple[nn.Module, nn.Module]:
    """Trunk and fusion from the authors' file, of which only what stands by itself is run.

    Left out are its imports of unpublished modules, and what its class makes after the trunk.
    """
    # A character that is no Python stands before the first import.
    source = (folder / TRUNK_FILE).read_text(encoding="utf-8").lstrip("-")
    tree = ast.parse(source)
    (whole,) = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == TRUNK_CLASS]
    (maker,) = [node for node in whole.body if isinstance(node, ast.FunctionDef) and node.name == "__init__"]
    last = max(n for n, statement in enumerate(maker.body) if assigns(statement, LAST_OF_TRUNK))
    maker.body = maker.body[: last + 1]
    kept = [node for node in tree.body if not (isinstance(node, ast.ImportFrom) and node.module.startswith("models"))]
    names: dict = {"__name__": "published"}
    exec(compile(ast.Module(kept, []), TRUNK_FILE, "exec"), names)
    # Its other arguments belong to the part that is left out.
    others = len(inspect.signature(names[TRUNK_CLASS]).parameters) - 1
    made = names[TRUNK_CLASS](STAGES, *[()] * min(others, 1))
    trunk = nn.Sequential(made.conv1, made.conv2, made.first_cbam, made.layers)
    return trunk, names[FUSION](feature_size=STAGES[-1][-1])


def assigns(statement: ast.stmt, attribute: str) -> bool:
    """Whether a statement gives self an attribute of that name."""
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    return any(isinstance(target, ast.Attribute) and target.attr == attribute for target in targets)


def cost_table(measured: dict[tuple[str, str], dict[str, float]], reference: tuple[str, str]) -> Table:
    """One row a network and preset; "of reference" is its part of what the reference takes."""
    rows = []
    for (name, preset), own in measured.items():
        part = {key: own[key] / measured[reference][key] for key in ("parameters", "multiply-adds", "time")}
        rows.append(
            {
                "network": name,
                "preset": preset,
                "parameters": own["parameters"] / 1e6,
                "multiply-adds": own["multiply-adds"] / 1e9,
                "time": own["time"],
                "memory": own["memory"],
                **{f"{key} of reference": value for key, value in part.items()},
            }
        )
    units = {"parameters": "million", "multiply-adds": "billion", "time": "s", "memory": "MiB"}
    return Table({key: [row[key] for row in rows] for key in rows[0]}, units, "cost of one patient")


def legend(reference: tuple[str, str]) -> str:
    if reference == REFERENCE:
        said = "our csfnet with the preset paper, in want of the authors' code (--published)"
    else:
        said = (
            "the authors' image trunk for two visits and their fusion of them; covariates and head, of which two "
            "modules are not published, are not in its numbers. As in their code, one visit follows the other through "
            "the trunk; ours go together, which alone about halves the time"
        )
    measured = f"Two visits of {' x '.join(map(str, SHAPE))} voxels, one thread; time is that of the processor."
    return f"{measured} The reference is {said}."


if __name__ == "__main__":
    main()
