"""``spatiotemporal train``: a network on a cohort, written as a bundle."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

from ...context import Context
from ...data.cohort import Cohort
from ...errors import ParameterError, counted
from ...io.files.boundary import real_path
from ...io.output.folder import require_free, working_folder
from ...networks.training.settings import TrainingSettings
from ...steps.follow_up.visit_crops import REGISTRATIONS
from ...system.packages import require
from ..options.cohort import add_cohort_options, given_cohort, numbers_given, require_cache_elsewhere
from ..options.parameters import add_parameter_options, given_parameters
from ..terminal.progress import ProgressBar


def add_to(verbs) -> None:
    parser = verbs.add_parser(
        "train",
        help="train a network on a cohort",
        epilog="An interrupted run goes on where it was when the same command is given again. On several GPUs: "
        "torchrun --nproc-per-node=N -m SpatioTemporalLib train ...",
    )
    parser.add_argument("network", metavar="NETWORK", help="as 'spatiotemporal networks' lists them, e.g. csfnet")
    add_cohort_options(parser)
    parser.add_argument("--out", required=True, metavar="DIR", help="folder of the bundle")
    parser.add_argument("--preset", default="default", help="settings of the network to begin with (default default)")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=JSON", help="a setting of the network that differs"
    )
    parser.add_argument("--task", default="", help="what is learned (default: the first that the network serves)")
    parser.add_argument(
        "--label", default="", help="column of the outcome, 1 or 0 (default malignant or label), or mask"
    )
    parser.add_argument(
        "--covariates", metavar="LIST", help="columns of covariates (default: all but the label; 'none' for none)"
    )
    parser.add_argument("--folds", type=int, default=0, metavar="N", help="cross-validate; the bundle is an ensemble")
    parser.add_argument("--simulated", action="store_true", help="the cohort is simulated; the bundle will say so")
    parser.add_argument("--data", default="", metavar="TEXT", help="what the cohort is, for the bundle's description")
    _add_shown_options(parser.add_argument_group("what is shown"))
    add_parameter_options(parser.add_argument_group("training"), TrainingSettings)
    parser.add_argument("--device", default="auto", help="cuda, cpu, or auto (default)")
    parser.add_argument("--cache", metavar="DIR", help="folder for the regions (default: OUT_training/regions)")
    parser.add_argument("--overwrite", action="store_true", help="begin anew, and replace a bundle that is there")
    parser.set_defaults(function=train)


def _add_shown_options(group) -> None:
    """Short ways to say the settings that most tasks have; what is not given is left to the task."""
    group.add_argument("--image", help="name of the images (default ct, or the task's)")
    group.add_argument("--size", metavar="K,J,I", help="voxels (default 16,64,64, or the task's)")
    group.add_argument("--spacing", metavar="I,J,K", help="mm (default 1,1,1)")
    group.add_argument("--window", metavar="LOW,HIGH", help="in the image's unit (default -1200,600)")
    group.add_argument("--image-unit", help="unit of the images (default HU, or the task's)")
    group.add_argument("--fill", type=float, help="value where an image ends (default -1024)")
    group.add_argument("--registration", choices=REGISTRATIONS, help="of earlier visits to the latest (default none)")
    group.add_argument(
        "--shown", action="append", default=[], metavar="NAME=JSON", help="any other setting of what the task shows"
    )


def train(arguments) -> None:
    require("torch", package="torch", extra="networks", purpose="Training")
    from ...networks.inference.prediction import automatic_device
    from ...networks.task_registry import task_named
    from ...networks.training.distributed import process_group

    folder = Path(arguments.out)
    require_cache_elsewhere(arguments)
    require_free(folder, "bundle", overwrite=arguments.overwrite)
    if arguments.folds == 1 or arguments.folds < 0:
        raise ParameterError("E-PARAMETER", f"--folds {arguments.folds} is no number of parts", fix="Give 2 or more.")
    # Checked before the cohort is read, which takes long.
    given_parameters(arguments, TrainingSettings)
    cohort = given_cohort(arguments)
    with process_group(automatic_device(arguments.device)) as group:
        facts = _trained(arguments, cohort, group)
        if group.leads:
            measured = ", ".join(f"{name} {value:.3f}" for name, value in facts.training.metrics.items())
            print(f"covariates: {', '.join(str(c) for c in facts.covariates) or 'none'}")
            calibration = f"; {facts.calibration.note}" if task_named(facts.task).calibrated else ""
            print(f"{counted(facts.training.patients, 'patient')}, {measured}{calibration}")
            print(f"bundle in {folder}, curves in {_working(folder)}. For research only, not for clinical use.")


def _trained(arguments, cohort: Cohort, group):
    """Facts of the bundle, trained by this process and the others of its group."""
    from ...networks.bundle.facts import Architecture
    from ...networks.inference.prediction import automatic_device
    from ...networks.registry import network_named
    from ...networks.task_registry import served_task
    from ...networks.training.checkpoint import discard_checkpoints
    from ...networks.training.plan import Plan, Surroundings
    from ...networks.training.procedure import train_cohort

    task = served_task(network_named(arguments.network), arguments.task)
    _require_use(task, arguments)
    plan = Plan(
        architecture=Architecture(arguments.network, arguments.preset, _settings(arguments.set)),
        shown=_shown(arguments, task.settings),
        task=task.name,
        label=arguments.label,
        covariates=_names(arguments.covariates),
        folds=arguments.folds,
        settings=given_parameters(arguments, TrainingSettings, task.usual),
        data=arguments.data or cohort.name,
        simulated=arguments.simulated,
    )
    folder = Path(arguments.out)
    working = _working(folder)
    if group.leads:
        working_folder(working, "training")
        if arguments.overwrite:
            discard_checkpoints(working)
    group.wait()
    device = automatic_device(arguments.device)
    device = f"{device}:{group.local}" if device == "cuda" and group.size > 1 else device
    cache = Path(arguments.cache) if arguments.cache else working / "regions"
    context = Context(report=ProgressBar() if group.leads else lambda fraction, message: None)
    facts = train_cohort(
        cohort, plan, Surroundings(folder, working, cache, device, group, arguments.overwrite), context
    )
    context.progress(1.0, "done")
    return facts


def _require_use(task, arguments) -> None:
    """Refuse an option that the task has no use for, rather than to seem to follow it."""
    if arguments.parameter_balance is not None and not task.balanced:
        raise ParameterError(
            "E-PARAMETER",
            f"--balance draws classes of patients equally often, and {task.name} has none",
            fix="Leave --balance out.",
        )


def _working(folder: Path) -> Path:
    """Beside the bundle: what is handed on holds nothing of the patients."""
    # "." and ".." have no name to which something could be added.
    folder = real_path(folder) if folder.name in ("", "..") else folder
    return folder.parent / f"{folder.name}_training"


def _shown(arguments, settings: type):
    """The settings of what a task shows, with those that were given."""
    given = {"image": arguments.image, "unit": arguments.image_unit, "fill": arguments.fill}
    given |= {"registration": arguments.registration}
    for name, option, count, kind in (("shape", "size", 3, int), ("spacings", "spacing", 3, float)):
        text = getattr(arguments, option)
        given[name] = None if text is None else numbers_given(text, f"--{option}", count, kind)
    if given["spacings"] is not None:
        given["spacings"] = (given["spacings"],)
    if arguments.window is not None:
        given["window"] = numbers_given(arguments.window, "--window", 2)
    given = {name: value for name, value in given.items() if value is not None}
    given |= {name: _as_tuple(value) for name, value in _settings(arguments.shown).items()}
    known = {field.name for field in fields(settings)}
    unknown = sorted(set(given) - known)
    if unknown:
        raise ParameterError(
            "E-PARAMETER",
            f"{', '.join(unknown)} is no setting of what is shown here",
            fix=f"Choose of {', '.join(sorted(known))}.",
        )
    return settings(**given)


def _as_tuple(value: object) -> object:
    return tuple(_as_tuple(inner) for inner in value) if isinstance(value, list) else value


def _names(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    return () if text == "none" else tuple(filter(None, text.split(",")))


def _settings(given: list[str]) -> dict[str, object]:
    values = {}
    for assignment in given:
        name, _, text = assignment.partition("=")
        try:
            values[name] = json.loads(text)
        except ValueError:
            # A word need not carry quotes on a command line.
            values[name] = text
    return values
