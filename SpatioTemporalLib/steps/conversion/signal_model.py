"""What the signal of a series says about concentration: the models to choose from, and their parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.series import Series
from ...declare import Advanced, Choices, Help, Range, Unit
from ...errors import Finding, InputError, Severity
from ...numerics.arrays import namespace
from ...numerics.relaxation.spoiled_gradient_echo import LogSignal, concentration_from_signal, concentration_with_decay
from ..relaxation.literature_relaxation import AGENTS, CUSTOM, TISSUES, relaxivity_of

CONCENTRATION_UNIT = "mmol/L"
ATTENUATION_UNIT = "HU"
GRADIENT_ECHO = "spoiled gradient echo"
WITH_DECAY = "spoiled gradient echo with T2*"
SATURATION_RECOVERY = "saturation recovery"
LINEAR = "linear (semi-quantitative)"
RELATIVE = "relative enhancement (semi-quantitative)"
CT = "CT"


@dataclass(frozen=True)
class SignalParameters:
    """What turns signal into concentration."""

    signal_model: Annotated[
        str,
        Choices(GRADIENT_ECHO, WITH_DECAY, SATURATION_RECOVERY, LINEAR, RELATIVE, CT),
        Help(
            "How signal depends on concentration. The first three are exact inverses of the sequence. Linear takes "
            "relative enhancement over T1 and relaxivity, and relative enhancement takes 100 % for 1 mmol/L: with "
            "these two all results are semi-quantitative. CT takes the change of attenuation; series in HU always do."
        ),
    ] = GRADIENT_ECHO
    tissue: Annotated[
        str,
        Choices(CUSTOM, *TISSUES),
        Help("Take T1 before contrast from the literature for this tissue and field; custom takes t1_baseline."),
    ] = CUSTOM
    t1_baseline: Annotated[
        float, Unit("s"), Range(0.01, 10), Help("T1 of tissue before contrast, used where no T1 map is given.")
    ] = 1.4
    agent: Annotated[
        str,
        Choices(CUSTOM, *AGENTS),
        Help("Take r1 in whole blood from the literature for this agent and field; custom takes relaxivity."),
    ] = CUSTOM
    relaxivity: Annotated[
        float,
        Unit("1/(mM s)"),
        Range(0.5, 30),
        Help("Longitudinal relaxivity r1 of the agent at the field strength used."),
    ] = 4.5
    flip_angle: Annotated[
        float | None, Unit("deg"), Range(0.5, 120), Help("Flip angle; taken from the series when left empty.")
    ] = None
    repetition_time: Annotated[
        float | None, Unit("s"), Range(0.0005, 5), Help("Repetition time TR; taken from the series when left empty.")
    ] = None
    field_strength: Annotated[
        float | None,
        Unit("T"),
        Range(0.1, 12),
        Help("Field strength for agent and tissue; taken from the series when left empty."),
        Advanced(),
    ] = None
    echo_time: Annotated[
        float | None,
        Unit("s"),
        Range(0.0001, 0.2),
        Help("Echo time TE, for the model with T2*; taken from the series when left empty."),
        Advanced(),
    ] = None
    r2star_relaxivity: Annotated[
        float | None,
        Unit("1/(mM s)"),
        Range(0.5, 200),
        Help("Change of R2* with concentration, for the model with T2*; it has to be given there."),
        Advanced(),
    ] = None
    recovery_time: Annotated[
        float | None,
        Unit("s"),
        Range(0.005, 10),
        Help("From the saturation pulse to the centre of k-space, for saturation recovery; it has to be given there."),
        Advanced(),
    ] = None
    attenuation_per_concentration: Annotated[
        float,
        Unit("HU/mM"),
        Range(0.1, 50),
        # About 25 HU for 1 mg/mL of iodine at 120 kV; 1 mmol/L of iodine is 0.127 mg/mL.
        Help("CT: by how much 1 mmol/L of iodine raises attenuation; it cancels where the artery is measured."),
        Advanced(),
    ] = 3.2


@dataclass(frozen=True)
class SignalModel:
    """How curves of signal become concentration.

    convert : from (T, n) signals, (n,) baselines, (n,) R1 before contrast in 1/s
    and the flip angle reached over the nominal one, (T, n) concentrations and
    where the signal is above what any concentration gives.
    unit : of what `convert` gives.
    log_signal : from (n,) R1 before contrast and the flip angle reached over the
    nominal one, what gives the logarithm of signal over baseline at a
    concentration; None for the models that are no exact inverse of a sequence.
    needs_positive_baseline : whether signal counts relative to its baseline.
    findings : what a reader of the results has to know.
    """

    convert: Callable
    unit: str = CONCENTRATION_UNIT
    log_signal: Callable[[np.ndarray, np.ndarray], LogSignal] | None = None
    needs_positive_baseline: bool = True
    findings: tuple[Finding, ...] = ()


def signal_model_for(series: Series, parameters: SignalParameters) -> SignalModel:
    """The model that the parameters choose, with what it needs to know of the series.

    Raises
    ------
    InputError
        ``E-ACQUISITION`` when something it needs is not known, ``E-FIELD`` when
        nothing is published for the agent at the field used.
    """
    builders = {
        GRADIENT_ECHO: _gradient_echo,
        WITH_DECAY: _gradient_echo_with_decay,
        SATURATION_RECOVERY: _saturation_recovery,
        LINEAR: _linear,
        RELATIVE: _relative,
        CT: _attenuation,
    }
    name = CT if series.unit == ATTENUATION_UNIT else parameters.signal_model
    return builders[name](series, parameters)


def _gradient_echo(series: Series, parameters) -> SignalModel:
    relaxivity, findings = relaxivity_of(series, parameters)
    flip_angle = _fact("flip_angle", "flip angle in degrees", series, parameters)
    repetition_time = _fact("repetition_time", "repetition time TR in s", series, parameters)

    def convert(signal, baseline, r1_baseline, b1):
        return concentration_from_signal(
            signal,
            baseline,
            r1_baseline,
            flip_angle=_reached(flip_angle, b1),
            repetition_time=repetition_time,
            relaxivity=relaxivity,
        )

    def log_signal(r1_baseline, b1):
        return LogSignal(repetition_time, relaxivity, r1_baseline, _cosine(flip_angle, b1), 0.0)

    return SignalModel(convert, log_signal=log_signal, findings=findings)


def _gradient_echo_with_decay(series: Series, parameters) -> SignalModel:
    relaxivity, findings = relaxivity_of(series, parameters)
    facts = {
        "repetition_time": _fact("repetition_time", "repetition time TR in s", series, parameters),
        "echo_time": _fact("echo_time", "echo time TE in s", series, parameters),
        "r2star_relaxivity": _fact("r2star_relaxivity", "relaxivity of R2* in 1/(mM s)", series, parameters),
        "relaxivity": relaxivity,
    }
    flip_angle = _fact("flip_angle", "flip angle in degrees", series, parameters)

    def convert(signal, baseline, r1_baseline, b1):
        return concentration_with_decay(signal, baseline, r1_baseline, flip_angle=_reached(flip_angle, b1), **facts)

    def log_signal(r1_baseline, b1):
        decay = facts["echo_time"] * facts["r2star_relaxivity"]
        return LogSignal(facts["repetition_time"], relaxivity, r1_baseline, _cosine(flip_angle, b1), decay)

    return SignalModel(convert, log_signal=log_signal, findings=findings)


def _saturation_recovery(series: Series, parameters) -> SignalModel:
    relaxivity, findings = relaxivity_of(series, parameters)
    recovery_time = _fact("recovery_time", "recovery time in s", series, parameters)

    def convert(signal, baseline, r1_baseline, b1):
        # The steady state of a train of 90 degree pulses is the recovery after one.
        return concentration_from_signal(
            signal, baseline, r1_baseline, flip_angle=90.0, repetition_time=recovery_time, relaxivity=relaxivity
        )

    def log_signal(r1_baseline, b1):
        return LogSignal(recovery_time, relaxivity, r1_baseline, np.zeros_like(r1_baseline), 0.0)

    return SignalModel(convert, log_signal=log_signal, findings=findings)


def _linear(series: Series, parameters) -> SignalModel:
    relaxivity, findings = relaxivity_of(series, parameters)

    def convert(signal, baseline, r1_baseline, b1):
        relative, nowhere = _relative_enhancement(signal, baseline)
        return relative * r1_baseline / relaxivity, nowhere

    text = "concentration is relative enhancement over T1 and relaxivity, which holds for small concentrations only"
    return SignalModel(convert, findings=(*findings, _semi_quantitative(text, series)))


def _relative(series: Series, parameters) -> SignalModel:
    text = "relative enhancement stands for concentration, 100 % for 1 mmol/L"
    return SignalModel(
        lambda signal, baseline, r1_baseline, b1: _relative_enhancement(signal, baseline),
        unit="1",
        findings=(_semi_quantitative(text, series),),
    )


def _attenuation(series: Series, parameters) -> SignalModel:
    slope = parameters.attenuation_per_concentration

    def convert(signal, baseline, r1_baseline, b1):
        change = (signal - baseline) / slope
        return change, _nowhere(change)

    text = f"the change of attenuation was divided by {slope:g} HU/mM"
    finding = Finding("W-ATTENUATION", Severity.WARN, text, series.name)
    return SignalModel(convert, needs_positive_baseline=False, findings=(finding,))


def _relative_enhancement(signal, baseline):
    xp = namespace(signal)
    usable = baseline > 0
    relative = xp.where(usable, signal / xp.where(usable, baseline, 1.0) - 1, np.nan)
    return relative, _nowhere(relative)


def _nowhere(concentration):
    # A straight line has a concentration for every signal.
    return concentration > np.inf


def _semi_quantitative(text: str, series: Series) -> Finding:
    return Finding(
        "W-SEMI-QUANTITATIVE",
        Severity.WARN,
        f"{text}: all concentrations, and the volumes, flows and transfer constants from them, are semi-quantitative",
        series.name,
    )


def _reached(flip_angle: float, b1) -> np.ndarray:
    return flip_angle * np.where(b1 > 0, b1, np.nan)


def _cosine(flip_angle: float, b1) -> np.ndarray:
    return np.cos(np.deg2rad(_reached(flip_angle, b1)))


def _fact(name: str, words: str, series: Series, parameters) -> float:
    given = getattr(parameters, name)
    value = getattr(series.acquisition, name, None) if given is None else given
    if value is None:
        raise InputError(
            "E-ACQUISITION",
            f"the {words} is not known, and it is needed to turn signal into concentration",
            where=series.name,
            fix=f"Set the parameter {name} (--set {name}=...), or give a series in {CONCENTRATION_UNIT}.",
        )
    return value
