"""What the times of the phases are worth to a network that segments lesions in simulated dynamic series.

Lesions wash out and look-alikes persist, from the same first enhancement to the same peak. Which of two later
intensities is the lesion's depends on when they were taken: with that known they can be told apart, without it only
where they are extreme. With a constant protocol there is nothing to be known, and the two networks must agree.

``python Testing/experiments/dce_segmentation.py --work out/dce --out Resources/Validation/dce_segmentation.csv`` writes
the table; ``make experiments`` trains for one seed and compares.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

import SpatioTemporalLib as st
from SpatioTemporalLib.context import Context
from SpatioTemporalLib.networks.bundle.facts import Architecture
from SpatioTemporalLib.networks.bundle.reading import read_bundle
from SpatioTemporalLib.networks.tasks.segmentation import SEGMENTATION, answer
from SpatioTemporalLib.networks.training.plan import Plan, Surroundings
from SpatioTemporalLib.networks.training.procedure import train_cohort
from SpatioTemporalLib.networks.training.settings import TrainingSettings
from SpatioTemporalLib.numerics.spatial.mask_overlap import dice, structures_found
from SpatioTemporalLib.simulation.dce_phantom import RANDOM, Protocol
from SpatioTemporalLib.simulation.dce_phantom_cohort import write_dce_cohort
from SpatioTemporalLib.steps.bolus.acquired_phases import PhaseSettings

# Of every nine patients: 120 to train on, 20 to choose the epoch by, 40 to test.
SPLITS = ("train",) * 6 + ("validation",) + ("test",) * 2
PATIENTS, PATCH = 180, (32, 32, 32)
PROTOCOLS = {"random": RANDOM, "constant": Protocol(120.0, 120.0)}
PRESETS = {"with times": "default", "without times": "without_times"}
SETTINGS = TrainingSettings(
    batch_size=2, learning_rate=5e-3, patience=100, rotation=20.0, shift=2.0, gain=0.0, balance=False
)
# With a constant protocol nothing has to be made of the times, and a few epochs suffice.
EPOCHS = {"random": 16, "constant": 6}


def trained_bundle(folder: Path, protocol: str, preset: str, seed: int) -> Path:
    """The bundle of one training, taken again where it is there."""
    name = f"{protocol}-{preset}-{seed}"
    if (folder / name).exists():
        return folder / name
    cohort = cohort_of(folder, protocol, seed)
    plan = Plan(
        Architecture("film_unet", preset),
        shown=PhaseSettings(shape=PATCH),
        settings=replace(SETTINGS, epochs=EPOCHS[protocol], seed=seed),
        data="dce-phantom",
        simulated=True,
    )
    surroundings = Surroundings(folder / name, folder / f"{name}_training", folder / f"cache-{protocol}-{seed}")
    train_cohort(cohort, plan, surroundings, Context(report=lambda fraction, message: print(name, message, flush=True)))
    return folder / name


def cohort_of(folder: Path, protocol: str, seed: int):
    """The patients of a seed, written once."""
    path = folder / f"cohort-{protocol}-{seed}"
    if path.exists():
        return st.read_cohort(path)
    return write_dce_cohort(path, PATIENTS, Context(seed=1000 + seed), protocol=PROTOCOLS[protocol], splits=SPLITS)


def measured(folder: Path, protocol: str, kind: str, seed: int) -> list[dict]:
    """Mean Dice and part of the look-alikes that were found, with true times and with those of other patients."""
    bundle = read_bundle(trained_bundle(folder, protocol, PRESETS[kind], seed))
    cohort = cohort_of(folder, protocol, seed)
    rows = [n for n, split in enumerate(cohort.participants.columns["split"]) if split == "test"]
    cache = folder / f"cache-{protocol}-{seed}"
    cases = SEGMENTATION.cases(cohort, bundle.facts.shown, (), "lesion", cache=cache, context=Context(), rows=rows)
    shuffled = cases.times.copy()
    shuffled[:, 2] = np.random.default_rng(seed).permutation(shuffled[:, 2])
    variants = {kind: cases}
    if kind == "with times" and protocol == "random":
        variants["with shuffled times"] = replace(cases, times=shuffled)
    return [
        {"protocol": protocol, "network": name, "seed": seed, **assessed(bundle.networks, variant)}
        for name, variant in variants.items()
    ]


def assessed(networks, cases) -> dict[str, float]:
    """Means over the patients."""
    overlaps, there, found = [], 0, 0
    for n in range(len(cases)):
        logit, target, others = answer(networks, cases, n, "cpu")
        overlaps.append(dice(logit > 0, target > 0))
        own = structures_found(logit > 0, others > 0)
        there, found = there + own[0], found + own[1]
    return {"patients": len(cases), "Dice": float(np.mean(overlaps)), "look-alikes": there, "look-alikes found": found}


def verdicts(rows: list[dict]) -> dict[str, bool]:
    """What was to be shown, for every seed."""
    value = {(row["protocol"], row["network"], row["seed"]): row["Dice"] for row in rows}
    seeds, kinds = sorted({row["seed"] for row in rows}), list(PRESETS)
    timed = {seed: value["random", "with times", seed] for seed in seeds}
    untimed = {seed: value["random", "without times", seed] for seed in seeds}
    shuffled = {seed: value["random", "with shuffled times", seed] for seed in seeds}
    gained = {seed: value["constant", kinds[0], seed] - value["constant", kinds[1], seed] for seed in seeds}
    return {
        "Dice with times at least 0.75": all(timed[seed] >= 0.75 for seed in seeds),
        "at least 0.08 above without times": all(timed[seed] - untimed[seed] >= 0.08 for seed in seeds),
        "shuffled times lose at least 0.08": all(timed[seed] - shuffled[seed] >= 0.08 for seed in seeds),
        "constant protocol within 0.03": all(abs(gained[seed]) <= 0.03 for seed in seeds),
    }


def all_measured(folder: Path, seeds: list[int]) -> list[dict]:
    """A row a protocol, seed and network."""
    folder.mkdir(parents=True, exist_ok=True)
    return [
        row
        for protocol in PROTOCOLS
        for seed in seeds
        for kind in PRESETS
        for row in measured(folder, protocol, kind, seed)
    ]


def test_times_are_worth_what_is_said_of_them(tmp_path):
    found = verdicts(all_measured(tmp_path, [0]))
    assert all(found.values()), found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    rows = all_measured(arguments.work, [int(seed) for seed in arguments.seeds.split(",")])
    table = st.Table({name: [row[name] for row in rows] for name in rows[0]}, name="dce_segmentation")
    st.write_table(arguments.out, table)
    print(table)
    for text, holds in verdicts(rows).items():
        print(f"{text}: {'yes' if holds else 'NO'}")


if __name__ == "__main__":
    main()
