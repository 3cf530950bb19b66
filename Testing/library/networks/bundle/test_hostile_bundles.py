"""Bundles that ask for gigabytes or for ever, and damaged ones: refused in words before anything is taken."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from library.small.bundles import small_bundle, small_facts
from safetensors.torch import load_file, save_file

from SpatioTemporalLib.errors import InputError
from SpatioTemporalLib.networks.bundle import limits as bundle_limits
from SpatioTemporalLib.networks.bundle import weights as bundle_weights
from SpatioTemporalLib.networks.bundle.container import METADATA
from SpatioTemporalLib.networks.bundle.facts import facts_as_json, facts_from_json
from SpatioTemporalLib.networks.bundle.reading import SELF_TEST, read_bundle

WEIGHTS = "models/model.safetensors"


@pytest.fixture
def written(tmp_path) -> Path:
    return small_bundle(tmp_path / "bundle")


def change(folder: Path, path: str, value) -> None:
    """Set one field of the metadata, as text so that it may be what JSON cannot say."""
    file = folder / METADATA
    described = json.loads(file.read_text())
    at = described["spatiotemporal"]
    *outer, last = path.split(".")
    for key in outer:
        at = at[int(key) if isinstance(at, list) else key]
    at[int(last) if isinstance(at, list) else last] = "PLACE"
    text = value if isinstance(value, str) else json.dumps(value)
    file.write_text(json.dumps(described).replace('"PLACE"', text))


def refused(path: Path, *codes: str) -> str:
    with pytest.raises(InputError) as caught:
        read_bundle(path)
    assert caught.value.code in codes, str(caught.value)
    assert len(str(caught.value)) < 600
    return str(caught.value)


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("architecture.args.stages", [[8] * 100_000], "E-BUNDLE"),
        ("architecture.args.stages", [[2**40], [8]], "E-BUNDLE"),
        ("architecture.args.stages", [[4096, 4096], [8192]], "E-BUNDLE-WEIGHTS"),
        ("architecture.args.levels", [10**9, 2], "E-BUNDLE-WEIGHTS"),
        ("architecture.args.levels", [10**30, 2], "E-BUNDLE"),
        ("architecture.args.width", "1e400", "E-BUNDLE"),
        ("architecture.args.width", "NaN", "E-BUNDLE"),
        ("architecture.args.width", '"' + "w" * 10**6 + '"', "E-BUNDLE"),
        ("inputs.0.roi.size_vox", [512, 512, 512], "E-BUNDLE-SIZE"),
        ("inputs.0.spacing_mm", [[1, 1, 1]] * 17, "E-BUNDLE"),
        ("inputs.0.spacing_mm", [[1, 1, 1]] * 3, "E-BUNDLE"),
        ("time.max", 10**9, "E-BUNDLE"),
        ("time.max", "9" * 400, "E-BUNDLE"),
        ("time.max", "9" * 5000, "E-BUNDLE"),
        ("covariates", [{"name": "a", "kind": "categorical", "levels": ["x"] * 10**5}], "E-BUNDLE"),
        ("covariates", [{"name": f"c{n}", "kind": "categorical", "levels": ["x"]} for n in range(2000)], "E-BUNDLE"),
        ("covariates.0.mean", "1e400", "E-BUNDLE"),
        ("covariates.0.mean", "1" + "0" * 400, "E-BUNDLE"),
        ("covariates.0.std", "-Infinity", "E-BUNDLE"),
        ("covariates.0.name", "sex", "E-BUNDLE"),
        ("covariates.0.name", '"' + "n" * 10**6 + '"', "E-BUNDLE"),
        ("covariates.0.name", '"\\u001b[2J"', "E-BUNDLE"),
        ("outputs.0.threshold", "NaN", "E-BUNDLE"),
        ("training.share", 7, "E-BUNDLE"),
        ("training.patients", -1, "E-BUNDLE"),
        ("training.patients", 10**40, "E-BUNDLE"),
        ("time.range", [300, 200], "E-BUNDLE"),
        ("description", "[" * 39 + "]" * 39, "E-BUNDLE"),
        ("description", "[" * 900 + "]" * 900, "E-BUNDLE"),
        ("inputs.0.intensity.max", 1e300, "E-BUNDLE"),
        ("inputs.0.intensity.fill", 10**20, "E-BUNDLE"),
        ("inputs.0.channels", [], "E-BUNDLE"),
        ("outputs.0.calibration.intercept", 10**20, "E-BUNDLE"),
        ("outputs.0.calibration.slope", 10**9, "E-BUNDLE"),
        ("inputs.0.channels", [""], "E-BUNDLE"),
        ("inputs.0.channels", ["HU", "HU"], "E-BUNDLE"),
        ("inputs.0.channels", [3], "E-BUNDLE"),
    ],
)
def test_metadata_that_ask_for_too_much_are_refused(written, path, value, code):
    change(written, path, '"sex"' if value == "sex" else value)
    refused(written, code)


def test_settings_that_stand_for_many_layers_are_refused(written, monkeypatch):
    monkeypatch.setattr(bundle_limits, "MOST_LAYERS", 20)
    assert "layers" in refused(written, "E-BUNDLE")


def test_regions_and_visits_are_compared_with_the_memory(written, monkeypatch):
    monkeypatch.setattr(bundle_limits, "free_memory", lambda: 2**20)
    assert "8×16×16 voxels at up to 3 visits" in refused(written, "E-BUNDLE-SIZE")
    monkeypatch.setattr(bundle_limits, "free_memory", lambda: None)
    read_bundle(written)


def test_weights_are_compared_with_the_memory(written, monkeypatch):
    monkeypatch.setattr(bundle_weights, "free_memory", lambda: 1000)
    refused(written, "E-BUNDLE-SIZE")


def as_torch(folder: Path, weights) -> None:
    (folder / WEIGHTS).unlink()
    torch.save(weights, folder / "models" / "model.pt")


@pytest.mark.parametrize("kind", ["sparse", "expanded", "complex", "meta", "whole numbers", "nested", "names"])
def test_tensors_that_are_no_plain_numbers_are_refused(written, kind):
    weights = load_file(written / WEIGHTS)
    name = next(n for n, tensor in weights.items() if tensor.ndim == 2)
    odd = {
        "sparse": lambda w: w.to_sparse(),
        "expanded": lambda w: torch.zeros(1).expand(10**12),
        "complex": lambda w: w.to(torch.complex64),
        "meta": lambda w: w.to("meta"),
        "whole numbers": lambda w: w.long(),
        "nested": lambda w: {"inner": w},
        "names": lambda w: w,
    }[kind]
    weights[name] = odd(weights[name])
    if kind == "names":
        weights[3] = weights.pop(name)
    as_torch(written, weights)
    refused(written, "E-BUNDLE-WEIGHTS")


def test_packed_or_older_files_of_weights_are_refused(written):
    weights = load_file(written / WEIGHTS)
    as_torch(written, weights)
    file, packed = written / "models" / "model.pt", io.BytesIO()
    with zipfile.ZipFile(file) as before, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as after:
        for entry in before.infolist():
            after.writestr(entry.filename, bytes(10 * len(before.read(entry))))
    file.write_bytes(packed.getvalue())
    refused(written, "E-BUNDLE-WEIGHTS")
    torch.save(weights, file, _use_new_zipfile_serialization=False)
    refused(written, "E-BUNDLE-WEIGHTS")


@pytest.mark.parametrize("header", [b"\xff" * 8, (2**40).to_bytes(8, "little"), b"\x02" + bytes(7) + b"{}", b""])
def test_headers_that_lie_are_refused(written, header):
    (written / WEIGHTS).write_bytes(header + b"{" * 100)
    refused(written, "E-BUNDLE-WEIGHTS")


@pytest.mark.parametrize("part", ["names", "weights"])
def test_damaged_archives_are_told(written, tmp_path, part):
    archive = tmp_path / "packed.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in sorted(written.rglob("*")):
            if file.is_file():
                packed.write(file, file.relative_to(tmp_path))
    read_bundle(archive)
    data = bytearray(archive.read_bytes())
    at = data.index(WEIGHTS.encode()) + 2000 if part == "weights" else data.rindex(WEIGHTS.encode())
    data[at : at + 8] = bytes(byte ^ 0x5A for byte in data[at : at + 8])
    archive.write_bytes(data)
    refused(archive, "E-BUNDLE", "E-BUNDLE-PATH", "E-BUNDLE-MISSING", "E-BUNDLE-SIZE", "E-BUNDLE-WEIGHTS")
    archive.write_bytes(bytes(data[: len(data) // 2]))
    refused(archive, "E-BUNDLE-MISSING")


@pytest.mark.parametrize(
    "text",
    [
        *("[]", "3", "null", "[" * 5000, '{"difference": [[1, 2]], "seed": 1, "tolerance": 1e400}'),
        *('{"difference": [[]], "seed": 1, "tolerance": 0.1}', '{"difference": [[1]], "seed": -1, "tolerance": 0.1}'),
        *('{"difference": [1, 2], "seed": 1, "tolerance": 0.1}', '{"difference": [[NaN]], "seed": 1, "tolerance": 1}'),
        '{"difference": [[1' + "0" * 400 + ']], "seed": 1, "tolerance": 0.1}',
        '{"difference": [[' + "1," * 5000 + '1]], "seed": 1, "tolerance": 0.1}',
        '{"difference": [[1, [2]]], "seed": 1, "tolerance": 0.1}',
    ],
)
def test_recorded_answers_that_are_none_are_refused(written, text):
    (written / SELF_TEST).write_text(text)
    refused(written, "E-BUNDLE")


def test_a_network_that_cannot_take_its_inputs_is_refused_without_recorded_answers_too(written):
    (written / SELF_TEST).unlink()
    change(written, "covariates", [])
    refused(written, "E-BUNDLE")


def test_files_that_cannot_be_read_are_told(written):
    (written / "models" / "loop.safetensors").symlink_to("loop.safetensors")
    refused(written, "E-BUNDLE", "E-BUNDLE-PATH")


def test_extreme_but_finite_weights_are_told_by_the_recorded_answers(written):
    weights = load_file(written / WEIGHTS)
    save_file({name: tensor * 1e30 for name, tensor in weights.items()}, written / WEIGHTS)
    refused(written, "E-BUNDLE-TEST", "E-BUNDLE-WEIGHTS")


def test_half_precision_is_read(written):
    weights = load_file(written / WEIGHTS)
    small = {n: t.half() if t.is_floating_point() else t for n, t in weights.items()}
    save_file(small, written / WEIGHTS)
    (written / SELF_TEST).unlink()
    assert len(read_bundle(written).networks) == 1


def test_facts_of_any_length_of_text_that_is_used_survive():
    facts = replace(small_facts(), description="x" * 50_000)
    assert facts_from_json(json.loads(json.dumps(facts_as_json(facts))), "here") == facts


def test_an_error_is_not_its_own_cause(written):
    change(written, "training", {})
    with pytest.raises(InputError) as caught:
        read_bundle(written)
    assert caught.value.__cause__ is not caught.value
