"""What the times of the phases are worth to networks that segment lesions in simulated dynamic series.

Lesions wash out and look-alikes persist, from the same first enhancement to the same peak. Which of two later
intensities is the lesion's depends on when they were taken: with that known they can be told apart, without it only
where they are extreme. With a constant protocol there is nothing to be known, and the two networks must agree. Where
there are several later phases their order tells much, and a maximum over them little.

``python Testing/experiments/dce_segmentation.py --work out/dce --out Resources/Validation/dce_segmentation.csv`` writes
the table, ``--device cuda --jobs 12`` quicker; ``make experiments`` trains one network for one seed and compares.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
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
from SpatioTemporalLib.simulation.lesions.dce_phantom import RANDOM, SEVERAL, Protocol
from SpatioTemporalLib.simulation.lesions.dce_phantom_cohort import write_dce_cohort
from SpatioTemporalLib.steps.bolus.acquired_phases import PhaseSettings

# Of every nine patients: 120 to train on, 20 to choose the epoch by, 40 to test.
SPLITS = ("train",) * 6 + ("validation",) + ("test",) * 2
PATIENTS, PATCH = 180, (32, 32, 32)
PROTOCOLS = {"random": RANDOM, "constant": Protocol(120.0, 120.0), "several": SEVERAL}
SETTINGS = TrainingSettings(
    batch_size=2, learning_rate=5e-3, patience=100, rotation=20.0, shift=2.0, gain=0.0, balance=False
)
# With a constant protocol nothing has to be made of the times, and a few epochs suffice.
EPOCHS = {"random": 16, "constant": 6, "several": 16}
TIMED, UNTIMED, PROJECTED = "default", "without_times", "max_projection"
REVERSED = "true, phases after contrast reversed"
KINDS = {TIMED: "true", UNTIMED: "none", PROJECTED: "none, maximum over the phases"}
# What each network is trained for: protocol and preset.
TRAININGS = {
    "film_unet": [("random", TIMED), ("random", UNTIMED), ("constant", TIMED), ("constant", UNTIMED)],
    "film_swin_unetr": [("random", TIMED), ("random", UNTIMED), ("constant", TIMED), ("constant", UNTIMED)],
    "st_mamba": [
        ("random", TIMED), ("random", UNTIMED), ("constant", TIMED), ("constant", UNTIMED),
        ("several", TIMED), ("several", PROJECTED),
    ],
    "conv_transformer": [("random", TIMED), ("random", UNTIMED)],
    "fe_swinuper": [("random", TIMED), ("random", UNTIMED)],
}  # fmt: skip


def trained_bundle(folder: Path, protocol: str, network: str, preset: str, seed: int, device: str) -> Path:
    """The bundle of one training, taken again where it is there."""
    name = f"{protocol}-{network}-{preset}-{seed}"
    if (folder / name).exists():
        return folder / name
    cohort = cohort_of(folder, protocol, seed)
    plan = Plan(
        Architecture(network, preset),
        shown=PhaseSettings(shape=PATCH),
        settings=replace(SETTINGS, epochs=EPOCHS[protocol], seed=seed),
        data="dce-phantom",
        simulated=True,
    )
    surroundings = Surroundings(folder / name, folder / f"{name}_training", folder / f"cache-{name}", device=device)
    train_cohort(cohort, plan, surroundings, Context(report=lambda fraction, message: print(name, message, flush=True)))
    return folder / name


def cohort_of(folder: Path, protocol: str, seed: int):
    """The patients of a seed, written once."""
    path = folder / f"cohort-{protocol}-{seed}"
    if path.exists():
        return st.read_cohort(path)
    return write_dce_cohort(path, PATIENTS, Context(seed=1000 + seed), protocol=PROTOCOLS[protocol], splits=SPLITS)


def measured(folder: Path, network: str, protocol: str, preset: str, seed: int, device: str) -> list[dict]:
    """Mean Dice and part of the look-alikes that were found: with true times, with others', with phases reversed."""
    bundle = read_bundle(trained_bundle(folder, protocol, network, preset, seed, device))
    cohort = cohort_of(folder, protocol, seed)
    rows = [n for n, split in enumerate(cohort.participants.columns["split"]) if split == "test"]
    cache = folder / f"cache-{protocol}-{network}-{preset}-{seed}"
    cases = SEGMENTATION.cases(cohort, bundle.facts.shown, (), "lesion", cache=cache, context=Context(), rows=rows)
    variants = {KINDS[preset]: cases}
    if preset == TIMED and protocol == "random":
        shuffled = cases.times.copy()
        shuffled[:, 2] = np.random.default_rng(seed).permutation(shuffled[:, 2])
        variants["shuffled"] = replace(cases, times=shuffled)
    if preset == TIMED and protocol == "several":
        variants[REVERSED] = _Reversed(cases)
    return [
        {"protocol": protocol, "network": network, "times": name, "seed": seed}
        | assessed(bundle.networks, variant, device)
        for name, variant in variants.items()
    ]


