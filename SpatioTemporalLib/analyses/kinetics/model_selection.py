"""Which kinetic model each voxel supports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.curve import Table
from ...data.result import Display
from ...data.volumes import Label, LabelMap, Map
from ...declare import Advanced, Choices, Help, Output, Range, analysis
from ...errors import InputError, ParameterError
from ...steps.kinetics.kinetic_declaration import KINETIC_INPUTS, KineticParameters, kinetic_outputs
from ...steps.kinetics.kinetic_fit import fit_kinetic_model
from ...steps.kinetics.model_choice import CHOICE, WEIGHT, Candidate, choosing_model, no_uptake_model
from ...steps.kinetics.patlak_fit import patlak_model
from ...steps.kinetics.tofts_fit import tofts_model
from ...steps.kinetics.two_compartment_fit import two_compartment_model
from ...steps.voxels.regions import region_names

QUANTITIES = ("ktrans", "ve", "vp", "fp", "ps")


@dataclass(frozen=True)
class ModelSelectionParameters(KineticParameters):
    criterion: Annotated[
        str,
        Choices("AICc", "BIC", "F test"),
        Help(
            "AICc: Akaike's criterion corrected for few frames; BIC: the Bayesian one, which favours smaller models; "
            "F test: the smallest model that none which contains it improves significantly."
        ),
    ] = "AICc"
    no_uptake: Annotated[bool, Help("Nothing but noise: no contrast agent arrives.")] = True
    patlak: Annotated[bool, Help("Patlak model: plasma, and leakage that does not return.")] = True
    tofts: Annotated[bool, Help("Tofts model: leakage that returns, plasma neglected.")] = True
    extended_tofts: Annotated[bool, Help("Extended Tofts model: plasma, and leakage that returns.")] = True
    two_compartment_uptake: Annotated[bool, Help("Plasma filled at a finite flow, and leakage without return.")] = True
    two_compartment_exchange: Annotated[bool, Help("Plasma filled at a finite flow, and leakage that returns.")] = True
    significance: Annotated[float, Range(1e-6, 0.5), Help("Level of the F tests."), Advanced()] = 0.01


def _candidates() -> tuple[tuple[str, Candidate], ...]:
    """Every model by the parameter that asks for it, with the bounds that its own analysis has by default."""
    tofts = tofts_model(kep_bounds=(1e-3, 50.0), ve_max=1.0, vp_max=None)
    extended = tofts_model(kep_bounds=(1e-3, 20.0), ve_max=1.0, vp_max=1.0)
    uptake = two_compartment_model(fp_max=200.0, ps_max=5.0, vp_max=1.0)
    exchange = two_compartment_model(fp_max=200.0, ps_max=5.0, ve_max=1.0, vp_max=1.0)
    patlak = patlak_model(ktrans_max=5.0, vp_max=1.0)
    return (
        ("no_uptake", Candidate(1, Label("no uptake", (0.55, 0.55, 0.55)), no_uptake_model())),
        ("patlak", Candidate(2, Label("Patlak", (0.30, 0.55, 0.90)), patlak, (1,))),
        ("tofts", Candidate(3, Label("Tofts", (0.30, 0.70, 0.45)), tofts, (1,))),
        ("extended_tofts", Candidate(4, Label("extended Tofts", (0.95, 0.75, 0.25)), extended, (1, 2, 3))),
        ("two_compartment_uptake", Candidate(5, Label("two-compartment uptake", (0.70, 0.45, 0.80)), uptake, (1, 2))),
        (
            "two_compartment_exchange",
            Candidate(6, Label("two-compartment exchange", (0.85, 0.25, 0.25)), exchange, (1, 2, 3, 4, 5)),
        ),
    )


@analysis(
    id="kinetics.model_selection",
    title="Kinetic model selection",
    citation="Ewing & Bagher-Ebadian, Model selection in measures of vascular parameters using dynamic "
    "contrast-enhanced MRI: experimental and clinical applications, NMR Biomed 26:1028-1041 (2013); Burnham & "
    "Anderson, Model Selection and Multimodel Inference, 2nd ed., Springer (2002)",
    inputs=KINETIC_INPUTS,
    outputs=(
        Output(CHOICE, LabelMap, help="The model that each voxel supports."),
        Output(
            WEIGHT,
            Map,
            unit="1",
            help="Akaike weight of the chosen model among the candidates (by BIC where that is the criterion); "
            "near one nothing else fits as well.",
            display=Display((0, 1), "cividis", symbol="w"),
        ),
        *kinetic_outputs(*QUANTITIES, optional=True),
        Output("models", Table, help="Voxels of each region that support each model."),
    ),
    parameters=ModelSelectionParameters,
)
def model_selection(series, mask=None, t1_map=None, b1_map=None, aif=None, aif_mask=None, *, parameters, context):
    r"""For each voxel the simplest model that its curve needs, with the parameters of that model.

    Notes
    -----
    .. math:: AIC_c = n \ln \frac{RSS}{n} + 2 k + \frac{2 k (k + 1)}{n - k - 1}

    n frames, k parameters with the variance, RSS the sum of the squared residuals. BIC takes k ln n in the place of
    what follows the first term; the F test goes to a larger model only while it fits better than chance. The weight
    is that of the chosen model among all that were fitted.
    """
    candidates = _ticked(parameters, series)
    model = choosing_model(candidates, criterion=parameters.criterion, significance=parameters.significance)
    inputs = {"mask": mask, "t1_map": t1_map, "b1_map": b1_map, "aif": aif, "aif_mask": aif_mask}
    found = fit_kinetic_model(model, series, parameters=parameters, context=context, **inputs)
    codes = np.nan_to_num(found.pop(CHOICE)).astype(np.uint8)
    names = {candidate.code: candidate.label for candidate in candidates}
    regions = mask or LabelMap((codes > 0).astype(np.uint8), series.geometry, {1: Label("fitted voxels")})
    # No voxel's model has them, or none has an error.
    empty = {name for name in _names() if name in found and not np.isfinite(found[name]).any()}
    unwanted = {f"{CHOICE}_se", f"{WEIGHT}_se", "kep", "kep_se"} | empty
    return {
        **{name: value for name, value in found.items() if name not in unwanted},
        "statistics": _without(found["statistics"], {CHOICE, "kep"}),
        CHOICE: LabelMap(codes, series.geometry, names, CHOICE),
        "models": _counts(codes, names, regions),
    }


def _names() -> list[str]:
    return [*QUANTITIES, *(f"{name}_se" for name in QUANTITIES)]


def _ticked(parameters, series) -> list[Candidate]:
    if parameters.delay == "fit":
        raise ParameterError(
            "E-PARAMETER",
            "delay = 'fit' gives each model a delay of its own, and models cannot be compared on different inputs",
            fix="Shift the input function by a delay found with one of the models, and use delay = none.",
        )
    candidates = [candidate for name, candidate in _candidates() if getattr(parameters, name)]
    if len(candidates) < 2:
        raise ParameterError(
            "E-PARAMETER", f"{len(candidates)} model is ticked, and there is nothing to choose from", fix="Tick two."
        )
    most = max(candidate.model.degrees for candidate in candidates)
    if series.frame_count <= most + 2:
        raise InputError(
            "E-FRAMES",
            f"{series.frame_count} frames cannot tell models of up to {most} parameters apart; "
            f"{most + 3} or more are needed",
            where=series.name,
            fix="Choose the whole dynamic series, or smaller models.",
        )
    return candidates


def _without(table: Table, quantities: set[str]) -> Table:
    kept = [n for n, quantity in enumerate(table.columns["quantity"]) if quantity not in quantities]
    return Table({name: [v[n] for n in kept] for name, v in table.columns.items()}, table.units, table.name)


def _counts(codes: np.ndarray, names: dict[int, Label], regions: LabelMap) -> Table:
    rows = []
    for value, region in region_names(regions).items():
        inside = codes[regions.region(value) & (codes > 0)]
        for code, label in names.items():
            count = int(np.count_nonzero(inside == code))
            rows.append((region, label.name, count, 100 * count / max(inside.size, 1)))
    columns = dict(zip(("region", "model", "voxels", "part"), map(list, zip(*rows))))
    return Table(columns, {"part": "%"}, "chosen models")
