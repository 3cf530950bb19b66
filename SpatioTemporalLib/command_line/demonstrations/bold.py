"""``spatiotemporal demo bold``: a simulated functional run, prepared and analysed, beside what is true of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from ... import io
from ...context import Context
from ...data.curve import Table
from ...data.result import Result
from ...data.volumes import LabelMap, Map
from ...errors import MissingPackageError
from ...io.output.folder import output_folder
from ...io.output.results import write_files
from ...run import run
from ...simulation.bold.files import CONFOUNDS, FUNCTIONAL, IMAGE, TRUTH, write_run_files
from ...simulation.bold.regions import CONDITIONS
from ...simulation.bold.run import BoldDesign, BoldRun, simulated_run
from ..scene import scene_writer
from ..terminal.progress import ProgressBar
from ..terminal.timed_steps import TimedSteps

SEED, DESIGN = 7, BoldDesign()
SURROGATES = 30
# Pairs of regions that share a course, the second later than the first by what the truth says.
PAIRS = (("network 1 front", "network 1 back"), ("network 2 left", "network 2 right"), ("premotor", "parietal"))


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
    results |= _further(truth, task, rest, context, steps)
    for name, result in results.items():
        write_files(result, folder / name)
    table, pairs = compared(truth, results), compared_pairs(truth, results)
    io.write_table(folder / "regions_and_truth.csv", table)
    io.write_table(folder / "pairs_and_truth.csv", pairs)
    _scene(folder / "scene.mrb", series, results, steps)
    moved = io.read_table(folder / FUNCTIONAL / CONFOUNDS)
    print(f"\nMotion, estimate against truth\n{motion_errors(moved, task.motion)}\n")
    print(f"Regions, medians of maps beside what is true\n{table}\n")
    print(f"Pairs of regions that share a course\n{pairs}\n")


def _tissue(truth: BoldRun, number: int, name: str) -> LabelMap:
    values = (truth.tissues.values == number).astype(np.uint8)
    return LabelMap(values, truth.tissues.geometry, name=name)


def _further(truth: BoldRun, task: Result, rest: Result, context: Context, steps: TimedSteps) -> dict[str, Result]:
    """What else the run tells: information of the task, entropy, connectivity and delays of the regions."""
    of_task = {"series": task.preprocessed, "mask": task.brain}
    of_rest = {"series": rest.preprocessed, "mask": rest.brain}
    asked = {
        "information": of_task | {"events": truth.events, "surrogates": SURROGATES},
        "entropy": of_task,
        "connectivity": of_rest | {"regions": truth.regions},
        "latency": of_rest | {"regions": truth.regions},
        "local_measures": of_rest,
    }
    found = {}
    for name, given in asked.items():
        found[name] = run(f"bold.{name}", **given, context=context)
        steps.done(found[name].provenance.title)
    return found


def compared(truth: BoldRun, results: dict[str, Result]) -> Table:
    """One row a region: true effects, delay and course, and the medians of maps within it."""
    true = truth.truth.columns
    columns: dict[str, list] = {"region": list(true["region"])}
    maps = {f"z {c}": results["activation"][f"z_{c.replace(' ', '_')}"] for c in CONDITIONS}
    for condition in CONDITIONS:
        columns[f"true {condition}"] = list(true[condition])
        columns[f"z {condition}"] = _medians(truth, maps[f"z {condition}"])
    answers = [any(true[c][n] for c in CONDITIONS) for n in range(len(columns["region"]))]
    columns["true delay"] = list(true["delay"])
    preferred = _medians(truth, results["information"]["preferred_time"])
    # Where nothing answers the task no time is preferred.
    columns["preferred time"] = [time if own else float("nan") for time, own in zip(preferred, answers)]
    columns["course"] = list(true["course"])
    columns["entropy"] = _medians(truth, results["entropy"]["entropy"])
    units = {f"true {c}": "%" for c in CONDITIONS} | {"true delay": "s", "preferred time": "s"}
    return Table(columns, units, "regions and truth")


def _medians(truth: BoldRun, map: Map) -> list[float]:
    """Of each region; NaN where a coarse run has no voxel of it."""
    inside = [map.values[truth.regions.region(n)] for n in range(1, len(truth.truth.columns["region"]) + 1)]
    return [float(np.nanmedian(v)) if np.isfinite(v).any() else float("nan") for v in inside]


def compared_pairs(truth: BoldRun, results: dict[str, Result]) -> Table:
    """Correlation and delay of pairs of regions that share a course."""
    delays = dict(zip(truth.truth.columns["region"], truth.truth.columns["delay"]))
    found = {name: results[name] for name in ("connectivity", "latency")}
    columns: dict[str, list] = {name: [] for name in ("first", "second", "correlation", "true delay", "delay")}
    for first, second in PAIRS:
        row = (first, second, _cell(found["connectivity"].matrix, first, second), delays[second] - delays[first],
               _cell(found["latency"].delays, first, second))  # fmt: skip
        for column, cell in zip(columns.values(), row):
            column.append(cell)
    return Table(columns, {"true delay": "s", "delay": "s"}, "pairs and truth")


def _cell(table: Table, row: str, column: str) -> float:
    """Of a table with a row and a column for each region; NaN for a region without voxels."""
    if column not in table.columns or row not in table.columns["region"]:
        return float("nan")
    return float(table.columns[column][table.columns["region"].index(row)])


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
