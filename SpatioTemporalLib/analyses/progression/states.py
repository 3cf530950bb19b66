"""States that a disease passes through, and the way of each person through them."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.curve import Curve, Table
from ...declare import Advanced, Help, Input, Output, Range, Unit, analysis
from ...errors import Finding, InputError, ParameterError, Severity
from ...numerics.progression.hidden_states import most_probable_path, posterior, with_spans
from ...numerics.progression.states_fit import fit_states, folds, held_out_likelihood, resampled_states
from ...steps.progression.fit_conditions import require_people, require_rise
from ...steps.progression.moment import MomentParameters, known_visits
from ...steps.progression.state_tables import paths_table, people_table, state_curves, states_table, transitions_table
from ...steps.progression.visit_table import VisitTableParameters, read_visits

VISITS_A_STATE = 5


@dataclass(frozen=True)
class StatesParameters(MomentParameters, VisitTableParameters):
    states: Annotated[int, Range(2, 10), Help("Number of states.")] = 4
    choose_states: Annotated[
        bool,
        Help("Take the number from 2 to states under which people who were left out are most likely, in five parts."),
    ] = False
    anchor: Annotated[
        str, Help("Score that worsens from each state to the next and so gives their order; the first when left empty.")
    ] = ""
    skips: Annotated[bool, Help("Whether people may move to a state beyond the next without passing through it.")] = (
        False
    )
    reached_state: Annotated[
        int, Range(0, 10), Help("State from which on a person has converted; the last when 0.")
    ] = 0
    horizon: Annotated[float, Unit("years"), Range(0.1, 50), Help("How far ahead is predicted.")] = 5.0
    patient: Annotated[str, Help("Whose way is drawn; the first who is predicted when left empty.")] = ""
    restarts: Annotated[int, Range(1, 200), Help("Starts, of which the most likely one is kept."), Advanced()] = 10
    bags: Annotated[
        int,
        Range(0, 1000),
        Help("Fits to people drawn with replacement, which say how far the expected states depend on who was seen."),
        Advanced(),
    ] = 10


@analysis(
    id="progression.states",
    title="Disease states over visits",
    citation="Liu et al., Efficient learning of continuous-time hidden Markov models for disease progression, "
    "Adv Neural Inf Process Syst 28:3599-3607 (2015)",
    inputs=[
        Input("visits", Table, help="One row a visit: participant, age or time, and scores; empty cells are missing."),
        Input(
            "new_patients",
            Table,
            optional=True,
            help="Visits of others with the same columns, whose states are told by those of the first table.",
        ),
    ],
    outputs=[
        Output("states", Table, help="One row a state, in order: its mean stay, share of visits, and scores."),
        Output("transitions", Table, help="Rates of direct moves, and the probability of being in a state in a year."),
        Output(
            "individuals",
            Table,
            help="One row a person who is predicted: state at the last visit that is used, probability of having "
            "reached the state asked about within the horizon, and when that is more likely than not.",
        ),
        Output(
            "paths",
            Table,
            help="One row a visit that is used: state on the most probable path, expected state with its standard "
            "deviation over resampled people, and the probability of each state.",
        ),
        Output("patient_states", Curve, help="The patient's states, and the expected state until the horizon."),
        Output("choice", Table, optional=True, help="Log likelihood of left-out people for each number of states."),
    ],
    parameters=StatesParameters,
)
def states(visits, new_patients=None, *, parameters, context):
    r"""Hidden states that people pass through in one direction, whatever the time between their visits.

    Notes
    -----
    .. math:: P(\Delta t) = e^{Q \Delta t}, \qquad y_k \mid s \sim \mathcal{N}(\mu_{sk}, \sigma_{sk}^2)

    with a generator :math:`Q` that is zero wherever a move would lead back. Moves and stays between visits enter by
    their exact expectations given both ends, however far apart they are.
    """
    read = read_visits(visits, parameters)
    new = read_visits(new_patients, parameters, read.scales) if new_patients is not None else None
    known = known_visits(new or read, parameters, parameters.patient)
    fitted = read if new else known
    require_people(fitted, visits.name)
    anchor = _anchor(read.scores, parameters.anchor)
    require_rise(fitted, [anchor], visits.name)
    count, choice = _count(fitted.visits, anchor, parameters, visits.name, context)
    fit = fit_states(
        fitted.visits,
        count,
        anchor=anchor,
        skips=parameters.skips,
        restarts=parameters.restarts,
        rng=np.random.default_rng(context.seed),
        progress=context.part(0.4, 0.8).progress,
    )
    reached = _reached(parameters.reached_state, count)
    spanned = with_spans(known.visits)
    found, path = posterior(spanned, fit.states), most_probable_path(spanned, fit.states)
    patient = known.person(parameters.patient) if parameters.patient else 0
    return {
        "states": states_table(fit.states, known.scales, posterior(with_spans(fitted.visits), fit.states)),
        "transitions": transitions_table(fit.states),
        "individuals": people_table(known, fit.states, found, reached, parameters.horizon),
        "paths": paths_table(known, path, found, _resampled(known, fit, new, parameters, context)),
        "patient_states": state_curves(known, fit.states, path, found, patient, parameters.horizon),
        "choice": choice,
        "findings": (*read.findings, *(new.findings if new else ()), *_told(fit, read.scores[anchor], visits.name)),
    }


def _count(visits, anchor: int, parameters, where: str, context) -> tuple[int, Table | None]:
    """The number of states, and how likely left-out people are under each number where that is to be chosen."""
    if len(visits.times) < VISITS_A_STATE * parameters.states:
        raise InputError(
            "E-PROGRESSION-VISITS",
            f"{len(visits.times)} visits for {parameters.states} states; {VISITS_A_STATE} visits a state or more are "
            "needed",
            where=where,
            fix=f"Set states to {max(2, len(visits.times) // VISITS_A_STATE)} or fewer, or give more visits.",
        )
    if not parameters.choose_states:
        return parameters.states, None
    fold = folds(visits.people, np.random.default_rng(context.seed))
    counts = list(range(2, parameters.states + 1))
    likelihoods = []
    for number, count in enumerate(counts):
        context.progress(0.4 * number / len(counts), f"{count} states")
        fit = functools.partial(
            fit_states,
            count=count,
            anchor=anchor,
            skips=parameters.skips,
            restarts=parameters.restarts,
            rng=np.random.default_rng(context.seed),
        )
        likelihoods.append(held_out_likelihood(visits, fold, fit))
    table = Table({"states": counts, "log likelihood of people left out": likelihoods}, name="choice")
    return counts[int(np.argmax(likelihoods))], table


def _resampled(known, fit, new, parameters, context) -> np.ndarray | None:
    """What fits to resampled people say of the same visits; None for others than were fitted, and without bags."""
    if new or parameters.bags < 2:
        return None
    rng, progress = np.random.default_rng(context.seed), context.part(0.8, 1.0).progress
    return resampled_states(known.visits, fit.states, parameters.bags, rng, progress)


def _anchor(scores: tuple[str, ...], asked: str) -> int:
    if asked and asked not in scores:
        raise ParameterError("E-PARAMETER", f"anchor = {asked!r} is no score; the scores are {', '.join(scores)}")
    return scores.index(asked) if asked else 0


def _reached(asked: int, count: int) -> int:
    if asked > count:
        raise ParameterError(
            "E-PARAMETER", f"reached_state = {asked} with {count} states", fix=f"Set it to {count} or lower."
        )
    return asked or count


def _told(fit, anchor: str, where: str):
    if not fit.ordered:
        text = f"{anchor} does not worsen from each state to the next, though people pass through them in this order"
        yield Finding("W-PROGRESSION-ORDER", Severity.WARN, text, where)
