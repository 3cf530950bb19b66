"""``spatiotemporal run``: one analysis on files, its result as files."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from ... import registry
from ...context import Context
from ...data.follow_up import FollowUp
from ...data.result import Result
from ...data.series import Series
from ...data.volumes import LabelMap, Map
from ...declare import Analysis
from ...errors import InputError, MissingPackageError, ParameterError, counted
from ...io.dicom.headers.references import source_headers
from ...io.dicom.objects import write_dicom_files
from ...io.files.boundary import real_path
from ...io.output.folder import output_folder
from ...io.output.results import require_absent, require_writable, write_files
from ...run import run as run_analysis
from ...system.packages import require_all
from ..options.dashes import with_dashes_joined
from ..options.inputs import add_inputs, plain, read_input
from ..options.kept_results import require_inputs_kept
from ..options.kinds import assignments, flag, options_by_name, with_dashes
from ..scene import require_scene_ending, scene_writer
from ..terminal.parser import Parser, nearest
from ..terminal.progress import ProgressBar
from .describe import parameter_line
from .listing import print_analyses

# Of one bar for all of a run: what computing and writing take of it, and where the parts of writing end.
COMPUTING, WRITING = 0.7, 0.3
FILES, PICTURES, SCENE = 0.5, 0.6, 0.8


def add_to(verbs) -> None:
    parser = verbs.add_parser(
        "run",
        help="run an analysis",
        add_help=False,
        usage="spatiotemporal run NAME --INPUT FILE ... --PARAMETER VALUE ... --out DIR",
        description="'spatiotemporal run NAME --help' shows the inputs and parameters of an analysis.",
    )
    # Not argparse's own help, which would have to import every analysis before anything is asked for.
    parser.add_argument("-h", "--help", action="store_true", help="show this, and the analyses that can be run")
    parser.add_argument("name", metavar="NAME", nargs="?", help="id of the analysis")
    parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    parser.set_defaults(function=partial(_run, parser))


def _run(parser: argparse.ArgumentParser, arguments) -> None:
    if arguments.help or arguments.name is None:
        parser.print_help()
        print("\nanalyses:")
        print_analyses()
        return
    analysis = registry.get(arguments.name)
    given = options_of(analysis).parse_args(with_dashes_joined(arguments.rest, with_dashes(analysis)))
    _require_sense(analysis, given)
    scene = _checked_results(given)
    require_inputs_kept(given)
    with output_folder(given.out, "result", overwrite=given.overwrite) as new:
        bar = ProgressBar()
        result, inputs = _computed(analysis, given, lambda done, text: bar(COMPUTING * done, text))
        files = written(result, new, inputs, given, scene, lambda done, text: bar(COMPUTING + WRITING * done, text))
    print(result)
    print(f"\n{counted(len(files), 'file')} in {given.out}: {', '.join(Path(f).name for f in files)}")


def _computed(analysis: Analysis, given, report: Callable[[float, str], None]) -> tuple[Result, dict[str, object]]:
    """The result, and what it was made from."""
    inputs = read_inputs(analysis, given)
    for name, value in inputs.items():
        if isinstance(value, Series):
            print(f"{name}: {value}; times from {value.time_source or 'no file'}")
    context = Context(
        report=report,
        device=given.device,
        seed=given.seed,
        **({"threads": given.threads} if given.threads else {}),
    )
    return run_analysis(analysis.id, context=context, **inputs, **given_parameters(analysis, given)), inputs


def read_inputs(analysis: Analysis, given) -> dict[str, object]:
    """The inputs that were given, read from their files."""
    return {i.name: read_input(i, getattr(given, i.name), given) for i in analysis.inputs if getattr(given, i.name)}


def _require_sense(analysis: Analysis, given) -> None:
    """Refuse files without a name, as of a shell's variable that is not set, and units of inputs that are not there."""
    names = [item.name for item in analysis.inputs]
    for item in analysis.inputs:
        files = getattr(given, item.name)
        if files is not None and not all(str(file).strip() for file in (files if isinstance(files, list) else [files])):
            raise InputError("E-FILE-MISSING", f"{flag(item.name)} has no name after it", fix="Give the file's path.")
    named = [("unit", ""), *((option, names[0]) for option in options_by_name(analysis))]
    for option, default in named:
        for name in assignments(getattr(given, option) or [], flag(option), default=default):
            if name not in names:
                near = nearest(name, names)
                meant = f"Did you mean {' or '.join(near)}?" if near else f"The inputs are {', '.join(names)}."
                raise ParameterError("E-PARAMETER", f"{flag(option)} names {name}, which is no input", fix=meant)


