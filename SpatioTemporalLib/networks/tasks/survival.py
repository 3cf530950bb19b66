"""Times until events: graphs of what is drawn at visits are shown, a time with an event says what is right."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from ...data.curve import Table
from ...errors import Finding, InputError, ParameterError, Severity, counted
from ...numerics.survival.concordance import harrell_c
from ...numerics.survival.outcomes import Outcomes
from ...steps.structures.graph_settings import GraphSettings
from ..calibration import Calibration
from ..task import Task, TimeAxis

VALIDATION_PART = 5
FEWEST_EVENTS = 5


class Survival(Task):
    """Graphs of visits are shown; per endpoint a time and whether the event happened are right."""

    name = "survival"
    help = "risk, survival and time of events from lesions, organs and clinical facts of visits"
    settings = GraphSettings
    time = TimeAxis("visits", "days", "first_visit", "follow-up studies", "structures drawn on images")
    output, inference = "survival", "whole"
    analysis = "prediction.survival"
    truths, answers = ("participant_id", "time", "event"), ("risk", "survival at", "expected time")
    monitors = {"loss": ("validation loss", 1), "concordance": ("validation C", -1)}
    usual = {"batch_size": 256, "learning_rate": 1e-3, "patience": 30}

    def completed(self, cohort, plan):
        from ..cases.endpoints import clinical_covariates, endpoints_of
        from ..cases.graphs import outcomes_of
        from ..training.order import cohort_splits

        shown = plan.shown or GraphSettings()
        endpoints = endpoints_of(cohort, plan.label or ",".join(shown.endpoints))
        shown = replace(shown, endpoints=endpoints)
        known = outcomes_of(cohort.participants, endpoints)
        strata = np.where(np.isfinite(known[:, 0]).all(axis=1), known[:, 0, 1], np.nan)
        own = [str(s) for s in cohort.participants.columns.get("split", [])]
        splits = cohort_splits(own, strata, VALIDATION_PART, plan.settings.seed)
        learning = [n for n, split in enumerate(splits) if split in ("train", "validation")[: 2 if plan.folds else 1]]
        plan = replace(plan, shown=shown, label=",".join(endpoints))
        covariates = clinical_covariates(cohort, plan, learning)
        return replace(plan, architecture=_for_data(plan, covariates)), covariates, splits

    def cases(self, cohort, shown, covariates, label, *, cache, context, rows=None):
        from ..cases.graphs import prepare_graphs

        return prepare_graphs(cohort, shown, covariates, context=context, rows=rows)

    def strata(self, cases):
        return np.nan_to_num(cases.outcomes[:, 0, 1])

    def check(self, cases, what):
        known = np.isfinite(cases.outcomes).all(axis=2)
        events = int(np.nansum(cases.outcomes[:, 0, 1]))
        if events < FEWEST_EVENTS or not known[:, 0].all():
            raise InputError(
                "E-LABEL",
                f"of {counted(len(cases), f'{what} patient')} {events} had the event, and of "
                f"{int((~known[:, 0]).sum())} it is not known",
                fix=f"{FEWEST_EVENTS} events or more are needed, and a time of each patient; correct the split.",
            )
        if (cases.outcomes[:, 0, 0] <= 0).any():
            bad = cases.ids[int(np.argmax(cases.outcomes[:, 0, 0] <= 0))]
            raise InputError("E-SURVIVAL", f"the time of participant {bad} is not above 0", fix="Correct it.")

    def fit_inputs(self, network, cases):
        network.fit_inputs(cases.batch(range(len(cases))), cases.outcomes)

    def shown(self, cases, step):
        import torch

        rows = step.rows[step.own]
        outcomes = torch.from_numpy(cases.outcomes[rows]).float()
        return cases.batch(rows).to(step.device), outcomes.to(step.device)

    def loss(self, network, batch, target, iteration, generator):
        from ..hazards.losses import survival_loss

        own = getattr(network, "training_loss", None)
        if own is not None:
            return own(batch, target, iteration, generator)
        return survival_loss(batch.scores(network), target, network.settings.step_months)

    def validated(self, network, cases, device):
        import torch

        from ..hazards.losses import survival_loss

        scores = _scores(network, cases, device)
        outcomes = torch.from_numpy(cases.outcomes).float()
        loss = float(survival_loss(torch.from_numpy(scores).float(), outcomes, network.settings.step_months))
        return {"validation loss": loss, "validation C": _concordance(scores[:, 0, 0], cases)}

    def held_out(self, network, cases, device):
        """(N,) log-risk of the first endpoint."""
        return _scores(network, cases, device)[:, 0, 0]

    def facts(self, plan, covariates, cases, held_out):
        from ..bundle.facts import BundleFacts, Training
        from ..registry import networks

        learned = cases.subset([n for n, s in enumerate(cases.splits) if s in ("train", "validation")])
        visits = learned.observed.sum(axis=1)
        span = learned.times.max(axis=1) - learned.times.min(axis=1)
        seen = np.flatnonzero(np.isfinite(held_out))
        word = "simulated" if plan.simulated else ""
        return BundleFacts(
            architecture=plan.architecture,
            shown=plan.shown,
            covariates=covariates,
            visits=(int(visits.min()), int(visits.max())),
            calibration=Calibration(),
            threshold=0.5,
            training=Training(
                data=" ".join(filter(None, [word, plan.data or "cohort"])),
                simulated=plan.simulated,
                outcome=plan.shown.endpoints[0],
                share=float(np.nanmean(learned.outcomes[:, 0, 1])),
                patients=len(learned),
                days=(float(span.min()), float(span.max())),
                digests=tuple(learned.digests()),
                metrics={"Harrell C of validation patients": _concordance(held_out[seen], cases.subset(seen))},
            ),
            description=networks()[plan.architecture.name].citation,
            task=SURVIVAL.name,
        )

    def held_out_table(self, cases, held_out, facts):
        rows = np.flatnonzero(np.isfinite(held_out))
        columns = {"participant_id": [cases.ids[n] for n in rows]} | _truth(cases.subset(rows))
        return Table(columns | {"risk": held_out[rows].tolist()}, {"time": "months"})

    def shown_as_json(self, shown):
        from ..bundle.graph_metadata import graphs_as_json

        return graphs_as_json(shown)

    def shown_from_json(self, read):
        from ..bundle.graph_metadata import graphs_from_json

        return graphs_from_json(read)

    def data_format(self, facts):
        from ..bundle.graph_metadata import data_format

        return data_format(facts)

    def title(self, facts):
        return f"risk and time of {' and '.join(facts.shown.endpoints)}"

    def in_words(self, facts):
        from ..bundle.graph_metadata import in_words

        return in_words(facts)

    def page(self, facts):
        return [f"- Takes {'; '.join(self.in_words(facts))}"]

    def told(self, scores):
        return scores[:, 0, 0]

    def example(self, facts, seed, patients):
        from ..cases.graph_batch import random_graphs

        return random_graphs(facts, seed, patients)

    def size(self, facts):
        from ...steps.structures.graph_arrays import LESION_FEATURES, MOST_LESIONS

        return facts.visits[1] * MOST_LESIONS * (len(LESION_FEATURES) + MOST_LESIONS)

    def assessed(self, bundle, cohort, rows, *, label, cache, device, context):
        shown = replace(bundle.facts.shown, endpoints=tuple(label.split(","))) if label else bundle.facts.shown
        from ..hazards.predicted import predicted_columns

        cases = self.cases(cohort, shown, bundle.facts.covariates, label, cache=cache, context=context, rows=rows)
        bundle.refuse_seen(cases)
        scores = np.mean([_scores(network, cases, device) for network in bundle.networks], axis=0)
        columns = {"participant_id": cases.ids} | _truth(cases) | predicted_columns(scores, bundle.facts.shown.horizons)
        return Table(columns, {"time": "months", "expected time": "months"}, "predictions"), _few_visits(bundle, cases)

    def truth_column(self, cohort, facts):
        from ..cases.endpoints import endpoints_of

        return endpoints_of(cohort, facts.shown.endpoints[0])[0]

    def picture(self, path, table, result):
        from ...pictures.figures import draw_curves, new_figure, save_figure

        charts = [name for name in ("survival_by_risk", "calibration", "error", "decision_curve") if name in result]
        figure = new_figure(11, 8)
        for axes, name in zip(figure.subplots(2, 2).flat, charts):
            draw_curves(axes, result[name], name.replace("_", " "))
        save_figure(figure, path)


SURVIVAL = Survival()


def _scores(network, cases, device: str) -> np.ndarray:
    from ..inference.graphs import scores_of

    return scores_of(network.to(device), cases, device)


def _truth(cases) -> dict[str, list]:
    known = cases.outcomes[:, 0]
    return {
        "time": known[:, 0].tolist(),
        "event": ["" if np.isnan(event) else int(event) for event in known[:, 1]],
    }


def _concordance(risk: np.ndarray, cases) -> float:
    known = np.isfinite(cases.outcomes[:, 0]).all(axis=1)
    outcomes = Outcomes(cases.outcomes[known, 0, 0], cases.outcomes[known, 0, 1])
    return float(harrell_c(outcomes, risk[known])[0])


def _for_data(plan, covariates):
    """The architecture with what follows from the data."""
    from ..registry import settings_of

    architecture = plan.architecture
    known = {f.name for f in fields(settings_of(architecture.name, architecture.preset, architecture.arguments))}
    shown = plan.shown
    given = {"steps": shown.steps, "step_months": shown.step_months, "endpoints": len(shown.endpoints)}
    given |= {"levels": [len(c.levels) for c in covariates]}
    if "levels" not in known and plan.covariates:
        raise ParameterError(
            "E-PARAMETER", f"{architecture.name} looks at no covariates", fix="Leave --covariates out."
        )
    arguments = {**architecture.arguments, **{k: v for k, v in given.items() if k in known}}
    return replace(architecture, arguments=arguments)


def _few_visits(bundle, cases) -> tuple[Finding, ...]:
    fewest, most = bundle.facts.visits
    counts = cases.observed.sum(axis=1)
    other = int(((counts < fewest) | (counts > most)).sum())
    if not other:
        return ()
    text = f"{counted(other, 'patient has', 'patients have')} another number of visits than those of training"
    return (Finding("W-VISITS", Severity.WARN, text, bundle.name),)
