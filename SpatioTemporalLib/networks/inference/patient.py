"""One patient seen by a trained network: probability, how sure it is, and what in which visit it rests on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy import special

from ...context import Context
from ...data.follow_up import FollowUp
from ...errors import Finding, InputError, ParameterError, Severity, counted
from ...steps.follow_up.covariates import coded
from ...steps.follow_up.visit_crops import VisitCrops, crop_visits
from ..bundle.facts import far_from_training, visits_in_words
from ..bundle.reading import Bundle, ensemble_logits
from ..cases.batch import Batch
from ..explanation.grad_cam import grad_cam
from ..explanation.integrated_gradients import integrated_gradients
from ..explanation.layer_cam import layer_cam
from ..explanation.occlusion import occlusion, visit_occlusion
from ..explanation.uncertainty import monte_carlo
from .prediction import automatic_device

INTERVAL = (2.5, 97.5)
CERTAIN = 1e-6


@dataclass(frozen=True)
class Wishes:
    """What is to be explained, and how.

    baseline : what integrated gradients compare with, see `baseline_images`.
    samples : of dropout, where the bundle holds a single network.
    """

    layer_cam: bool = True
    grad_cam: bool = False
    integrated_gradients: bool = True
    occlusion: bool = False
    baseline: str = "carry_forward"
    samples: int = 50
    device: str = "auto"


@dataclass(frozen=True, eq=False)
class Assessment:
    """What a network says of a patient.

    probability : of the outcome, calibrated. samples : (S,) the same of each
    member or sample, () where there is one answer only. spread_of : what the
    samples are. crops : what was looked at. influence : (T,) fall of the
    log-odds when a visit shows what its neighbour showed; NaN with one visit.
    maps : (T, K, J, I) by the name of the method. device : where.
    """

    probability: float
    samples: np.ndarray
    spread_of: str
    crops: VisitCrops
    influence: np.ndarray
    maps: dict[str, np.ndarray]
    device: str
    findings: tuple[Finding, ...]

    @property
    def interval(self) -> tuple[float, float]:
        """2.5th and 97.5th percentile of the samples; NaN without any."""
        if not len(self.samples):
            return float("nan"), float("nan")
        low, high = np.percentile(self.samples, INTERVAL)
        return float(low), float(high)


def assess(
    bundle: Bundle,
    follow_up: FollowUp,
    centres: Sequence[np.ndarray | None],
    covariates: Mapping[str, object],
    wishes: Wishes,
    context: Context,
) -> Assessment:
    """Probability, spread and explanation for one patient.

    Parameters
    ----------
    centres : where the nodule lies at each visit, or None; see `crop_visits`
    covariates : values by name; what is missing is told to the network as missing

    Raises
    ------
    InputError
        ``E-BUNDLE-VISITS`` for another number of visits than in training, and
        what `crop_visits` and `coded` raise.
    """
    _require_visits(bundle, len(follow_up.visits))
    _require_known(bundle, covariates)
    codes, known, odd = coded(bundle.facts.covariates, covariates)
    crops = crop_visits(follow_up, centres, bundle.facts.crops, context.part(0.0, 0.3))
    batch = _batch(crops, codes, known)
    findings = [*crops.findings, *odd, *_odd_interval(bundle, follow_up)]
    device = automatic_device(wishes.device)

    def work(device: str) -> dict[str, object]:
        return _looked_at(bundle, batch.to(device), wishes, context.part(0.3, 1.0), device)

    device, found = _on_device_or_cpu(work, device, findings)
    findings += found.pop("findings")
    context.used_device = device
    return Assessment(crops=crops, device=device, findings=tuple(findings), **found)


def _on_device_or_cpu(work: Callable[[str], dict], device: str, findings: list[Finding]) -> tuple[str, dict]:
    """What the work gives on a device, or on the processor where the device's memory does not suffice."""
    try:
        return device, work(device)
    except torch.cuda.OutOfMemoryError:
        torch.cuda.empty_cache()
        text = f"the memory of {device} did not suffice; computed on the processor instead"
        findings.append(Finding("W-DEVICE-MEMORY", Severity.WARN, text))
    return "cpu", work("cpu")


def _looked_at(bundle: Bundle, batch: Batch, wishes: Wishes, context: Context, device: str) -> dict[str, object]:
    networks = tuple(network.to(device) for network in bundle.networks)
    calibration = bundle.facts.calibration
    differences = ensemble_logits(networks, batch)[:, 0].double().cpu().numpy()
    context.progress(0.05, "probability")
    samples, spread_of, findings = _spread(bundle, networks, batch, differences, wishes, context)
    # The members of an ensemble are explained one by one, and the maps averaged as their logits are.
    maps: dict[str, list[np.ndarray]] = {}
    influence = []
    for n, network in enumerate(networks):
        part = context.part(0.2 + 0.8 * n / len(networks), 0.2 + 0.8 * (n + 1) / len(networks))
        for name, values in _explained(network, batch, wishes, part, findings).items():
            maps.setdefault(name, []).append(values)
        if int(batch.mask.sum()) > 1:
            influence.append(visit_occlusion(network, batch)[0].cpu().numpy())
    return {
        "probability": float(calibration.probability(differences.mean())),
        "samples": samples,
        "spread_of": spread_of,
        "influence": np.mean(influence, axis=0) if influence else np.full(batch.mask.shape[1], np.nan),
        "maps": {name: np.mean(several, axis=0) for name, several in maps.items()},
        "findings": findings,
    }


