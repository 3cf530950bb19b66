"""``spatiotemporal demo bold``: a simulated functional run, prepared and analysed, beside what is true of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from ... import io
from ...context import Context
from ...data.curve import Table
from ...data.result import Result
from ...data.volumes import LabelMap
from ...errors import MissingPackageError
from ...io.output.folder import output_folder
from ...io.output.results import write_files
from ...registry import analyses
from ...run import run
from ...simulation.bold.files import CONFOUNDS, FUNCTIONAL, IMAGE, TRUTH, write_run_files
from ...simulation.bold.regions import CONDITIONS
from ...simulation.bold.run import BoldDesign, BoldRun, simulated_run
from ..scene import scene_writer
from ..terminal.progress import ProgressBar
from ..terminal.timed_steps import TimedSteps

SEED, DESIGN = 7, BoldDesign()
# Maps of the run prepared for connectivity, as far as this installation has them, with what hurries them.
FURTHER = ("bold.reho", "bold.alff", "bold.timescale", "bold.sample_entropy")


def bold_demo(folder: Path, *, overwrite: bool, design: BoldDesign = DESIGN) -> None:
    """Simulate a run, prepare it for a task and for connectivity, and find what was put in."""
    with output_folder(folder, "demo", overwrite=overwrite) as new:
        _written(new, design)
    print(f"What is true of the run is in {folder / TRUTH}; start with {folder / 'prepared' / 'report.html'}.")
    print(f"Everything is in {folder}. Simulated: no person is among the data.")
    print("For research only, not for clinical use.")


def _written(folder: Path, design: BoldDesign) -> None:
    steps, context = TimedSteps(), Context(report=ProgressBar(), seed=SEED)
    truth = simulated_run(design, context.rng, lambda done: context.progress(done, "simulating a run"))
    write_run_files(folder, truth)
    steps.done(f"simulated {truth.series}")
    series = io.read_series(folder / FUNCTIONAL / IMAGE)
    white = _tissue(truth, 2, "white matter")
    task = run("preprocessing.bold_pipeline", series=series, purpose="task", smoothing=5.0, white_matter=white,
               motion_terms="6", context=context)  # fmt: skip
    steps.done("prepared for the task: slice timing, motion, smoothing")
    interval = float(np.median(series.intervals))
    activation = run(
        "bold.activation", series=task.preprocessed, mask=task.brain, events=truth.events, confounds=task.nuisance,
        acquired=interval / 2, contrasts=(*CONDITIONS, " - ".join(CONDITIONS)), context=context,
    )  # fmt: skip
    steps.done(f"activation of {', '.join(CONDITIONS)} and their difference")
    rest = run("preprocessing.bold_pipeline", series=series, smoothing=0.0, white_matter=white, motion_terms="12",
               context=context)  # fmt: skip
    steps.done("prepared for connectivity: nuisance taken out in one projection")
    results = {"prepared": task, "activation": activation, "prepared_for_connectivity": rest}
    results |= _further(rest, context, steps)
    for name, result in results.items():
        write_files(result, folder / name)
    table = compared(truth, activation)
    io.write_table(folder / "activation_and_truth.csv", table)
    _scene(folder / "scene.mrb", series, results, steps)
    moved = io.read_table(folder / FUNCTIONAL / CONFOUNDS)
    print(f"\nMotion, estimate against truth\n{motion_errors(moved, task.motion)}\n")
    print(f"Regions, normal deviates against true effects\n{table}\n")


def _tissue(truth: BoldRun, number: int, name: str) -> LabelMap:
    values = (truth.tissues.values == number).astype(np.uint8)
    return LabelMap(values, truth.tissues.geometry, name=name)


def _further(rest: Result, context: Context, steps: TimedSteps) -> dict[str, Result]:
    found = {}
    for name in FURTHER:
        if name in analyses():
            found[name.split(".")[1]] = run(name, series=rest.preprocessed, mask=rest.brain, context=context)
            steps.done(analyses()[name].title)
    return found


def compared(truth: BoldRun, activation: Result) -> Table:
    """One row a region: true effects, and the median normal deviate of each condition within it."""
    columns: dict[str, list] = {"region": list(truth.truth.columns["region"])}
    for condition in CONDITIONS:
        columns[f"true {condition}"] = list(truth.truth.columns[condition])
        z = activation[f"z_{condition.replace(' ', '_')}"].values
        # A region of a coarse run may hold no voxel of its own.
        inside = [z[truth.regions.region(n)] for n in range(1, len(columns["region"]) + 1)]
        columns[f"z {condition}"] = [float(np.nanmedian(v)) if np.isfinite(v).any() else float("nan") for v in inside]
    return Table(columns, {f"true {condition}": "%" for condition in CONDITIONS}, "activation and truth")


def motion_errors(truth: Table, found: Table) -> Table:
    """Root mean square difference of each parameter, without what the choice of a reference adds."""
    names = [name for name in truth.columns if name.startswith(("trans_", "rot_"))]
    errors, ranges = [], []
    for name in names:
        true, own = np.array(truth.columns[name], float), np.array(found.columns[name], float)
        difference = own - true
        errors.append(float(np.sqrt(np.mean((difference - difference.mean()) ** 2))))
        ranges.append(float(np.ptp(true)))
    units = ["mm" if name.startswith("trans") else "rad" for name in names]
    return Table({"parameter": names, "unit": units, "true range": ranges, "error": errors}, name="motion")


def _scene(path: Path, series, results: dict[str, Result], steps: TimedSteps) -> None:
    try:
        write_scene: Callable = scene_writer(path)
    except MissingPackageError as error:
        print(f"  no scene: {error}")
        return
    first = results["activation"]
    write_scene(path, series=[series], results=[first, *(r for r in results.values() if r is not first)])
    steps.done(f"scene for 3D Slicer: {path.name}")
