"""Bundles: what is written is read back the same, and nothing else is read, let alone run."""

import json
import os
import pickle
import shutil
import zipfile
from pathlib import Path

import pytest
import torch
from library.small.networks import SMALL, small_network
from safetensors.torch import load_file, save_file

from SpatioTemporalLib.errors import InputError
from SpatioTemporalLib.networks.bundle.container import METADATA
from SpatioTemporalLib.networks.bundle.facts import Architecture, BundleFacts, Training, facts_as_json, facts_from_json
from SpatioTemporalLib.networks.bundle.reading import read_bundle
from SpatioTemporalLib.networks.bundle.writing import write_bundle
from SpatioTemporalLib.networks.calibration import Calibration
from SpatioTemporalLib.networks.cases.batch import random_batch
from SpatioTemporalLib.networks.inference.prediction import ensemble_logits
from SpatioTemporalLib.steps.follow_up.covariates import Covariate
from SpatioTemporalLib.steps.follow_up.visit_crops import CropSettings

FACTS = BundleFacts(
    architecture=Architecture("csfnet", "default", SMALL["csfnet"]),
    shown=CropSettings(shape=(4, 8, 8), spacings=((1.0, 1.0, 2.0),)),
    covariates=(Covariate("age", "numeric", "y", 62.0, 6.0), Covariate("sex", "categorical", levels=("F", "M"))),
    visits=(2, 3),
    calibration=Calibration(1.5, -0.2, "by hand"),
    threshold=0.4,
    training=Training("simulated", True, share=0.5, patients=12, days=(300.0, 400.0), digests=("ab", "cd")),
    description="a test",
)
WEIGHTS = "models/model.safetensors"


@pytest.fixture
def written(tmp_path) -> Path:
    return write_bundle(tmp_path / "bundle", FACTS, [small_network("csfnet")])


def change(folder: Path, path: str, value) -> None:
    """Set one field of the metadata, by a dotted path below its object of ours."""
    file = folder / METADATA
    described = json.loads(file.read_text())
    at = described["spatiotemporal"]
    *outer, last = path.split(".")
    for key in outer:
        at = at[int(key) if isinstance(at, list) else key]
    at[int(last) if isinstance(at, list) else last] = value
    file.write_text(json.dumps(described))


def refused(path: Path, code: str) -> str:
    with pytest.raises(InputError) as caught:
        read_bundle(path)
    assert caught.value.code == code, str(caught.value)
    return str(caught.value)


def test_a_bundle_read_back_has_the_same_facts_and_identical_logits(written):
    read = read_bundle(written)
    assert read.facts == FACTS
    batch = random_batch(FACTS, 3)
    expected = ensemble_logits((small_network("csfnet"),), batch)
    assert torch.equal(ensemble_logits(read.networks, batch), expected)


def test_an_archive_is_read_as_its_folder_is(written, tmp_path):
    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path, "bundle")
    batch = random_batch(FACTS, 3)
    logits = [ensemble_logits(read_bundle(path).networks, batch) for path in (written, archive)]
    assert torch.equal(*logits)


def test_several_networks_are_an_ensemble_in_order(tmp_path):
    members = [small_network("csfnet", seed=seed) for seed in range(3)]
    read = read_bundle(write_bundle(tmp_path / "bundle", FACTS, members))
    batch = random_batch(FACTS, 3)
    assert torch.equal(ensemble_logits(read.networks, batch), ensemble_logits(tuple(members), batch))


def test_weights_of_plain_tensors_in_pytorch_form_are_read(written):
    weights = load_file(written / WEIGHTS)
    (written / WEIGHTS).unlink()
    torch.save(weights, written / "models" / "model.pt")
    assert len(read_bundle(written).networks) == 1


def test_monai_builds_the_network_from_the_configuration(written):
    from monai.bundle import ConfigParser

    parser = ConfigParser()
    parser.read_config(written / "configs" / "inference.json")
    network = parser.get_parsed_content("network_def")
    network.load_state_dict(load_file(written / WEIGHTS))
    assert type(network) is type(small_network("csfnet"))


def test_the_description_says_that_the_data_were_simulated(written):
    text = (written / "docs" / "README.md").read_text()
    assert "SIMULATED DATA" in text and "not for clinical use" in text


def test_a_bundle_that_is_there_is_not_replaced_unasked(written):
    before = (written / WEIGHTS).read_bytes()
    with pytest.raises(InputError, match="E-OUTPUT-EXISTS"):
        write_bundle(written, FACTS, [small_network("csfnet", seed=5)])
    assert (written / WEIGHTS).read_bytes() == before
    write_bundle(written, FACTS, [small_network("csfnet", seed=5)], overwrite=True)
    assert (written / WEIGHTS).read_bytes() != before


class Trap:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("form", ["pickle", "torch"])
def test_code_in_a_file_of_weights_is_not_run(written, tmp_path, form):
    (written / WEIGHTS).unlink()
    target, trap = written / "models" / "model.pt", Trap(tmp_path / "sprung")
    if form == "pickle":
        target.write_bytes(pickle.dumps(trap))
    else:
        torch.save({"weights": trap}, target)
    assert "more than tensors" in refused(written, "E-BUNDLE-WEIGHTS")
    assert not (tmp_path / "sprung").exists()


def test_configurations_are_not_run(written, tmp_path):
    for name in ("inference.json", "train.json"):
        trap = {"network_def": {"_target_": "os.mkdir", "path": str(tmp_path / "sprung")}}
        (written / "configs" / name).write_text(json.dumps(trap))
    read_bundle(written)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("name", ["os.system", "SpatioTemporalLib.networks.systems.csfnet", "__import__", "../csfnet"])
