"""Networks of follow-up studies on simulated nodules whose best possible area under the ROC curve is known.

Every network is trained on the same patients for the same number of epochs and
seen on the same test patients, for several seeds; what an ablation, a shuffled
first visit and swapped visits do is measured beside it. Each trained network's
answers are kept in the working folder, so that an interrupted run goes on.

    python Testing/benchmarks/networks/follow_up_models.py --work out/follow_up --out Resources/Validation
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch

from SpatioTemporalLib.context import Context
from SpatioTemporalLib.data.curve import Table
from SpatioTemporalLib.io.tables.file import write_table
from SpatioTemporalLib.networks.cases.region_files import save_regions
from SpatioTemporalLib.networks.cases.regions import Cases
from SpatioTemporalLib.networks.registry import build
from SpatioTemporalLib.networks.systems.csfnet import ABLATIONS
from SpatioTemporalLib.networks.tasks.classification import CLASSIFICATION
from SpatioTemporalLib.networks.training.loop import Exercise, train_network
from SpatioTemporalLib.networks.training.settings import TrainingSettings
from SpatioTemporalLib.numerics.statistics.roc import paired_difference, roc_area
from SpatioTemporalLib.simulation.nodule_crops import CROPS, nodule_crops
from SpatioTemporalLib.simulation.nodule_growth import POPULATION, bayes_auc

COUNTS = {"train": 600, "validation": 200, "test": 400}
SETTINGS = TrainingSettings(epochs=12, patience=12, batch_size=16, learning_rate=2e-3, balance=False, rotation=10.0)
REFERENCE = "CSF-Net"
TRUNK = {"stages": ((8, 8), (16, 16), (32,)), "levels": (0, 0)}
NARROW = (8, 16, 32)


@dataclass(frozen=True)
class Entry:
    """A network of the table: what it sees, its registered name and its settings."""

    sees: str
    name: str
    arguments: dict = field(default_factory=dict)


CSFNET = {**TRUNK, "width": 32}
ENTRIES = {
    REFERENCE: Entry("both visits, covariates", "csfnet", CSFNET),
    "CSF-Net, first visit and covariates": Entry(
        "first visit, covariates", "csfnet", {**CSFNET, **ABLATIONS["first_visit_and_covariates"]}
    ),
    "CSF-Net, last visit and covariates": Entry(
        "last visit, covariates", "csfnet", {**CSFNET, **ABLATIONS["last_visit_and_covariates"]}
    ),
    "CSF-Net, images only": Entry("both visits", "csfnet", {**CSFNET, **ABLATIONS["images_only"]}),
    "CSF-Net, visits concatenated": Entry(
        "both visits, covariates", "csfnet", {**CSFNET, **ABLATIONS["no_temporal_fusion"]}
    ),
    "NAS-Lung": Entry("last visit", "nas_lung", {"stages": TRUNK["stages"]}),
    "RadFusion": Entry("last visit, covariates", "radfusion", {"widths": NARROW, "levels": (0, 0)}),
    "SCANs": Entry("both visits", "scans", {"widths": NARROW}),
    "T-LSTM": Entry("both visits", "t_lstm", {"widths": NARROW, "hidden": 32}),
    "DeepCAD": Entry("both visits, covariates", "deepcad", {"widths": NARROW, "levels": (0, 0), "lung": False}),
    "MCFN": Entry("both visits, covariates", "mcfn", {**TRUNK}),
}


@dataclass(frozen=True, eq=False)
class Answers:
    """Differences of logits (N,) of the test patients: as they are, and with visits shuffled or swapped."""

    plain: np.ndarray
    shuffled: np.ndarray
    swapped: np.ndarray
    seconds: float
    parameters: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True, help="folder for images, checkpoints and answers")
    parser.add_argument("--out", type=Path, required=True, help="folder for the tables")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--models", nargs="*", default=list(ENTRIES), help="names of the table's rows")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--tabulate", action="store_true", help="only write the tables from the answers there are")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    answers: dict[str, dict[int, Answers]] = {}
    labels, growth = {}, {}
    for seed in range(given.seeds):
        cases, growth[seed] = simulated_cases(given.work / f"seed{seed}", seed)
        labels[seed] = cases.of_split("test").labels == 1
        for name in given.models:
            found = answers_of(name, cases, given.work / f"seed{seed}", seed, train=not given.tabulate)
            if found is not None:
                answers.setdefault(name, {})[seed] = found
    given.out.mkdir(parents=True, exist_ok=True)
    table, effects = comparison_table(answers, labels), effects_table(answers, labels, growth)
    write_table(given.out / "follow_up_models.csv", table)
    write_table(given.out / "follow_up_effects.csv", effects)
    print(f"\n{table}\n\n{effects}")


def simulated_cases(folder: Path, seed: int) -> tuple[Cases, np.ndarray]:
    """Patients of one seed in their splits, and the growth factor of each test patient's radius."""
    crops = nodule_crops(sum(COUNTS.values()), np.random.default_rng(1000 + seed))
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{n:04d}.npy" for n in range(len(crops.images))]
    for file, images in zip(files, crops.images):
        if not file.exists():
            save_regions(file, images)
    splits = [split for split, count in COUNTS.items() for _ in range(count)]
    cases = Cases(
        ids=[file.stem for file in files],
        splits=splits,
        files=files,
        times=crops.days.astype(np.float32),
        observed=crops.observed,
        covariates=crops.covariates,
        known=np.ones(crops.covariates.shape, bool),
        labels=crops.malignant.astype(float),
    )
    return cases, crops.history.growth[np.array(splits) == "test"]


