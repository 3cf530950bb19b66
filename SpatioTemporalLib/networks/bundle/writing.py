"""A trained network written as a bundle, whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
from torch import nn

from ...io.output.folder import output_folder
from ...system.packages import require
from ...version import DISTRIBUTION, __version__
from ..registry import networks as registered
from ..task_registry import task_named
from .container import METADATA, MODELS
from .facts import BundleFacts, facts_as_json
from .reading import SELF_TEST, answers_of

SELF_TEST_SEED, SELF_TEST_PATIENTS, SELF_TEST_TOLERANCE = 7, 2, 2e-3
LICENCE = "The weights and this description may be used under the terms of the data they were trained on.\n"


def write_bundle(
    folder: Path, facts: BundleFacts, networks: Sequence[nn.Module], *, licence: str = LICENCE, overwrite: bool = False
) -> Path:
    """Write metadata, weights, description and a self-test; gives the folder.

    Parameters
    ----------
    networks : one or several
        Several are an ensemble of the same architecture.

    Raises
    ------
    InputError
        ``E-OUTPUT-EXISTS`` when the folder holds a bundle already,
        ``E-OUTPUT-FOREIGN`` when it holds anything else.
    """
    safetensors = require("safetensors.torch", package="safetensors", extra="networks", purpose="A bundle")
    networks = [network.cpu().eval() for network in networks]
    with output_folder(folder, "bundle", overwrite=overwrite) as new:
        for part in ("configs", MODELS, "docs", Path(SELF_TEST).parent):
            (new / part).mkdir(parents=True)
        for n, network in enumerate(networks):
            name = "model" if len(networks) == 1 else f"model_{n + 1}"
            weights = {key: tensor.detach().contiguous() for key, tensor in network.state_dict().items()}
            (new / MODELS / f"{name}.safetensors").write_bytes(safetensors.save(weights))
        _write_json(new / METADATA, _metadata(facts))
        _write_json(new / "configs" / "inference.json", _inference(facts))
        _write_json(new / SELF_TEST, _expected(facts, networks))
        (new / "docs" / "README.md").write_text(description_of(facts), encoding="utf-8")
        (new / "LICENSE").write_text(licence, encoding="utf-8")
    return Path(folder)


def description_of(facts: BundleFacts) -> str:
    """A page for people: what the network takes and gives, what it was trained on, what it is not for."""
    training, task = facts.training, task_named(facts.task)
    source = "SIMULATED DATA: no patient was among the training cases." if training.simulated else training.data
    card = registered()[facts.architecture.name]
    lines = [
        f"# {facts.architecture.name}: {task.title(facts)}",
        "",
        f"**{source}** For research only, not for clinical use.",
        "",
        facts.description,
        "",
        f"- Method: {card.citation}",
        *task.page(facts),
        f"- Covariates: {', '.join(str(c) for c in facts.covariates) or 'none'}",
        *([f"- Calibration: {facts.calibration.note}"] if task.calibrated else []),
        f"- Threshold: {facts.threshold:g}",
        f"- Trained on: {training.data} ({training.patients} cases, {100 * training.share:.0f} % {training.outcome})",
        *(f"- {name}: {value:.4g}" for name, value in training.metrics.items()),
    ]
    return "\n".join(lines) + "\n"


def _metadata(facts: BundleFacts) -> dict[str, object]:
    """As MONAI's schema of metadata asks, and the object ``spatiotemporal``."""
    task = task_named(facts.task)
    return {
        "version": "1.0.0",
        "monai_version": version("monai"),
        "pytorch_version": version("torch").split("+")[0],
        "numpy_version": version("numpy"),
        "optional_packages_version": {DISTRIBUTION: __version__},
        "task": f"{task.title(facts)} from {task.time.images}",
        "description": facts.description,
        "authors": "",
        "copyright": "",
        "network_data_format": task.data_format(facts),
        "spatiotemporal": facts_as_json(facts),
    }


def _inference(facts: BundleFacts) -> dict[str, object]:
    """For MONAI's own tools; this library reads the metadata alone."""
    return {
        "network_def": {
            "_target_": "SpatioTemporalLib.networks.registry.build",
            "name": facts.architecture.name,
            "preset": facts.architecture.preset,
            "arguments": dict(facts.architecture.arguments),
        }
    }


def _expected(facts: BundleFacts, networks: Sequence[nn.Module]) -> dict[str, object]:
    example = task_named(facts.task).example(facts, SELF_TEST_SEED, SELF_TEST_PATIENTS)
    difference = answers_of(facts.task, tuple(networks), example).double().numpy()
    scale = max(1.0, float(np.abs(difference).max()))
    return {"seed": SELF_TEST_SEED, "difference": difference.tolist(), "tolerance": SELF_TEST_TOLERANCE * scale}


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
