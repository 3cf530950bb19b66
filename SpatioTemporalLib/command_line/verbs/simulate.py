"""``spatiotemporal simulate``: a cohort with known truth, in the files a real one would have."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...context import Context
from ...errors import ParameterError
from ...simulation.bold.files import FUNCTIONAL, write_bold_run
from ...simulation.bold.files import TRUTH as BOLD_TRUTH
from ...simulation.bold.run import BoldDesign
from ...simulation.lesions.dce_phantom import FIRST_POST_S, Protocol
from ...simulation.lesions.dce_phantom_cohort import write_dce_cohort
from ...simulation.lesions.new_lesion_cohort import write_lesion_cohort
from ...simulation.lesions.new_lesions import SHAPE_2D, SHAPE_3D
from ...simulation.liver_cohort import write_liver_cohort
from ...simulation.nodule_cohort import write_nodule_cohort
from ...simulation.nodule_growth import POPULATION, TWO_VISITS, bayes_auc
from ...simulation.progression_tables import RANGES, TRUTH, VISITS, write_course, write_states
from ...simulation.progression_visits import VisitPlan
from ..options.cohort import numbers_given
from ..terminal.progress import ProgressBar


def add_to(verbs) -> None:
    parser = verbs.add_parser(
        "simulate",
        help="write what is simulated: nodules on CT, lesions on dynamic MR or between visits, scores of many people "
        "over visits, or a functional run",
    )
    parser.add_argument("what", choices=list(SIMULATIONS), help="what is simulated")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder of the cohort")
    parser.add_argument("--count", type=int, default=20, metavar="N", help="patients (default 20)")
    parser.add_argument("--days", default="0,365", metavar="LIST", help="when visits are due (default 0,365)")
    parser.add_argument(
        "--missing",
        type=float,
        default=0.0,
        help="0..1 of earlier visits that do not take place; of progression and states, of scores not measured",
    )
    parser.add_argument(
        "--visits", type=int, default=5, metavar="N", help="of each person of progression and states (default 5)"
    )
    parser.add_argument("--unknown", type=float, default=0.0, help="0..1 of the covariates that are left empty")
    parser.add_argument(
        "--later", default="60,480", metavar="LOW,HIGH", help="s after injection of the later phase of dce-lesions"
    )
    parser.add_argument("--dimensions", type=int, default=3, metavar="N", help="of lesion-pairs: 2 or 3 (default 3)")
    parser.add_argument("--extent", default="80,80,60", metavar="R,A,S", help="mm of each image (default 80,80,60)")
    parser.add_argument(
        "--images", action="store_true", help="liver-metastases: images with segments in place of a table of structures"
    )
    parser.add_argument("--frames", type=int, default=200, metavar="N", help="bold: volumes of the run (default 200)")
    parser.add_argument("--seed", type=int, default=0, help="of random numbers (default 0)")
    parser.add_argument("--overwrite", action="store_true", help="replace a cohort that is there")
    parser.set_defaults(function=simulate)


def simulate(arguments) -> None:
    SIMULATIONS[arguments.what](arguments)


def _simulate_nodules(arguments) -> None:
    if arguments.count < 1 or not 0 <= arguments.missing < 1 or not 0 <= arguments.unknown < 1:
        raise ParameterError(
            "E-PARAMETER",
            f"--count {arguments.count}, --missing {arguments.missing}, --unknown {arguments.unknown} make no cohort",
            fix="Give one patient or more, and parts from 0 up to, but not, 1.",
        )
    days = numbers_given(arguments.days, "--days", arguments.days.count(",") + 1)
    if days[0] != 0 or any(later <= earlier for earlier, later in zip(days, days[1:])):
        raise ParameterError("E-PARAMETER", f"--days {arguments.days} does not rise from 0", fix="Write 0,180,365.")
    cohort = write_nodule_cohort(
        arguments.out,
        arguments.count,
        Context(report=ProgressBar(), seed=arguments.seed),
        plan=replace(TWO_VISITS, days=days, missing=arguments.missing),
        extent=numbers_given(arguments.extent, "--extent", 3),
        unknown=arguments.unknown,
        overwrite=arguments.overwrite,
    )
    print(cohort)
    print(
        f"No reader of growth and age can reach an AUC above {bayes_auc(POPULATION):.3f} here; of the first radius and "
        f"age, {bayes_auc(POPULATION, ('first', 'age')):.3f}; of the last, "
        f"{bayes_auc(POPULATION, ('last', 'age')):.3f}. Simulated: no patient is among them."
    )


def _simulate_dce_lesions(arguments) -> None:
    earliest, latest = numbers_given(arguments.later, "--later", 2)
    if arguments.count < 1 or not FIRST_POST_S < earliest <= latest <= 3600:
        raise ParameterError(
            "E-PARAMETER",
            f"--count {arguments.count}, --later {arguments.later} make no cohort",
            fix=f"Give one patient or more, and two times from above {FIRST_POST_S:g} to 3600 s that do not fall.",
        )
    context = Context(report=ProgressBar(), seed=arguments.seed)
    protocol = Protocol(earliest, latest)
    print(write_dce_cohort(arguments.out, arguments.count, context, protocol=protocol, overwrite=arguments.overwrite))
    print("Simulated: no patient is among them.")


def _simulate_lesion_pairs(arguments) -> None:
    if arguments.count < 1 or arguments.dimensions not in LESION_SHAPES:
        raise ParameterError(
            "E-PARAMETER",
            f"--count {arguments.count}, --dimensions {arguments.dimensions} make no cohort",
            fix="Give one patient or more, and 2 or 3 dimensions.",
        )
    context = Context(report=ProgressBar(), seed=arguments.seed)
    shape, overwrite = LESION_SHAPES[arguments.dimensions], arguments.overwrite
    print(write_lesion_cohort(arguments.out, arguments.count, context, shape=shape, overwrite=overwrite))
    print("Simulated: no patient is among them.")


def _simulate_progression(arguments) -> None:
    if arguments.count < 1 or arguments.visits < 1 or not 0 <= arguments.missing < 1:
        raise ParameterError(
            "E-PARAMETER",
            f"--count {arguments.count}, --visits {arguments.visits}, --missing {arguments.missing} make no table",
            fix="Give one participant and one visit or more, and a part from 0 up to, but not, 1.",
        )
    plan = VisitPlan(visits=arguments.visits, missing=arguments.missing)
    rng = np.random.default_rng(arguments.seed)
    write, analysis, truth = PROGRESSIONS[arguments.what]
    write(arguments.out, arguments.count, plan, rng, overwrite=arguments.overwrite)
    print(
        f"{arguments.out}: {VISITS} for {analysis}, with --ranges {','.join(RANGES)}; {TRUTH} has {truth}. "
        "Simulated: no patient is among them."
    )


PROGRESSIONS = {
    "progression": (write_course, "progression.course", "onset and log pace of each participant"),
    "states": (write_states, "progression.states", "the state at each visit"),
}


def _simulate_liver(arguments) -> None:
    if arguments.count < 1:
        raise ParameterError("E-PARAMETER", f"--count {arguments.count} makes no cohort", fix="Give one or more.")
    context = Context(report=ProgressBar(), seed=arguments.seed)
    images, overwrite = arguments.images, arguments.overwrite
    print(write_liver_cohort(arguments.out, arguments.count, context, images=images, overwrite=overwrite))
    print("Each patient's hazard and the lesion that drives it are in truth.csv. Simulated: no patient is among them.")


def _simulate_bold(arguments) -> None:
    if not FEWEST_FRAMES <= arguments.frames <= MOST_FRAMES:
        raise ParameterError(
            "E-PARAMETER",
            f"--frames {arguments.frames} is outside {FEWEST_FRAMES}..{MOST_FRAMES}",
            fix="Give more or fewer volumes.",
        )
    context = Context(report=ProgressBar(), seed=arguments.seed)
    design = BoldDesign(frames=arguments.frames)
    run = write_bold_run(arguments.out, design, context, overwrite=arguments.overwrite)
    print(f"{run.series}, in {FUNCTIONAL.as_posix()} with side-car, events and confounds")
    print(f"{BOLD_TRUTH} says what each region does. Simulated: no person is among the data.")


LESION_SHAPES = {2: SHAPE_2D, 3: SHAPE_3D}
FEWEST_FRAMES, MOST_FRAMES = 40, 5000
SIMULATIONS = {
    "bold": _simulate_bold,
    "nodules": _simulate_nodules,
    "dce-lesions": _simulate_dce_lesions,
    "lesion-pairs": _simulate_lesion_pairs,
    **dict.fromkeys(PROGRESSIONS, _simulate_progression),
    "liver-metastases": _simulate_liver,
}
