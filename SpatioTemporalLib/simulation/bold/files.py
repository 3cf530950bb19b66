"""A simulated functional run as files that BIDS names, with the truth beside them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np

from ...context import Context
from ...data.curve import Table
from ...data.events import Events
from ...io.output.folder import output_folder
from ...io.output.write import write_labels, write_series
from ...io.sidecars.images import write_json
from ...io.tables.file import write_table
from .run import BoldDesign, BoldRun, simulated_run

TRUTH, REGIONS, TISSUES = "truth.csv", "regions.nii.gz", "tissues.nii.gz"
FUNCTIONAL = Path("sub-01") / "func"
STEM = "sub-01_task-hands"
IMAGE, EVENTS, CONFOUNDS = f"{STEM}_bold.nii.gz", f"{STEM}_events.tsv", f"{STEM}_desc-confounds_timeseries.tsv"


def write_bold_run(
    folder: str | os.PathLike, design: BoldDesign, context: Context, *, overwrite: bool = False
) -> BoldRun:
    """Draw a run and write it.

    The image has a side-car with RepetitionTime and SliceTiming; events and
    confounds (true motion, measured breathing and heartbeat) lie beside it.
    ``truth.csv`` says of each region what it does, ``regions.nii.gz`` and
    ``tissues.nii.gz`` where it and the tissues are.
    """
    run = simulated_run(design, context.rng, lambda done: context.progress(0.9 * done, "simulating a run"))
    with output_folder(folder, "simulation", overwrite=overwrite) as new:
        write_run_files(new, run)
    return run


def write_run_files(folder: Path, run: BoldRun) -> None:
    """Write a run and its truth into a folder that is there."""
    functional = folder / FUNCTIONAL
    functional.mkdir(parents=True)
    write_series(functional / IMAGE, run.series)
    sidecar = functional / IMAGE.replace(".nii.gz", ".json")
    entries = json.loads(sidecar.read_text(encoding="utf-8"))
    # BIDS has either times of all volumes or the time between them.
    del entries["VolumeTiming"]
    interval = float(np.median(np.diff(run.series.times)))
    write_json(sidecar, entries | {"TaskName": "hands", "RepetitionTime": interval})
    write_table(functional / EVENTS, events_table(run.events))
    bare = {name: cells for name, cells in run.confounds.columns.items() if name != "time"}
    write_table(functional / CONFOUNDS, Table(bare))
    write_json(folder / "dataset_description.json", {"Name": "Simulated functional run", "BIDSVersion": "1.9.0"})
    write_table(folder / TRUTH, run.truth)
    write_labels(folder / REGIONS, run.regions)
    write_labels(folder / TISSUES, run.tissues)


def events_table(events: Events) -> Table:
    """Events with the headings of BIDS."""
    columns = {"onset": events.onsets.tolist(), "duration": events.durations.tolist()}
    return Table(columns | {"trial_type": list(events.conditions)})
