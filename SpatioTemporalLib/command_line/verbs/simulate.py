"""``spatiotemporal simulate``: a cohort with known truth, in the files a real one would have."""

from __future__ import annotations

from dataclasses import replace

from ...context import Context
from ...errors import ParameterError
from ...simulation.nodule_cohort import write_nodule_cohort
from ...simulation.nodule_growth import POPULATION, TWO_VISITS, bayes_auc
from ..options.cohort import numbers_given
from ..terminal.progress import ProgressBar


def add_to(verbs) -> None:
    parser = verbs.add_parser("simulate", help="write a simulated cohort of lung nodules on follow-up CT")
    parser.add_argument("what", choices=["nodules"], help="what is simulated")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder of the cohort")
    parser.add_argument("--count", type=int, default=20, metavar="N", help="patients (default 20)")
    parser.add_argument("--days", default="0,365", metavar="LIST", help="when visits are due (default 0,365)")
    parser.add_argument("--missing", type=float, default=0.0, help="0..1 of earlier visits that do not take place")
    parser.add_argument("--unknown", type=float, default=0.0, help="0..1 of the covariates that are left empty")
    parser.add_argument("--extent", default="80,80,60", metavar="R,A,S", help="mm of each image (default 80,80,60)")
    parser.add_argument("--seed", type=int, default=0, help="of random numbers (default 0)")
    parser.add_argument("--overwrite", action="store_true", help="replace a cohort that is there")
    parser.set_defaults(function=simulate)


def simulate(arguments) -> None:
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
