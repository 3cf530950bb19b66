"""``spatiotemporal evaluate``: how good the answers of trained networks are on a cohort."""

from __future__ import annotations

import shutil
from pathlib import Path

from ... import io
from ...context import Context
from ...data.cohort import Cohort
from ...data.curve import Table
from ...data.result import Result
from ...errors import InputError, ParameterError
from ...io.output.folder import output_folder
from ...io.output.results import write_files
from ...run import run
from ...system.packages import require
from ..evaluation_files import PREDICTIONS, REGIONS
from ..options.cohort import add_cohort_options, given_cohort, require_cache_elsewhere
from ..terminal.progress import ProgressBar


def add_to(verbs) -> None:
    parser = verbs.add_parser("evaluate", help="measure how good the answers of trained networks are on a cohort")
    parser.add_argument("bundles", nargs="+", metavar="BUNDLE", help="folder or .zip, or 'demo'; several are compared")
    add_cohort_options(parser)
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for tables and pictures")
    parser.add_argument("--split", default="test", help="which participants; 'all' for all (default test)")
    parser.add_argument("--label", default="", help="column of the outcome, or mask (default: the bundle's, or label)")
    parser.add_argument("--subgroups", default="", metavar="LIST", help="columns of participants that divide them")
    parser.add_argument("--confidence", default="95", help="of the intervals, %% (default 95)")
    parser.add_argument("--device", default="auto", help="cuda, cpu, or auto (default)")
    parser.add_argument("--cache", metavar="DIR", help="folder for the regions, kept for the next time (default: none)")
    parser.add_argument("--overwrite", action="store_true", help="replace an earlier evaluation")
    parser.set_defaults(function=evaluate)


def evaluate(arguments) -> None:
    require("torch", package="torch", extra="networks", purpose="A network")
    from ...networks.bundle.reading import read_bundle
    from ...networks.bundle.shipped import bundle_path

    require_cache_elsewhere(arguments)
    with output_folder(arguments.out, "evaluation", overwrite=arguments.overwrite) as new:
        bundles = [read_bundle(bundle_path(path)) for path in arguments.bundles]
        cohort = given_cohort(arguments)
        subgroups = _subgroups(arguments.subgroups, cohort)
        task = _task_of(bundles)
        table = _predicted(arguments, cohort, (task, bundles), new, subgroups)
        parameters = task.assessment_parameters(bundles[0].facts)
        result = run(task.analysis, table=table, subgroups=subgroups, confidence=arguments.confidence, **parameters)
        write_files(result, new)
        io.write_table(new / PREDICTIONS, table)
        task.picture(new / "evaluation.png", table, result)
    _print(result)
    _warn_of_simulation(bundles)
    print(f"\nEverything is in {arguments.out}. For research only, not for clinical use.")


def _print(result: Result) -> None:
    for finding in result.findings:
        print(finding)
    for name in result:
        if name != "calibration" and isinstance(result[name], Table):
            print(f"\n{name}\n{result[name]}")


def _task_of(bundles: list):
    """The one task that all of them were trained for."""
    from ...networks.task_registry import task_named

    names = sorted({bundle.facts.task for bundle in bundles})
    if len(names) > 1:
        raise ParameterError(
            "E-TASK",
            f"the bundles were trained for {' and '.join(names)}",
            fix="Compare bundles of one task; evaluate the others apart.",
        )
    return task_named(names[0])


def _predicted(arguments, cohort: Cohort, what: tuple, folder: Path, subgroups: tuple[str, ...]) -> Table:
    """What is right, subgroup columns, and columns of answers for each bundle."""
    from ...networks.inference.prediction import automatic_device

    task, bundles = what
    rows = _rows(cohort, arguments.split)
    columns: dict[str, list] = {}
    units: dict[str, str] = {}
    for n, bundle in enumerate(bundles):
        label = arguments.label or task.truth_column(cohort, bundle.facts)
        table, findings = task.assessed(
            bundle,
            cohort,
            rows,
            label=label,
            cache=arguments.cache or folder / REGIONS,
            device=automatic_device(arguments.device),
            context=Context(report=ProgressBar()).part(n / len(bundles), (n + 1) / len(bundles)),
        )
        for finding in findings:
            print(finding)
        columns |= {name: cells for name, cells in table.columns.items() if name in task.truths}
        own = "" if len(bundles) == 1 else f" {_short_name(bundle, bundles, n)}"
        answers = [name for name in table.columns if name.startswith(task.answers) and name not in task.truths]
        columns |= {f"{name}{own}": table.columns[name] for name in answers}
        units |= {name: unit for name, unit in table.units.items() if name in columns}
    if not arguments.cache:
        # Voxels of patients are no part of what is handed on.
        shutil.rmtree(folder / REGIONS, ignore_errors=not (folder / REGIONS).exists())
    for name in subgroups:
        columns[name] = [cohort.participants.columns[name][n] for n in rows]
    return Table(columns, units, name="predictions")


def _subgroups(text: str, cohort: Cohort) -> tuple[str, ...]:
    names = tuple(filter(None, text.split(",")))
    for name in names:
        if name not in cohort.participants.columns:
            raise ParameterError(
                "E-PARAMETER",
                f"--subgroups: the participants have no column {name!r}",
                fix=f"Choose of {', '.join(cohort.participants.columns)}.",
            )
    return names


def _rows(cohort: Cohort, split: str) -> list[int]:
    splits = cohort.participants.columns.get("split")
    if split == "all" or splits is None:
        return list(range(len(cohort)))
    rows = [n for n, own in enumerate(splits) if own == split]
    if not rows:
        raise InputError(
            "E-SPLIT",
            f"no participant is in the split {split!r}; there are {', '.join(sorted(set(map(str, splits))))}",
            where=cohort.name,
            fix="Choose one with --split, or 'all'.",
        )
    return rows


def _short_name(bundle, bundles: list, n: int) -> str:
    same = sum(other.name == bundle.name for other in bundles)
    return bundle.name if same == 1 else f"{bundle.name} {n + 1}"


def _warn_of_simulation(bundles: list) -> None:
    simulated = [bundle.name for bundle in bundles if bundle.facts.training.simulated]
    if simulated:
        print(f"\nTrained on simulated data: {', '.join(simulated)}")
