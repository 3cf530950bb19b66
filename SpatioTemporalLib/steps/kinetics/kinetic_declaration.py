"""What the kinetic analyses have in common: inputs, parameters and outputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ...data.curve import Curve, Table
from ...data.result import Display
from ...data.series import Series
from ...data.volumes import Code, LabelMap, Map
from ...declare import Advanced, Help, Input, Output, Range, Unit
from ..arterial_input.input_function import InputFunctionParameters
from ..conversion.concentration import B1_MAP, ConcentrationParameters
from .delay import DelayParameters, FrameWeightParameters

DYNAMIC_SERIES = Input(
    "series",
    Series,
    min_frames=3,
    intervals=(0.1, 900.0),
    made_for=("dce", "ct_perfusion"),
    results=("concentration",),
    help="Dynamic T1-weighted series: signal of a spoiled gradient echo, or concentration in mmol/L.",
)
MASK = Input(
    "mask",
    LabelMap,
    optional=True,
    results=("regions", "tumour"),
    help="Voxels to compute; each label is a region of its own in the table.",
)
RELAXATION_MAPS = (
    Input(
        "t1_map",
        Map,
        unit="s",
        optional=True,
        range=(0.01, 10.0),
        results=("t1",),
        help="T1 before contrast, voxel by voxel.",
    ),
    B1_MAP,
)

KINETIC_INPUTS = (
    DYNAMIC_SERIES,
    MASK,
    *RELAXATION_MAPS,
    Input(
        "aif",
        Curve,
        optional=True,
        # The input functions of fits are those of plasma.
        results=("kinetics.arterial_input_function:input_function",),
        help="Arterial input function in mmol/L (blood, unless curve_is says plasma).",
    ),
    Input(
        "aif_mask",
        LabelMap,
        optional=True,
        results=("artery",),
        help="Voxels of an artery in which the input function is measured.",
    ),
)

QUANTITIES = {
    "ktrans": (
        "1/min",
        "Volume transfer constant.",
        Display((0, 0.5), "inferno", Code("126312", "DCM", "Ktrans"), "Ktrans"),
    ),
    "kep": (
        "1/min",
        "Efflux rate constant, Ktrans / ve.",
        Display((0, 2), "plasma", Code("126313", "DCM", "kep"), "kep"),
    ),
    "ve": (
        "1",
        "Volume fraction of the extravascular extracellular space.",
        Display((0, 0.6), "viridis", Code("126314", "DCM", "ve"), "ve"),
    ),
    "vp": ("1", "Plasma volume fraction.", Display((0, 0.2), "magma", Code("126331", "DCM", "vp"), "vp")),
    "v": ("1", "Volume fraction that the input flows through.", Display((0, 0.6), "viridis", symbol="v")),
    "fp": ("mL/100mL/min", "Plasma flow.", Display((0, 100), "inferno", symbol="Fp")),
    "mtt": (
        "s",
        "Mean time that plasma takes through the capillaries, vp / fp.",
        Display((0, 20), "viridis", symbol="Tc"),
    ),
    "arterial_fraction": ("1", "Part of the flow that comes from the artery.", Display((0, 1), "magma", symbol="fA")),
    "arterial_delay": ("s", "How much later than in the artery the tissue is reached.", Display((0, 15), symbol="tA")),
    "portal_delay": (
        "s",
        "How much later than in the portal vein tissue is reached.",
        Display((0, 15), symbol="tP"),
    ),
    "khe": ("1/min", "Rate of uptake into hepatocytes.", Display((0, 0.3), "inferno", symbol="khe")),
    "kbh": ("1/min", "Rate of excretion from hepatocytes into bile.", Display((0, 0.05), "plasma", symbol="kbh")),
    "tau_i": ("s", "Mean time that water stays in a cell.", Display((0, 2), "cividis", symbol="τi")),
    "ps": ("1/min", "Permeability-surface area product.", Display((0, 0.5), "plasma", symbol="PS")),
}
DELAY = Output(
    "delay", Map, unit="s", help="How much later than the input function the tissue is reached.", optional=True
)
ARTERY_FOUND = Output(
    "artery",
    LabelMap,
    help="The voxels taken for the artery, where it was detected.",
    optional=True,
    anywhere=True,
)


@dataclass(frozen=True)
class KineticParameters(FrameWeightParameters, DelayParameters, ConcentrationParameters, InputFunctionParameters):
    """Parameters that every kinetic model takes."""


@dataclass(frozen=True)
class ExchangeParameters(KineticParameters):
    """Bounds of the models with flow, permeability and both volumes."""

    fp_max: Annotated[
        float, Unit("mL/100mL/min"), Range(10, 1000), Help("Upper bound of the plasma flow."), Advanced()
    ] = 200.0
    ps_max: Annotated[float, Unit("1/min"), Range(0.1, 20), Help("Upper bound of PS."), Advanced()] = 5.0
    ve_max: Annotated[float, Range(0.1, 1), Help("Upper bound of ve; 1 is the physical limit."), Advanced()] = 1.0
    vp_max: Annotated[float, Range(0.01, 1), Help("Upper bound of vp; 1 is the physical limit."), Advanced()] = 1.0


def kinetic_outputs(*parameters: str, optional: bool = False) -> tuple[Output, ...]:
    """The outputs of a kinetic model with these fitted or derived parameters, which may be `optional`."""
    maps = []
    for name in parameters:
        unit, text, display = QUANTITIES[name]
        maps.append(Output(name, Map, unit=unit, help=text, display=display, optional=optional))
        maps.append(
            Output(
                f"{name}_se",
                Map,
                unit=unit,
                help=f"Standard error of {name} from the residuals; errors of T1, baseline and input are not in it.",
                display=Display(None, "gray", symbol=f"SE({display.symbol})"),
                optional=optional,
            )
        )
    return (
        *maps,
        Output("r2", Map, unit="1", help="Part of the curve's variance the model explains.", display=Display((0, 1))),
        Output("rmse", Map, unit="mmol/L", help="Root mean square of the residuals.", display=Display(None, "gray")),
        DELAY,
        Output("fit_status", LabelMap, help="Why each voxel has the values it has."),
        ARTERY_FOUND,
        Output("curves", Curve, help="Mean concentration of each region, and the model fitted to it."),
        Output("input_function", Curve, help="Plasma concentration used as input."),
        Output("statistics", Table, help="Each region's voxels and the distribution of each parameter."),
    )
