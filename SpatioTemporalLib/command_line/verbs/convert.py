"""``spatiotemporal convert``: a series from one format to another, with its times."""

from __future__ import annotations

from pathlib import Path

from ... import io
from ...io.files.atomic import sweep_files
from ...io.output.results import require_absent
from ...io.output.write import image_format
from ...io.sidecars.images import sidecar_path
from ..options.series import add_time_options, time_arguments
from ..terminal.progress import ProgressBar


def add_to(verbs) -> None:
    parser = verbs.add_parser("convert", help="convert a series of any format that is read to NIfTI or NRRD")
    parser.add_argument("source", nargs="+", metavar="SOURCE", help="file, DICOM folder, or one volume for each frame")
    parser.add_argument("target", metavar="TARGET", help=".nii.gz with a side-car, or .seq.nrrd for Slicer")
    add_time_options(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace the target if it exists")
    parser.set_defaults(function=convert)


def convert(arguments) -> None:
    target = Path(arguments.target)
    # Not the side-car of a series in NRRD, which has none.
    beside = [] if image_format(target) == "nrrd" else [sidecar_path(target)]
    require_absent([target, *beside], overwrite=arguments.overwrite)
    sweep_files(target.parent)
    source = arguments.source[0] if len(arguments.source) == 1 else arguments.source
    bar = ProgressBar()
    bar(0.0, "reading")
    series = io.read_series(source, **time_arguments(arguments))
    bar.clear()
    bar(0.5, f"writing {target.name}")
    print(f"{series}\ntimes from {series.time_source}")
    for finding in series.findings:
        print(finding)
    io.write_series(target, series)
    bar(1.0, "written")
    print(f"written to {target}")
