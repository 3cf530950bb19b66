"""Change of the transverse relaxation rate during a first pass (DSC-MRI)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from ...data.result import Display
from ...data.series import Series
from ...data.volumes import LabelMap
from ...declare import Help, Input, Output, Range, Unit, analysis
from ...errors import InputError
from ...steps.arrival.baseline import BaselineParameters, find_baseline
from ...steps.bolus.first_pass import FirstPass
from ...steps.kinetics.kinetic_declaration import MASK
from ...steps.voxels.fit_status import FitStatus, status_map
from ...steps.voxels.voxelwise import map_voxels


@dataclass(frozen=True)
class TransverseRelaxationParameters(BaselineParameters):
    echo_time: Annotated[
        float | None, Unit("s"), Range(0.001, 0.2), Help("Echo time TE; taken from the series when left empty.")
    ] = None


@analysis(
    id="kinetics.transverse_relaxation_change",
    title="Change of R2* (DSC)",
    citation="Rosen et al., Perfusion imaging with NMR contrast agents, Magn Reson Med 14:249-265 (1990)",
    inputs=[
        Input(
            "series",
            Series,
            min_frames=3,
            intervals=(0.1, 60.0),
            made_for=("dsc",),
            help="Dynamic T2*-weighted series, whose signal falls with contrast.",
        ),
        MASK,
    ],
    outputs=[
        Output(
            "delta_r2star",
            Series,
            unit="1/s",
            help="Change of R2* from the baseline, proportional to concentration in blood vessels.",
            display=Display((0, 30), "inferno", symbol="ΔR2*"),
        ),
        Output("fit_status", LabelMap, help="Why each voxel has the values it has."),
    ],
    parameters=TransverseRelaxationParameters,
)
def transverse_relaxation_change(series, mask=None, *, parameters, context):
    r"""Change of the transverse relaxation rate over time, from the logarithm of the signal over its baseline.

    Notes
    -----
    .. math:: \Delta R_2^* (t) = -\frac{1}{TE} \ln \frac{S(t)}{S_0}

    S0 is the mean of the baseline.
    """
    echo_time = series.acquisition.echo_time if parameters.echo_time is None else parameters.echo_time
    if echo_time is None:
        raise InputError(
            "E-ACQUISITION",
            "the echo time TE is not known, and the change of R2* depends on it",
            where=series.name,
            fix="Set the parameter echo_time in s (--set echo_time=...).",
        )
    baseline = find_baseline(series, mask, parameters, falling=True)
    first_pass = FirstPass(baseline.frames)

    def convert(curves, index):
        change, reason = first_pass(curves)
        usable = reason == 0
        status = np.where(usable, FitStatus.FITTED, reason).astype(np.uint8)
        return {"delta_r2star": np.where(usable, change / echo_time, np.nan), "fit_status": status}

    maps, nonfinite = map_voxels(convert, series.values, mask=mask, context=context, message="converting signal")
    status = maps["fit_status"]
    status[nonfinite] = FitStatus.NONFINITE
    return {
        "delta_r2star": replace(series, values=maps["delta_r2star"], unit="1/s", name="delta_r2star", findings=()),
        "fit_status": status_map(status, series.geometry),
        "findings": baseline.findings,
    }
