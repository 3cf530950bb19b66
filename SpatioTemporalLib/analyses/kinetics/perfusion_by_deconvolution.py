"""Perfusion without a model of the tissue: DSC-MRI, and any first pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.curve import Curve, Table
from ...data.result import Display
from ...data.series import Series
from ...data.volumes import Label, LabelMap, Map
from ...declare import Advanced, Choices, Help, Input, Output, Range, Unit, analysis
from ...numerics.bolus.deconvolution import circulant_residues, standard_residues, tikhonov_residues
from ...numerics.bolus.first_pass import perfusion, remaining_part, uniform_axis
from ...numerics.kinetics.leakage import without_leakage
from ...steps.arrival.baseline import BaselineParameters
from ...steps.arterial_input.artery import ArteryParameters
from ...steps.bolus.first_pass import (
    LARGE_REST,
    arterial_first_pass,
    detected_artery,
    reference_without_leakage,
    tissue_cut_off,
)
from ...steps.kinetics.kinetic_declaration import ARTERY_FOUND, MASK
from ...steps.voxels.fit_status import FitStatus, status_map
from ...steps.voxels.regions import distribution_table, region_curves
from ...steps.voxels.voxelwise import map_voxels

UNITS = {"cbf": "mL/100g/min", "cbv": "mL/100g", "mtt": "s", "tmax": "s"}


@dataclass(frozen=True)
class DeconvolutionParameters(ArteryParameters, BaselineParameters):
    method: Annotated[
        str,
        Choices("oSVD", "sSVD", "Tikhonov"),
        Help("oSVD and Tikhonov do not mind tissue that is reached before or long after the artery; sSVD does."),
    ] = "oSVD"
    oscillation_limit: Annotated[
        float, Range(0.005, 0.5), Help("oSVD: largest oscillation index of a residue function."), Advanced()
    ] = 0.035
    singular_value_threshold: Annotated[
        float, Range(0.01, 0.9), Help("sSVD: singular values below this part of the largest are left out."), Advanced()
    ] = 0.2
    regularisation: Annotated[
        float,
        Range(0.001, 0.9),
        Help("Tikhonov: the filter's corner, as part of the largest singular value."),
        Advanced(),
    ] = 0.05
    leakage_correction: Annotated[
        str,
        Choices("none", "Boxerman-Weisskoff"),
        Help(
            "Boxerman-Weisskoff: take away what leaks out of the vessels during the pass, by the mean curve of the "
            "voxels that are back at their baseline at the end."
        ),
    ] = "none"
    hematocrit_large: Annotated[float, Range(0, 0.7), Help("Hematocrit in the artery."), Advanced()] = 0.45
    hematocrit_small: Annotated[float, Range(0, 0.7), Help("Hematocrit in capillaries."), Advanced()] = 0.25
    density: Annotated[
        float, Unit("g/mL"), Range(0.9, 1.2), Help("Of tissue; 1 gives flow and volume for 100 mL."), Advanced()
    ] = 1.04


@analysis(
    id="kinetics.perfusion_by_deconvolution",
    title="Perfusion by deconvolution (DSC)",
    citation="Wu et al., Tracer arrival timing-insensitive technique for estimating flow in MR perfusion-weighted "
    "imaging using singular value decomposition with a block-circulant deconvolution matrix, Magn Reson Med "
    "50:164-174 (2003)",
    inputs=[
        Input(
            "series",
            Series,
            min_frames=8,
            intervals=(0.1, 60.0),
            made_for=("dsc", "ct_perfusion"),
            help="Dynamic T2*-weighted series of a first pass; or concentration, change of R2* in 1/s, or HU.",
        ),
        Input(
            "aif_mask",
            LabelMap,
            optional=True,
            help="Voxels of an artery, in which the input function is measured; detected where none are given.",
        ),
        MASK,
    ],
    outputs=[
        Output("cbf", Map, unit="mL/100g/min", help="Blood flow.", display=Display((0, 80), "inferno", symbol="CBF")),
        Output("cbv", Map, unit="mL/100g", help="Blood volume.", display=Display((0, 8), "magma", symbol="CBV")),
        Output("mtt", Map, unit="s", help="Mean transit time.", display=Display((0, 12), "viridis", symbol="MTT")),
        Output(
            "tmax",
            Map,
            unit="s",
            help="When the residue function is largest: the delay between artery and tissue.",
            display=Display((0, 12), "plasma", symbol="Tmax"),
        ),
        Output(
            "leakage",
            Map,
            unit="1/s",
            help="Leakage K2 that was corrected for: positive where T1 shortening hides the fall of the signal.",
            display=Display((-0.01, 0.01), "coolwarm", symbol="K2"),
            optional=True,
        ),
        ARTERY_FOUND,
        Output("fit_status", LabelMap, help="Why each voxel has the values it has."),
        Output("curves", Curve, help="Mean first pass of the artery and of each region."),
        Output("statistics", Table, help="Each region's voxels and the distribution of each measure."),
    ],
    parameters=DeconvolutionParameters,
)
def perfusion_by_deconvolution(series, aif_mask=None, mask=None, *, parameters, context):
    r"""Flow, volume, transit time and delay from the first pass of contrast, by deconvolution with the artery.

    Notes
    -----
    .. math:: C(t) = CBF \int_0^t C_a(\tau) \, R(t - \tau) \, d\tau, \quad CBV = \frac{\int C \, dt}{\int C_a \, dt},
        \quad MTT = \frac{CBV}{CBF}

    R is the residue function, what is left in the tissue of a bolus; CBF is its largest value after deconvolution,
    Tmax the time of that. Flow and volume are corrected for the hematocrits and the density of tissue.
    """
    found = detected_artery(series, parameters, context) if aif_mask is None else None
    conversion, artery, findings = arterial_first_pass(series, aif_mask or found, parameters)
    axis = uniform_axis(series.times)
    input_curve = axis.resampled(artery[:, None])[:, 0]
    corrected = parameters.leakage_correction != "none"
    reference = reference_without_leakage(series, conversion, mask, context) if corrected else None

    def measure(curves, index):
        tissue, reason = conversion(curves)
        leakage = without_leakage(series.times, tissue, reference) if corrected else None
        tissue = leakage.corrected if corrected else tissue
        residues = _residues(input_curve, axis.resampled(tissue), axis.step, parameters)
        measures = perfusion(residues, tissue, artery, series.times, axis.step, causal=parameters.method == "sSVD")
        maps = _in_units(measures, reason, parameters) | ({"leakage": leakage.leakage} if corrected else {})
        return maps | {"still": (remaining_part(tissue, conversion.baseline) > LARGE_REST).astype(np.uint8)}

    maps, nonfinite = map_voxels(measure, series.values, mask=mask, context=context, message="deconvolving")
    status = maps.pop("fit_status")
    status[nonfinite] = FitStatus.NONFINITE
    usable = status == FitStatus.FITTED
    findings += tissue_cut_off(maps.pop("still") > 0, usable, series)
    regions = mask or LabelMap(usable.astype(np.uint8), series.geometry, {1: Label("voxels with flow")})
    unit = series.unit if conversion.is_concentration else "1"
    curves = region_curves(series, regions, usable, lambda values, index: conversion(values)[0], unit)
    return {
        **{name: maps[name] for name in (*UNITS, *(["leakage"] if corrected else []))},
        "artery": found,
        "fit_status": status_map(status, series.geometry),
        "curves": (Curve(series.times, artery, unit, "artery"), *curves),
        "statistics": distribution_table(maps, regions, usable, UNITS) if curves else Table({"region": []}),
        "findings": findings,
    }


def _residues(artery, tissue, step, parameters) -> np.ndarray:
    if parameters.method == "sSVD":
        return standard_residues(artery, tissue, step, threshold=parameters.singular_value_threshold)
    if parameters.method == "Tikhonov":
        return tikhonov_residues(artery, tissue, step, regularisation=parameters.regularisation)
    return circulant_residues(artery, tissue, step, oscillation=parameters.oscillation_limit)


def _in_units(measures, reason, parameters) -> dict[str, np.ndarray]:
    # Contrast stays in plasma, of which capillary blood holds more than arterial blood does.
    plasma = (1 - parameters.hematocrit_large) / (1 - parameters.hematocrit_small) / parameters.density
    flow, volume, delay = measures
    perfused = (flow > 0) & (volume > 0) & (reason == 0)
    scaled = {
        "cbf": 100 * 60 * plasma * flow,
        "cbv": 100 * plasma * volume,
        "mtt": volume / np.where(perfused, flow, 1.0),
        "tmax": delay,
    }
    status = np.where(reason > 0, reason, np.where(perfused, FitStatus.FITTED, FitStatus.NO_UPTAKE))
    return {name: np.where(perfused, values, np.nan) for name, values in scaled.items()} | {
        "fit_status": status.astype(np.uint8)
    }
