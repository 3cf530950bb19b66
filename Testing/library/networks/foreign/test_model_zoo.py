"""Bundles of the Model Zoo give what MONAI gives with them, without running what they bring."""

import json

import numpy as np
import pytest
import torch
from library.small.zoo import NETWORK, POSTPROCESSING, PREPROCESSING, configuration, small_zoo_bundle

import SpatioTemporalLib as st
from SpatioTemporalLib.errors import InputError
from SpatioTemporalLib.networks.foreign.configuration import Configuration
from SpatioTemporalLib.networks.foreign.model_zoo import read_zoo_bundle
from SpatioTemporalLib.networks.foreign.segmentation import segmented_image

# Turned and unequal: axes, signs and spacing all matter.
AFFINE = np.array([[0, 0, 3.0, -20], [-1.5, 0, 0, 15], [0, 2.5, 0, -9], [0, 0, 0, 1]])
SHAPE = (8, 9, 14)


def image(seed=0):
    from scipy import ndimage

    noise = np.random.default_rng(seed).normal(size=SHAPE)
    return (400 * ndimage.gaussian_filter(noise, 1.5) + 40).astype(np.float32)


def by_monai(folder, values, affine):
    """What MONAI's own transforms and inferer give, from a file."""
    import nibabel
    from monai import transforms
    from monai.inferers import SlidingWindowInferer
    from monai.networks.nets import UNet

    path = folder / "image.nii"
    nibabel.save(nibabel.Nifti1Image(values.transpose(2, 1, 0), affine), path)

    def made(step):
        given = {name: value for name, value in step.items() if name != "_target_"}
        given = {name: [2.0, 2.0, 2.0] if value == "@spacing" else value for name, value in given.items()}
        return getattr(transforms, step["_target_"])(**given)

    before = transforms.Compose([made(step) for step in PREPROCESSING])
    data = before({"image": str(path)})
    network = UNet(**{name: value for name, value in NETWORK.items() if name != "_target_"})
    network.load_state_dict(torch.load(folder / "models" / "model.pt", weights_only=True))
    with torch.inference_mode():
        inferer = SlidingWindowInferer((8, 8, 8), 2, 0.5, "gaussian")
        data["pred"] = inferer(data["image"][None], network.eval())[0]
    data["pred"] = transforms.Activations(softmax=True)(data["pred"])
    invert = transforms.Invertd("pred", before, orig_keys="image", nearest_interp=False)
    return invert(data)["pred"].argmax(dim=0).numpy().transpose(2, 1, 0)


def test_labels_are_those_of_monai(tmp_path):
    folder = small_zoo_bundle(tmp_path / "b")
    values, geometry = image(), st.Geometry(SHAPE, AFFINE)
    ours = segmented_image(read_zoo_bundle(folder), values, geometry, "cpu", lambda fraction: None)
    theirs = by_monai(folder, values, AFFINE)
    assert len(np.unique(theirs)) > 1
    # Both bring probabilities back linearly; MONAI pads with zeros beyond the last centre of the coarser grid.
    inner = (slice(1, -1),) * 3
    assert (ours[inner] == theirs[inner]).mean() > 0.97


def test_grids_are_turned_and_spaced_as_wanted(tmp_path):
    grid = read_zoo_bundle(small_zoo_bundle(tmp_path / "b")).preparation.grid(st.Geometry(SHAPE, AFFINE))
    np.testing.assert_allclose(grid.affine[:3, :3], np.diag([2.0, 2.0, 2.0]), atol=1e-12)
    source = st.Geometry(SHAPE, AFFINE)
    corners = source.ijk_to_ras(np.array([[0.0, 0, 0], np.array(SHAPE[::-1]) - 1.0]))
    np.testing.assert_allclose(grid.affine[:3, 3], corners.min(axis=0), atol=1e-9)
    far = grid.ijk_to_ras(np.array(grid.shape[::-1]) - 1.0)
    assert (np.abs(far - corners.max(axis=0)) <= 1.0).all()


def test_without_axes_and_spacing_the_image_stays_as_it_is(tmp_path):
    steps = [step for step in PREPROCESSING if step["_target_"] not in ("Orientationd", "Spacingd")]
    bundle = read_zoo_bundle(
        small_zoo_bundle(tmp_path / "b", preprocessing={"_target_": "Compose", "transforms": steps})
    )
    assert bundle.preparation.grid(st.Geometry(SHAPE, AFFINE)) == st.Geometry(SHAPE, AFFINE)


