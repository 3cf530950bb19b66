"""``spatiotemporal evaluate``: how good the probabilities of one or two bundles are on a cohort."""

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
from ..options.cohort import add_cohort_options, given_cohort, require_cache_elsewhere
from ..pictures.evaluation_figure import write_evaluation_figure
from ..terminal.progress import ProgressBar

PREDICTIONS, REGIONS = "predictions.csv", "regions"


def add_to(verbs) -> None:
    parser = verbs.add_parser("evaluate", help="measure how good the probabilities of trained networks are on a cohort")
    parser.add_argument("bundles", nargs="+", metavar="BUNDLE", help="folder or .zip, or 'demo'; several are compared")
    add_cohort_options(parser)
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for tables and pictures")
    parser.add_argument("--split", default="test", help="which participants; 'all' for all (default test)")
    parser.add_argument("--label", default="", help="column of the outcome (default: the bundle's, or label)")
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
        table = _predicted(arguments, cohort, bundles, new, subgroups)
        result = run(
            "prediction.classification",
            table=table,
            subgroups=subgroups,
            threshold=bundles[0].facts.threshold,
            confidence=arguments.confidence,
        )
        write_files(result, new)
        io.write_table(new / PREDICTIONS, table)
        write_evaluation_figure(new / "evaluation.png", table, result.calibration)
    _print(result)
    _warn_of_simulation(bundles)
    print(f"\nEverything is in {arguments.out}. For research only, not for clinical use.")


def _print(result: Result) -> None:
    for finding in result.findings:
        print(finding)
    for name in ("measures", "comparison", "subgroups"):
        if name in result:
            print(f"\n{name}\n{result[name]}")


def _predicted(arguments, cohort: Cohort, bundles: list, folder: Path, subgroups: tuple[str, ...]) -> Table:
    """Label, subgroup columns and a column of probabilities for each bundle."""
    from ...networks.inference.assessment import predictions
    from ...networks.inference.prediction import automatic_device

    rows = _rows(cohort, arguments.split)
    columns: dict[str, list] = {}
    for n, bundle in enumerate(bundles):
        label = arguments.label or _label_of(cohort, bundle)
        table, findings = predictions(
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
        columns |= {name: table.columns[name] for name in ("participant_id", "label")}
        name = "probability" if len(bundles) == 1 else f"probability {_short_name(bundle, bundles, n)}"
        columns[name] = table.columns["probability"]
    if not arguments.cache:
        # Voxels of patients are no part of what is handed on.
        shutil.rmtree(folder / REGIONS)
    for name in subgroups:
        columns[name] = [cohort.participants.columns[name][n] for n in rows]
    return Table(columns, name="predictions")


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


def _label_of(cohort: Cohort, bundle) -> str:
    for name in (bundle.facts.training.outcome, "label"):
        if name in cohort.participants.columns:
            return name
    raise InputError(
        "E-LABEL",
        f"the participants have neither a column {bundle.facts.training.outcome} nor label",
        where=cohort.name,
        fix="Name the column of the outcome with --label.",
    )


def _short_name(bundle, bundles: list, n: int) -> str:
    same = sum(other.name == bundle.name for other in bundles)
    return bundle.name if same == 1 else f"{bundle.name} {n + 1}"


def _warn_of_simulation(bundles: list) -> None:
    simulated = [bundle.name for bundle in bundles if bundle.facts.training.simulated]
    if simulated:
        print(f"\nTrained on simulated data: {', '.join(simulated)}")
