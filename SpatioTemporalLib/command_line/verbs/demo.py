"""``spatiotemporal demo``: the main job on real data, and on a phantom whose truth is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from ... import io
from ...context import Context
from ...data.curve import Table
from ...data.result import Result
from ...errors import MissingPackageError
from ...io.output.folder import output_folder
from ...io.output.results import write_files
from ...run import run
from ...sample_data import sample_file
from ...simulation.tofts_phantom import Phantom, PhantomDesign, tofts_phantom
from ..demonstrations.bold import bold_demo
from ..demonstrations.follow_up import follow_up_demo
from ..demonstrations.prognosis import prognosis_demo
from ..pictures.demo_figure import demo_figure
from ..scene import scene_writer
from ..terminal.progress import ProgressBar
from ..terminal.timed_steps import TimedSteps

PHANTOM_NOISE = 0.02
FOLDERS = {
    "kinetics.variable_flip_angle_t1": "t1",
    "kinetics.concentration": "concentration",
    "segmentation.enhancing_tissue": "enhancing_tissue",
    "kinetics.extended_tofts": "extended_tofts",
    "kinetics.enhancement": "enhancement",
}


def add_to(verbs) -> None:
    parser = verbs.add_parser("demo", help="what the program does, on data it brings with it")
    parser.add_argument(
        "what",
        nargs="?",
        choices=sorted(DEMOS),
        default="dce",
        help="dce: breast DCE-MRI to quantitative maps, and a phantom with known truth (default); follow-up: simulated "
        "lung nodules at two visits, and a network that tells the growing ones; prognosis: simulated livers with "
        "metastases at three scans, and a network that tells when they come back; bold: a simulated functional run, "
        "prepared and analysed, beside what is true of it",
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        help="folder for the results (default out/demo, out/demo_follow_up, out/demo_prognosis, out/demo_bold)",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace the results of an earlier demo")
    parser.set_defaults(function=demo)


def demo(arguments) -> None:
    folder, run_demo = DEMOS[arguments.what]
    run_demo(Path(arguments.out or folder), overwrite=arguments.overwrite)


def dce_demo(folder: Path, *, overwrite: bool) -> None:
    with output_folder(folder, "demo", overwrite=overwrite) as new:
        _written(new)
    print(f"Everything is in {folder}. For research only, not for clinical use.")


def _written(folder: Path) -> None:
    """All that the demonstration shows, in a folder that is being made."""
    steps = TimedSteps()
    series, results = _in_vivo(steps)
    for result in results.values():
        write_files(result, folder / FOLDERS[result.provenance.analysis])
    steps.done("written as NIfTI, CSV and JSON")
    _scene(folder / "scene.mrb", series, results, steps)
    _picture(folder / "demo.png", series, results, steps)
    print(f"\nWhat the model says of the regions\n{_of_interest(results['extended_tofts'].statistics)}\n")
    table = _phantom(steps)
    io.write_table(folder / "phantom.csv", table)
    print(f"\nPhantom: truth against the median and the standard deviation of the estimates\n{table}\n")


def _in_vivo(steps: TimedSteps) -> tuple:
    """The main job: T1, concentration, segmentation, extended Tofts and semi-quantitative maps of the sample series."""
    series = io.read_series(sample_file("breast_dce.seq.nrrd"))
    stack = io.read_stack(sample_file("breast_vfa.nii.gz"))
    plasma = io.read_curve(sample_file("breast_plasma.csv"))
    steps.done(f"read: {series}")
    context = Context(report=ProgressBar())
    t1 = run("kinetics.variable_flip_angle_t1", stack=stack, context=context)
    steps.done(f"T1 map from {stack}")
    concentration = run("kinetics.concentration", series=series, t1_map=t1.t1, relaxivity=4.5, context=context)
    steps.done(f"signal to concentration: {concentration.concentration}")
    tissue = run("segmentation.enhancing_tissue", series=series, most_regions=1, context=context)
    regions = replace(tissue.regions, name="enhancing_tissue")
    steps.done(f"segmented: {regions}")
    model = run(
        "kinetics.extended_tofts",
        series=series,
        mask=regions,
        t1_map=t1.t1,
        aif=plasma,
        curve_is="plasma",
        relaxivity=4.5,
        context=context,
    )
    steps.done(f"extended Tofts model: {model.ktrans}")
    enhancement = run("kinetics.enhancement", series=series, mask=regions, context=context)
    steps.done(f"semi-quantitative: {enhancement.maximum_enhancement}")
    named = {"t1": t1, "concentration": concentration, "tissue": tissue}
    return series, named | {"extended_tofts": model, "enhancement": enhancement}


def _scene(path: Path, series, results: dict[str, Result], steps: TimedSteps) -> None:
    try:
        write_scene: Callable = scene_writer(path)
    except MissingPackageError as error:
        print(f"  no scene: {error}")
        return
    # A scene opens with the first map of its first result on top.
    first = results["extended_tofts"]
    write_scene(path, series=[series], results=[first, *(r for r in results.values() if r is not first)])
    steps.done(f"scene for 3D Slicer: {path.name}")


def _picture(path: Path, series, results: dict[str, Result], steps: TimedSteps) -> None:
    try:
        steps.done(f"picture: {demo_figure(path, series, results).name}")
    except MissingPackageError as error:
        print(f"  no picture: {error}")


def _of_interest(statistics: Table) -> Table:
    wanted = ("region", "quantity", "unit", "of mean curve", "median", "25 %", "75 %", "measured", "volume")
    return Table({name: statistics.columns[name] for name in wanted}, statistics.units, statistics.name)


def _phantom(steps: TimedSteps) -> Table:
    phantom = tofts_phantom(PhantomDesign(noise=PHANTOM_NOISE), np.random.default_rng(0))
    steps.done(f"phantom: {phantom.series}, noise {100 * PHANTOM_NOISE:g} % of the baseline")
    result = run(
        "kinetics.extended_tofts",
        series=phantom.series,
        mask=phantom.tissue,
        aif_mask=phantom.artery,
        **phantom.facts,
    )
    steps.done(f"extended Tofts model of the phantom: {phantom.tissue.foreground.sum()} voxels")
    return truth_table(phantom, result)


def truth_table(phantom: Phantom, result: Result) -> Table:
    """For each true value of each parameter, the median and spread of its estimates."""
    columns: dict[str, list] = {name: [] for name in ("quantity", "unit", "truth", "median", "SD", "voxels")}
    for name, truth in phantom.truth.items():
        for value in np.unique(truth.values[phantom.tissue.foreground]):
            estimates = result[name].values[phantom.tissue.foreground & (truth.values == value)]
            estimates = estimates[np.isfinite(estimates)]
            row = (name, truth.unit, float(value), float(np.median(estimates)), float(estimates.std()), estimates.size)
            for column, cell in zip(columns.values(), row):
                column.append(cell)
    return Table(columns, name="phantom")


DEMOS = {
    "dce": ("out/demo", dce_demo),
    "follow-up": ("out/demo_follow_up", follow_up_demo),
    "prognosis": ("out/demo_prognosis", prognosis_demo),
    "bold": ("out/demo_bold", bold_demo),
}