def test_labels_that_may_overlap_have_a_threshold_each(tmp_path):
    after = [{"_target_": "Activationsd", "keys": "pred", "sigmoid": True},
             {"_target_": "AsDiscreted", "keys": "pred", "threshold": 0.4}]  # fmt: skip
    bundle = read_zoo_bundle(
        small_zoo_bundle(tmp_path / "b", postprocessing={"_target_": "Compose", "transforms": after})
    )
    assert bundle.threshold == 0.4 and bundle.labels == {1: "background", 2: "cavity", 3: "muscle"}
    found = segmented_image(bundle, image(), st.Geometry(SHAPE, AFFINE), "cpu", lambda fraction: None)
    assert set(np.unique(found)) <= {0, 1, 2, 3}


def changed(steps, name, **changes):
    return {"_target_": "Compose", "transforms": [s | changes if s["_target_"] == name else s for s in steps]}


@pytest.mark.parametrize("changes, told", [
    ({"network_def": NETWORK | {"_target_": "os.system"}}, "its network is system, which is none of"),
    ({"network_def": NETWORK | {"channels": "$[4, 8] + [16]"}}, "which would be run"),
    ({"network_def": NETWORK | {"channels": "$__import__('os').listdir('.')"}}, "which would be run"),
    ({"network_def": NETWORK | {"channels": "@nowhere"}}, "names @nowhere, which is not there"),
    ({"network_def": NETWORK | {"act": {"_target_": "subprocess.Popen", "args": "x"}}}, "made by subprocess.Popen"),
    ({"network_def": NETWORK | {"strides": "two"}}, "UNet cannot be made"),
    ({"network_def": NETWORK | {"channels": [4096, 8192]}}, "more weights than its file can hold"),
    ({"network_def": NETWORK | {"num_res_units": 90_000}}, "more weights than its file can hold"),
    ({"network_def": NETWORK | {"num_res_units": 10**9}}, "a setting above 100000"),
    ({"network_def": {"_target_": "SwinUNETR", "in_channels": 1, "out_channels": 2, "depths": [10**9, 2, 2, 2]}},
     "a setting above 100000"),
    ({f"a{n}": [f"@a{n + 1}"] * 10 for n in range(9)} | {"a9": 1, "network_def": NETWORK | {"channels": "@a0"}},
     "stands for more than 100000 values"),
    ({"network_def": "$make()"}, "which would be run"),
    ({"a": "@b", "b": "@a", "network_def": "@a"}, "leads in circles"),
    ({"preprocessing": changed(PREPROCESSING, "LoadImaged", _target_="Lambdad")}, "the step Lambdad, which is not"),
    ({"preprocessing": changed(PREPROCESSING, "Spacingd", pixdim=[0, 1, 1])}, "is not three lengths"),
    ({"preprocessing": changed(PREPROCESSING, "Orientationd", axcodes="RAX")}, "the axes 'RAX' are none"),
    ({"preprocessing": changed(PREPROCESSING, "ScaleIntensityRanged", colour=3)}, "Ranged cannot be made"),
    ({"preprocessing": "$build()"}, "which would be run"),
    ({"postprocessing": changed(POSTPROCESSING, "SaveImaged", _target_="Lambdad")}, "the step Lambdad"),
    ({"postprocessing": changed(POSTPROCESSING, "AsDiscreted", argmax=False)}, "neither argmax nor a threshold"),
    ({"inferer": {"_target_": "SaliencyInferer"}}, "its inferer is SaliencyInferer"),
    ({"preprocessing": changed(PREPROCESSING, "Orientationd", axcodes=[1, 2, 3])}, "are none"),
    ({"inferer": {"_target_": "SlidingWindowInferer", "roi_size": [1000, 1000, 1000]}}, "32768000 voxels at most"),
    ({"inferer": {"_target_": "SlidingWindowInferer", "roi_size": [True, True, True]}}, "are not three numbers"),
    ({"inferer": {"_target_": "SlidingWindowInferer", "roi_size": [8, 8]}}, "are not three numbers"),
])  # fmt: skip
def test_what_is_not_on_the_list_is_refused_in_words(tmp_path, changes, told):
    folder = small_zoo_bundle(tmp_path / "b")
    (folder / "configs" / "inference.json").write_text(json.dumps(configuration(**changes)))
    with pytest.raises(InputError) as caught:
        read_zoo_bundle(folder)
    assert caught.value.code == "E-ZOO" and told in caught.value.message and "MONAI itself" in caught.value.fix