def _checked_results(given) -> Callable | None:
    """The writer of scenes if one is needed; what cannot be written is told before anything is computed."""
    scene = Path(given.scene) if given.scene else None
    if scene:
        require_scene_ending(scene)
    needed = {"slicer-core": scene, "highdicom": given.dicom or given.dicom_reference}
    require_all(tuple(package for package, wanted in needed.items() if wanted), "Writing what was asked for")
    # A scene within the folder of results is part of them.
    if scene and not real_path(scene).is_relative_to(real_path(given.out)):
        require_absent([scene], overwrite=given.overwrite)
        require_writable(scene)
    if given.dicom_reference:
        source_headers(Path(given.dicom_reference))
    return scene_writer(scene) if scene else None


def written(
    result: Result,
    folder: Path,
    inputs: dict,
    given,
    scene: Callable | None,
    tell: Callable[[float, str], None] = lambda done, text: None,
) -> list[Path]:
    """Everything that was asked for, in a folder that is being made; `tell` hears how far it is."""
    files = write_files(result, folder, lambda done, text: tell(FILES * done, text))
    series = inputs.get("series")
    tell(FILES, "drawing pictures")
    files += _figures(result, folder, inputs)
    if given.dicom or given.dicom_reference:
        part = SCENE - PICTURES
        files += write_dicom_files(
            result, folder / "dicom", reference=given.dicom_reference,
            tell=lambda done, text: tell(PICTURES + part * done, text),
        )  # fmt: skip
    if scene:
        tell(SCENE, "writing the scene")
        visits = [value for value in inputs.values() if isinstance(value, FollowUp)]
        path, root = real_path(given.scene), real_path(given.out)
        path = folder / path.relative_to(root) if path.is_relative_to(root) else path
        files.append(scene(path, series=[series] if series else [], follow_ups=visits, results=[result]))
    tell(1.0, "written")
    return files


def options_of(analysis: Analysis) -> Parser:
    """The options of one analysis: its inputs, its parameters, and where results go."""
    parser = Parser(
        prog=f"spatiotemporal run {analysis.id}", description=analysis.summary, epilog=f"Reference: {analysis.citation}"
    )
    add_inputs(parser.add_argument_group("inputs"), analysis)
    parameters = parser.add_argument_group("parameters")
    for parameter in analysis.parameters:
        text = f"{parameter_line(parameter)}. {parameter.help}"
        parameters.add_argument(
            flag(parameter.name), metavar="VALUE", dest=f"parameter_{parameter.name}", help=plain(text)
        )
    if analysis.presets:
        names = "; ".join(analysis.presets)
        parameters.add_argument("--preset", metavar="NAME", help=plain(f"values usual for an organ and agent: {names}"))
    parameters.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="the same, as often as wanted"
    )
    _add_results(parser.add_argument_group("results"))
    return parser


def _add_results(group) -> None:
    group.add_argument("--out", required=True, metavar="DIR", help="folder for NIfTI, CSV, PNG and result.json")
    group.add_argument("--scene", metavar="FILE.mrb", help="also write a scene for 3D Slicer (needs slicer-core)")
    group.add_argument("--dicom", action="store_true", help="also write DICOM maps and segmentations (needs highdicom)")
    group.add_argument(
        "--dicom-reference",
        metavar="FILE",
        help="DICOM file or folder of the source, whose patient and study the objects take over and refer to",
    )
    group.add_argument("--overwrite", action="store_true", help="replace files of an earlier run")
    group.add_argument(
        "--device",
        default="auto",
        help="where networks, and fits that can, will run: cpu, PyTorch's cuda, or auto (default: networks on a GPU "
        "where there is one, fits on the processor)",
    )
    group.add_argument("--seed", type=int, default=0, help="of random numbers (default 0)")
    group.add_argument("--threads", type=int, help="threads to use (default: all)")


def given_parameters(analysis: Analysis, given) -> dict[str, str]:
    """The parameters that were given, as texts."""
    preset = getattr(given, "preset", None)
    values = {"preset": preset} if preset else {}
    for parameter in analysis.parameters:
        value = getattr(given, f"parameter_{parameter.name}")
        if value is not None:
            values[parameter.name] = value
    return values | assignments(given.set, "--set")


def _figures(result: Result, folder: Path, inputs: dict) -> list[Path]:
    """Pictures where matplotlib is there; a line that says how to get them where it is not."""
    from ...pictures.figures import anatomy_of, result_figures

    series = inputs.get("series")
    try:
        return result_figures(result, folder, _visit_of(inputs, result) if series is None else anatomy_of(series))
    except MissingPackageError as error:
        print(f"no pictures: {error}", file=sys.stderr)
        return []


def _visit_of(inputs: dict, result: Result) -> np.ndarray | None:
    """The image of the latest visit that lies where the maps of a result do."""
    grids = [values.geometry for values in (*result.of_kind(LabelMap).values(), *result.of_kind(Map).values())]
    images = (
        image
        for value in inputs.values()
        if isinstance(value, FollowUp)
        for visit in value.visits[::-1]
        for image in visit.images.values()
    )
    return next((np.asarray(image.values) for image in images if grids and image.geometry.matches(grids[0])), None)