def answers_of(name: str, cases: Cases, folder: Path, seed: int, *, train: bool) -> Answers | None:
    """What a network says of the test patients; trained now, unless that was done before."""
    path = folder / f"{name.replace(' ', '_').replace(',', '')}.json"
    if path.exists():
        stored = json.loads(path.read_text(encoding="utf-8"))
        arrays = {key: np.array(stored[key]) for key in ("plain", "shuffled", "swapped")}
        return Answers(**arrays, seconds=stored["seconds"], parameters=stored["parameters"])
    if not train:
        return None
    entry = ENTRIES[name]
    torch.manual_seed(seed)
    network = build(entry.name, "default", entry.arguments)
    exercise = Exercise(
        CLASSIFICATION,
        cases.of_split("train"),
        cases.of_split("validation"),
        (CROPS.spacing,),
        replace(SETTINGS, seed=seed),
    )
    started = time.perf_counter()
    progress = train_network(network, exercise, folder / path.stem, Context())
    seconds = (time.perf_counter() - started) / max(progress.epoch, 1)
    found = Answers(
        *tested(network, cases.of_split("test"), seed),
        seconds=seconds,
        parameters=sum(parameter.numel() for parameter in network.parameters()),
    )
    path.write_text(json.dumps(vars(found), default=np.ndarray.tolist), encoding="utf-8")
    auc = roc_area(cases.of_split("test").labels == 1, found.plain).auc
    print(f"seed {seed}  {name}: AUC {auc:.3f}, {seconds:.1f} s an epoch", flush=True)
    return found


def tested(network, test: Cases, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Differences of logits as they are, with first visits of other patients, and with the visits swapped."""
    others = np.random.default_rng(seed).permutation(len(test))
    answers = []
    for visits in (lambda n: (n, n), lambda n: (others[n], n), None):
        batch = test.batch(range(len(test)))
        images = (
            batch.images.flip(1)
            if visits is None
            else torch.stack(
                [torch.stack([batch.images[visits(n)[0], 0], batch.images[n, 1]]) for n in range(len(test))]
            )
        )
        answers.append(_differences(network, replace(batch, images=images)))
    return tuple(answers)


def _differences(network, batch) -> np.ndarray:
    network.eval()
    with torch.inference_mode():
        logits = torch.cat([batch[slice(n, n + 25)].scores(network) for n in range(0, len(batch), 25)]).double()
    return (logits[:, 1] - logits[:, 0]).numpy()


def comparison_table(answers: dict, labels: dict) -> Table:
    """One row a network: mean area over the seeds, interval over pooled ranks, and the test against CSF-Net."""
    rows = []
    for name, runs in answers.items():
        areas = [roc_area(labels[seed], run.plain) for seed, run in runs.items()]
        compared = [
            paired_difference(labels[seed], runs[seed].plain, answers[REFERENCE][seed].plain)
            for seed in runs
            if name != REFERENCE and seed in answers.get(REFERENCE, {})
        ]
        rows.append(
            {
                "network": name,
                "sees": ENTRIES[name].sees,
                "AUC": np.mean([a.auc for a in areas]),
                "lower": np.mean([a.low for a in areas]),
                "upper": np.mean([a.high for a in areas]),
                "lowest of seeds": min(a.auc for a in areas),
                "highest of seeds": max(a.auc for a in areas),
                "best possible": best_possible(ENTRIES[name].sees),
                "difference to CSF-Net": np.mean([c.difference for c in compared]) if compared else float("nan"),
                "largest p": max(c.p for c in compared) if compared else float("nan"),
                "seeds": len(runs),
                "parameters": next(iter(runs.values())).parameters,
                "time per epoch": np.mean([run.seconds for run in runs.values()]),
            }
        )
    columns = {key: [row[key] for row in rows] for key in rows[0]} if rows else {"network": []}
    return Table(columns, {"time per epoch": "s"} if rows else {}, "networks on simulated nodules")


def effects_table(answers: dict, labels: dict, growth: dict) -> Table:
    """What the acceptance experiment asks of the fusion network, measured and wanted."""
    if REFERENCE not in answers:
        return Table({"effect": [], "measured": [], "wanted": []}, name="effects")
    runs = answers[REFERENCE]

    def mean_auc(name: str, which: str = "plain") -> float:
        found = [roc_area(labels[s], getattr(run, which)).auc for s, run in answers.get(name, {}).items()]
        return float(np.mean(found)) if found else float("nan")

    whole = mean_auc(REFERENCE)
    falls = [((run.swapped < run.plain)[growth[seed] > 1.2]).mean() for seed, run in runs.items()]
    rows = [
        ("AUC of fusion with covariates", whole, 0.85),
        ("gain over first visit with covariates", whole - mean_auc("CSF-Net, first visit and covariates"), 0.10),
        ("gain over last visit with covariates", whole - mean_auc("CSF-Net, last visit and covariates"), 0.10),
        ("gain by covariates", whole - mean_auc("CSF-Net, images only"), 0.02),
        ("loss when first visits are shuffled", whole - mean_auc(REFERENCE, "shuffled"), 0.10),
        ("share of growing nodules whose probability falls when visits are swapped", float(np.mean(falls)), 0.80),
    ]
    columns = {key: [row[n] for row in rows] for n, key in enumerate(("effect", "measured", "wanted at least"))}
    return Table(columns | {"met": ["yes" if m >= w else "no" for _, m, w in rows]}, name="effects")


def best_possible(sees: str) -> float:
    """Largest area that any reader of the same could reach, who measures without error."""
    visits = {"both visits": "growth", "first visit": "first", "last visit": "last"}
    first, *others = sees.split(", ")
    return bayes_auc(POPULATION, (visits[first], *(["age"] if others else [])))


if __name__ == "__main__":
    main()