def test_an_architecture_is_looked_up_and_never_imported(written, name):
    change(written, "architecture.name", name)
    assert "there is no network" in refused(written, "E-BUNDLE")


@pytest.mark.parametrize("name", ["../outside.txt", "/etc/outside", "..\\outside", "C:/outside", "a/../../outside"])
def test_an_archive_whose_names_lead_outside_is_refused(written, tmp_path, name):
    archive = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path, "bundle"))
    with zipfile.ZipFile(archive, "a") as packed:
        packed.writestr(name, "outside")
    refused(archive, "E-BUNDLE-PATH")


def test_links_that_lead_outside_are_refused(written, tmp_path):
    secret = tmp_path / "secret.safetensors"
    shutil.move(written / WEIGHTS, secret)
    (written / WEIGHTS).symlink_to(secret)
    refused(written, "E-BUNDLE-PATH")


def test_a_link_in_an_archive_is_refused(written, tmp_path):
    archive = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path, "bundle"))
    link = zipfile.ZipInfo("bundle/models/other.safetensors")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(archive, "a") as packed:
        packed.writestr(link, "/etc/passwd")
    refused(archive, "E-BUNDLE-PATH")


def test_an_archive_that_would_fill_the_memory_is_refused(written, tmp_path):
    archive = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path, "bundle"))
    with zipfile.ZipFile(archive, "a", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("bundle/models/large.safetensors", bytes(64 * 2**20))
    refused(archive, "E-BUNDLE-SIZE")


def test_settings_that_ask_for_all_memory_are_refused_before_it_is_taken(written):
    change(written, "architecture.args.stages", [[60000, 60000], [60000]])
    refused(written, "E-BUNDLE-WEIGHTS")


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("format", 99, "format 99"),
        ("architecture.preset", "huge", "preset"),
        ("architecture.args", {"stages": "wide"}, "make no network"),
        ("architecture.args", {"colour": 3}, "colour"),
        ("time.mode", "frames", "visits in days"),
        ("time.min", 0, "0 to 3 visits"),
        ("time.range", [1], "two numbers"),
        ("inputs.0.roi.size_vox", [4, 8], "shape"),
        ("inputs.0.roi.size_vox", ["4", 8, 8], "shape"),
        ("inputs.0.spacing_mm", [[1, 1, float("nan")]], "number"),
        ("inputs.0.intensity.max", -5000, "does not rise"),
        ("registration", "magic", "magic"),
        ("outputs.0.threshold", 1.5, "0..1"),
        ("outputs.0.calibration", {"slope": -1, "intercept": 0}, "slope"),
        ("covariates.0.std", 0, "age"),
        ("covariates.1.kind", "colour", "sex"),
        ("training.simulated", "no", "simulated"),
    ],
)
def test_wrong_metadata_are_refused_with_the_field_named(written, path, value, says):
    change(written, path, value)
    assert says in refused(written, "E-BUNDLE")


@pytest.mark.parametrize("gone", ["architecture.name", "covariates", "inputs.0.intensity.min", "training.data"])
def test_missing_metadata_are_refused_with_the_field_named(written, gone):
    described = json.loads((written / METADATA).read_text())
    at = described["spatiotemporal"]
    *outer, last = gone.split(".")
    for key in outer:
        at = at[int(key) if isinstance(at, list) else key]
    del at[last]
    (written / METADATA).write_text(json.dumps(described))
    assert gone in refused(written, "E-BUNDLE")


def test_a_bundle_of_another_program_is_refused_in_words(written):
    (written / METADATA).write_text('{"version": "1"}')
    assert "another program" in refused(written, "E-BUNDLE")


@pytest.mark.parametrize("text", ["{", "[" * 100000, "\xff"])
def test_broken_metadata_are_refused(written, text):
    (written / METADATA).write_bytes(text.encode("latin-1"))
    refused(written, "E-BUNDLE")


@pytest.mark.parametrize("kind", ["renamed", "shape", "nan", "cut", "none"])
def test_weights_that_do_not_fit_are_refused(written, kind):
    weights = load_file(written / WEIGHTS)
    name = sorted(weights)[0]
    if kind == "renamed":
        weights["other"] = weights.pop(name)
    elif kind == "shape":
        weights[name] = torch.zeros(3, 3)
    elif kind == "nan":
        weights[name] = torch.full_like(weights[name], torch.nan)
    save_file(weights, written / WEIGHTS)
    if kind == "cut":
        (written / WEIGHTS).write_bytes((written / WEIGHTS).read_bytes()[:200])
    if kind == "none":
        (written / WEIGHTS).unlink()
    refused(written, "E-BUNDLE-MISSING" if kind == "none" else "E-BUNDLE-WEIGHTS")


def test_a_network_that_answers_otherwise_than_recorded_is_refused(written):
    weights = load_file(written / WEIGHTS)
    save_file({name: 1.1 * tensor for name, tensor in weights.items()}, written / WEIGHTS)
    assert "does not answer as it did" in refused(written, "E-BUNDLE-TEST")


@pytest.mark.parametrize("path", ["nowhere", "file.txt", "."])
def test_what_is_no_bundle_is_refused(tmp_path, path):
    (tmp_path / "file.txt").write_text("no bundle")
    refused(tmp_path / path, "E-BUNDLE-MISSING")


def test_facts_survive_json():
    assert facts_from_json(json.loads(json.dumps(facts_as_json(FACTS))), "here") == FACTS
