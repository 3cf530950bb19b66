"""``spatiotemporal demo prognosis``: simulated livers, the shipped network, and one patient looked at closely."""

from __future__ import annotations

from pathlib import Path

from ... import io
from ...context import Context
from ...errors import MissingPackageError
from ...io.output.folder import output_folder
from ...io.output.results import write_files
from ...run import run
from ...simulation.liver_cohort import TRUTH, write_liver_cohort
from ...system.packages import require
from ..evaluation_files import PREDICTIONS
from ..scene import demonstrated_scene
from ..terminal.progress import ProgressBar
from ..terminal.timed_steps import TimedSteps

BUNDLE, PATIENTS, SEED, PATIENT_SEED = "liver-demo", 300, 2025, 8
COLUMNS = ("age", "log_cea", "nodes_positive", "extrahepatic", "sex", "body_mass_index")


def prognosis_demo(folder: Path, *, overwrite: bool) -> None:
    """Simulate patients the network has not seen, measure how well it does, and explain one of its answers."""
    require("torch", package="torch", extra="networks", purpose="The demonstration of prognosis")
    with output_folder(folder, "demo", overwrite=overwrite) as new:
        _written(new)
    print(f"What is true of the patients is in {folder / 'cohort' / TRUTH} and {folder / 'patient_images' / TRUTH}.")
    print("The network was trained on simulated livers: it says nothing about real patients.")
    print(f"Everything is in {folder}. For research only, not for clinical use.")


def _written(folder: Path) -> None:
    steps = TimedSteps()
    cohort = write_liver_cohort(folder / "cohort", PATIENTS, Context(seed=SEED))
    steps.done(f"simulated {len(cohort)} patients with liver metastases at three scans")
    _evaluated(folder / "evaluation", cohort, steps)
    one = write_liver_cohort(folder / "patient_images", 1, Context(seed=PATIENT_SEED), images=True)
    visits = io.read_participant(folder / "patient_images", one.ids[0])
    steps.done(f"drew {visits}")
    known = tuple(f"{name}={one.participants.columns[name][0]:g}" for name in COLUMNS)
    context = Context(report=ProgressBar())
    result = run("prognosis.recurrence", visits=visits, bundle=BUNDLE, covariates=known, context=context)
    write_files(result, folder / "patient")
    steps.done("one patient looked at closely: patient/report.html")
    demonstrated_scene(folder / "scene.mrb", visits, result, steps)
    print(f"\n{result.prediction}\n\n{result.contributions}\n")


def _evaluated(folder: Path, cohort, steps: TimedSteps) -> None:
    """What the network says of all patients, written with how good it is."""
    from ...networks.bundle.reading import read_bundle
    from ...networks.bundle.shipped import bundle_path
    from ...networks.inference.prediction import automatic_device
    from ...networks.task_registry import task_named

    bundle = read_bundle(bundle_path(BUNDLE))
    task = task_named(bundle.facts.task)
    context, rows = Context(report=ProgressBar()), range(len(cohort))
    table, _ = task.assessed(
        bundle, cohort, rows, label="recurrence", cache=folder, device=automatic_device(), context=context
    )
    measured = run(task.analysis, table=table)
    write_files(measured, folder)
    io.write_table(folder / PREDICTIONS, table)
    try:
        task.picture(folder / "evaluation.png", table, measured)
    except MissingPackageError as error:
        print(f"  no picture: {error}")
    steps.done("predictions compared with what became of the patients")
    print(f"\n{measured.measures}\n")