def _spread(bundle: Bundle, networks, batch: Batch, differences, wishes: Wishes, context: Context):
    calibration = bundle.facts.calibration
    if len(networks) > 1:
        return calibration.probability(differences), f"{len(networks)} networks trained alike", []
    try:
        probabilities = monte_carlo(
            networks[0],
            batch,
            wishes.samples,
            seed=context.seed,
            report=lambda fraction: context.progress(0.05 + 0.15 * fraction, "uncertainty"),
        )
    except ParameterError as error:
        if error.code != "E-EXPLAIN":
            raise
        note = Finding("N-NO-SPREAD", Severity.NOTE, f"no uncertainty: {error.message}", bundle.name)
        return np.empty(0), "", [note]
    drawn = special.logit(probabilities[:, 0].double().cpu().numpy().clip(CERTAIN, 1 - CERTAIN))
    return calibration.probability(drawn), f"{wishes.samples} samples of dropout, a lower bound", []


def _explained(network, batch: Batch, wishes: Wishes, context: Context, findings: list) -> dict[str, np.ndarray]:
    """Maps (T, K, J, I) by the name of the method."""
    maps = {}
    if wishes.integrated_gradients:
        # With one visit nothing is carried forward: what a blurred image lacks is asked instead.
        baseline = wishes.baseline if int(batch.mask.sum()) > 1 else "blurred"
        report = _reporter(context, 0.0, 0.5, "integrated gradients")
        found = integrated_gradients(network, batch, baseline, report=report)
        if not bool(found.complete[0]):
            text = (
                f"integrated gradients miss {100 * float(found.completeness_error[0]):.1f} % of the change they explain"
            )
            findings.append(Finding("W-COMPLETENESS", Severity.WARN, text))
        maps["integrated_gradients"] = _array(found.values.sum(dim=2))
    if wishes.layer_cam:
        context.progress(0.5, "LayerCAM")
        maps["layer_cam"] = _array(layer_cam(network, batch))
    if wishes.grad_cam:
        context.progress(0.5, "Grad-CAM")
        maps["grad_cam"] = _array(grad_cam(network, batch))
    if wishes.occlusion:
        size = [max(n // 4, 1) for n in batch.images.shape[3:]]
        maps["occlusion"] = _array(occlusion(network, batch, size, report=_reporter(context, 0.5, 1.0, "occlusion")))
    return maps


def _reporter(context: Context, low: float, high: float, message: str) -> Callable[[float], None]:
    return lambda fraction: context.progress(low + fraction * (high - low), message)


def _array(maps: torch.Tensor) -> np.ndarray:
    return maps[0].detach().float().cpu().numpy()


def _batch(crops: VisitCrops, codes: np.ndarray, known: np.ndarray) -> Batch:
    return Batch(
        torch.from_numpy(crops.images)[None],
        torch.from_numpy(crops.days.astype(np.float32))[None],
        torch.ones(1, len(crops.days), dtype=torch.bool),
        torch.from_numpy(codes)[None],
        torch.from_numpy(known)[None],
    )


def _require_visits(bundle: Bundle, count: int) -> None:
    fewest, most = bundle.facts.visits
    if not fewest <= count <= most:
        raise InputError(
            "E-BUNDLE-VISITS",
            f"{counted(count, 'visit was', 'visits were')} given, the bundle was trained with "
            f"{visits_in_words(bundle.facts.visits)}",
            where=bundle.name,
            fix="Choose as many visits, or another bundle.",
        )


def _require_known(bundle: Bundle, covariates: Mapping[str, object]) -> None:
    names = [covariate.name for covariate in bundle.facts.covariates]
    unknown = sorted(set(covariates) - set(names))
    if unknown:
        raise InputError(
            "E-COVARIATE",
            f"the bundle does not take {', '.join(unknown)}; it takes {', '.join(names) or 'no covariates'}",
            where=bundle.name,
            fix="Correct the names, or leave these out.",
        )


def _odd_interval(bundle: Bundle, follow_up: FollowUp) -> list[Finding]:
    low, high = bundle.facts.training.days
    span = float(follow_up.days[-1] - follow_up.days[0])
    if not far_from_training(bundle.facts.training, span):
        return []
    text = f"the visits are {span:.0f} days apart, those of training {low:.0f} to {high:.0f}"
    return [Finding("W-INTERVAL", Severity.WARN, text, bundle.name)]