class _Reversed:
    """The same cases, the phases after contrast in the order from the last to the first at the times as they were."""

    def __init__(self, cases):
        self.cases, self.shape, self.together = cases, cases.shape, cases.together

    def __len__(self) -> int:
        return len(self.cases)

    def volumes(self, row: int):
        phases, seconds, target, others = self.cases.volumes(row)
        return np.concatenate([phases[:1], phases[:0:-1]]), seconds, target, others


def assessed(networks, cases, device: str) -> dict[str, float]:
    """Means over the patients."""
    overlaps, there, found = [], 0, 0
    for n in range(len(cases)):
        logit, target, others = answer(networks, cases, n, device)
        overlaps.append(dice(logit > 0, target > 0))
        own = structures_found(logit > 0, others > 0)
        there, found = there + own[0], found + own[1]
    return {"patients": len(cases), "Dice": float(np.mean(overlaps)), "look-alikes": there, "look-alikes found": found}


def verdicts(rows: list[dict]) -> dict[str, bool]:
    """What was to be shown, by each network for every seed that was measured."""
    found = {}
    for network in dict.fromkeys(row["network"] for row in rows):
        own = [row for row in rows if row["network"] == network]

        def dices(protocol, times, own=own):
            return {row["seed"]: row["Dice"] for row in own if (row["protocol"], row["times"]) == (protocol, times)}

        def gains(one, other, dices=dices):
            first, second = dices(*one), dices(*other)
            return [first[seed] - second[seed] for seed in first.keys() & second.keys()]

        timed, several = ("random", "true"), ("several", "true")
        taken = [row for row in own if (row["protocol"], row["times"]) == timed]
        shown = {
            "Dice with times at least 0.75": [dice >= 0.75 for dice in dices(*timed).values()],
            "at least 0.08 above without times": [gain >= 0.08 for gain in gains(timed, ("random", "none"))],
            "shuffled times lose at least 0.08": [gain >= 0.08 for gain in gains(timed, ("random", "shuffled"))],
            "at most a fifth of the look-alikes taken": [
                row["look-alikes found"] <= 0.2 * row["look-alikes"] for row in taken
            ],
            "constant protocol within 0.03": [
                abs(gain) <= 0.03 for gain in gains(("constant", "true"), ("constant", "none"))
            ],
            "several phases: Dice at least 0.75": [dice >= 0.75 for dice in dices(*several).values()],
            "at least 0.08 above the maximum over them": [
                gain >= 0.08 for gain in gains(several, ("several", KINDS[PROJECTED]))
            ],
            "reversed phases lose at least 0.1": [gain >= 0.1 for gain in gains(several, ("several", REVERSED))],
        }
        found |= {f"{network}: {text}": all(holds) for text, holds in shown.items() if holds}
    return found


def all_measured(folder: Path, networks: list[str], seeds: list[int], device: str, jobs: int) -> list[dict]:
    """A row a network, protocol, kind of times and seed; several trainings at a time where that is wanted."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [
        (folder, network, protocol, preset, seed, device)
        for seed in seeds
        for network in networks
        for protocol, preset in TRAININGS[network]
    ]
    if jobs == 1:
        return [row for one in wanted for row in measured(*one)]
    cohorts = list(dict.fromkeys((folder, protocol, seed) for _, _, protocol, _, seed, _ in wanted))
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        list(pool.map(cohort_of, *zip(*cohorts)))
        return [row for found in pool.map(measured, *zip(*wanted)) for row in found]


def test_times_are_worth_what_is_said_of_them(tmp_path):
    found = verdicts(all_measured(tmp_path, ["film_unet"], [0], "cpu", 1))
    assert all(found.values()), found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--networks", default=",".join(TRAININGS))
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    seeds = [int(seed) for seed in arguments.seeds.split(",")]
    rows = all_measured(arguments.work, arguments.networks.split(","), seeds, arguments.device, arguments.jobs)
    table = st.Table({name: [row[name] for row in rows] for name in rows[0]}, name="dce_segmentation")
    st.write_table(arguments.out, table)
    print(table)
    for text, holds in verdicts(rows).items():
        print(f"{text}: {'yes' if holds else 'NO'}")


if __name__ == "__main__":
    main()