@pytest.mark.parametrize("changes, told", [
    ({"preprocessing": changed(PREPROCESSING, "EnsureTyped", _target_="ShiftIntensityd", offset="a")}, "fails for an"),
    ({"preprocessing": changed(PREPROCESSING, "ScaleIntensityRanged", a_min=0, a_max=1e-38, clip=False)}, "no numbers"),
    ({"inferer": {"_target_": "SimpleInferer"}}, "gives 1 x 3 x 12 x 12 x 12 numbers, 1 x 3 x 12 x 11 x 11"),
])  # fmt: skip
def test_images_that_a_bundle_cannot_take_are_told(tmp_path, changes, told):
    bundle = read_zoo_bundle(small_zoo_bundle(tmp_path / "b", **changes))
    with pytest.raises(InputError, match=told):
        segmented_image(bundle, image(), st.Geometry(SHAPE, AFFINE), "cpu", lambda fraction: None)


def test_a_grid_that_would_not_fit_the_memory_is_refused_before_it_is_made(tmp_path, monkeypatch):
    monkeypatch.setattr("SpatioTemporalLib.networks.foreign.segmentation.free_memory", lambda: 2**20)
    bundle = read_zoo_bundle(small_zoo_bundle(tmp_path / "b", spacing=[0.05, 0.05, 0.05]))
    with pytest.raises(InputError, match="0.0 are free") as caught:
        segmented_image(bundle, image(), st.Geometry(SHAPE, AFFINE), "cpu", lambda fraction: None)
    assert caught.value.code == "E-BUNDLE-SIZE"


def test_the_finest_of_several_depths_counts(tmp_path):
    network = {"_target_": "BasicUNetPlusPlus", "in_channels": 1, "out_channels": 2, "features": [2, 2, 2, 2, 2, 2],
               "deep_supervision": True}  # fmt: skip
    whole = {"_target_": "SlidingWindowInferer", "roi_size": [32, 32, 32]}
    bundle = read_zoo_bundle(small_zoo_bundle(tmp_path / "b", network=network, inferer=whole))
    assert segmented_image(bundle, image(), st.Geometry(SHAPE, AFFINE), "cpu", lambda fraction: None).shape == SHAPE


def test_labels_of_one_name_are_told_apart(tmp_path):
    folder = small_zoo_bundle(tmp_path / "b")
    path = folder / "configs" / "metadata.json"
    path.write_text(path.read_text().replace("cavity", "time").replace("muscle", "time (1)"))
    assert list(read_zoo_bundle(folder).labels.values()) == ["time (1)", "time (1) (2)"]


def test_code_in_places_that_are_not_needed_is_never_run(tmp_path):
    trap = tmp_path / "trap"
    code = f"$__import__('pathlib').Path({str(trap)!r}).touch()"
    read_zoo_bundle(small_zoo_bundle(tmp_path / "b", imports=[code], device=code, evaluator=code, bundle_root=code))
    assert not trap.exists()


def test_literals_of_python_and_names_are_followed():
    found = Configuration({"a": {"b": [1, "@c"]}, "c": "$(2, 3)"}, "b")
    assert found.value("@a::b", "x") == [1, (2, 3)] and found.value("@a#b#0", "x") == 1


def test_steps_that_are_switched_off_do_not_count():
    steps = [{"_target_": "Lambdad", "_disabled_": True}, {"_target_": "EnsureTyped"}]
    found = Configuration({"preprocessing": {"_target_": "monai.transforms.Compose", "transforms": steps}}, "b")
    assert found.steps("preprocessing") == [("EnsureTyped", {})]


@pytest.mark.parametrize("weights, told", [
    ("model.ts", "models/model.ts is code and not run"), ("other.bin", "has none of models/model.safetensors"),
])  # fmt: skip
def test_weights_that_are_code_or_missing_are_refused(tmp_path, weights, told):
    with pytest.raises(InputError, match=told):
        read_zoo_bundle(small_zoo_bundle(tmp_path / "b", weights=weights))


def test_weights_of_another_network_are_refused(tmp_path):
    folder = small_zoo_bundle(tmp_path / "b")
    (folder / "configs" / "inference.json").write_text(
        json.dumps(configuration(network_def=NETWORK | {"out_channels": 2}))
    )
    with pytest.raises(InputError, match="do not fit the architecture") as caught:
        read_zoo_bundle(folder)
    assert caught.value.code == "E-BUNDLE-WEIGHTS"


def test_several_channels_are_refused(tmp_path):
    folder = small_zoo_bundle(tmp_path / "b")
    described = {"network_data_format": {"inputs": {"image": {"num_channels": 4}}}}
    (folder / "configs" / "metadata.json").write_text(json.dumps(described))
    with pytest.raises(InputError, match="takes 4 channels at once"):
        read_zoo_bundle(folder)


def test_a_bundle_of_this_library_has_no_configuration_of_that_kind(tmp_path):
    from library.small.phases import small_phase_bundle

    with pytest.raises(InputError) as caught:
        read_zoo_bundle(small_phase_bundle(tmp_path / "b"))
    assert caught.value.code == "E-ZOO"
