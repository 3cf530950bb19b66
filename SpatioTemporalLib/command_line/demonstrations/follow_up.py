"""``spatiotemporal demo follow-up``: a simulated cohort, the shipped network, and one patient looked at closely."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from ... import io
from ...context import Context
from ...data.curve import Table
from ...io.output.folder import output_folder
from ...io.output.results import write_files
from ...networks.inference.probability_figure import write_evaluation_figure
from ...run import run
from ...simulation.nodule_cohort import TRUTH, write_nodule_cohort
from ...system.packages import require
from ..evaluation_files import PREDICTIONS, REGIONS
from ..scene import demonstrated_scene
from ..terminal.progress import ProgressBar
from ..terminal.timed_steps import TimedSteps

PATIENTS, EXTENT, SEED = 40, (60.0, 60.0, 40.0), 2024


def follow_up_demo(folder: Path, *, overwrite: bool) -> None:
    """Simulate patients the network has not seen, measure how well it does, and explain its surest answer."""
    require("torch", package="torch", extra="networks", purpose="The demonstration of follow-up networks")
    with output_folder(folder, "demo", overwrite=overwrite) as new:
        _written(new)
    print(f"What is true of the patients is in {folder / 'cohort' / TRUTH}.")
    print("The network was trained on simulated nodules: it says nothing about real patients.")
    print(f"Everything is in {folder}. For research only, not for clinical use.")


def _written(folder: Path) -> None:
    """All that the demonstration shows, in a folder that is being made."""
    steps = TimedSteps()
    context = Context(report=ProgressBar(), seed=SEED)
    cohort = write_nodule_cohort(folder / "cohort", PATIENTS, context, extent=EXTENT)
    steps.done(f"simulated {len(cohort)} patients with one lung nodule each, CT at two visits a year apart")
    table = _evaluated(folder, cohort, steps)
    chosen = _surest(table)
    visits = io.read_participant(folder / "cohort", chosen)
    result = run("follow_up.malignancy", visits=visits, context=Context(report=ProgressBar()))
    write_files(result, folder / "patient")
    steps.done(f"{chosen} looked at closely: patient/report.html")
    demonstrated_scene(folder / "scene.mrb", visits, result, steps)
    print(f"\n{result.prediction}\n\n{result.visits}\n\n{result.growth}\n")


def _evaluated(folder: Path, cohort, steps: TimedSteps) -> Table:
    """Probabilities of all patients, written with how good they are."""
    from ...networks.bundle.reading import read_bundle
    from ...networks.bundle.shipped import SHIPPED, bundle_path
    from ...networks.inference.assessment import predictions
    from ...networks.inference.prediction import automatic_device

    bundle = read_bundle(bundle_path(SHIPPED))
    steps.done(f"network: {bundle.facts.architecture.name}, trained on {bundle.facts.training.data}")
    table, _ = predictions(
        bundle,
        cohort,
        range(len(cohort)),
        label=bundle.facts.training.outcome,
        cache=folder / REGIONS,
        device=automatic_device(),
        context=Context(report=ProgressBar()),
    )
    shutil.rmtree(folder / REGIONS)
    table = replace(table, columns=table.columns | {"sex": cohort.participants.columns["sex"]})
    measured = run("prediction.classification", table=table, threshold=bundle.facts.threshold, subgroups="sex")
    write_files(measured, folder / "evaluation")
    io.write_table(folder / "evaluation" / PREDICTIONS, table)
    write_evaluation_figure(folder / "evaluation" / "evaluation.png", table, measured.calibration)
    steps.done("probabilities compared with what is true")
    print(f"\n{measured.measures}\n")
    return table


def _surest(table: Table) -> str:
    """The patient with the highest probability."""
    probabilities = table.columns["probability"]
    return table.columns["participant_id"][probabilities.index(max(probabilities))]
