"""What a bundle says of itself is read without its weights and without any optional package."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest
from library.small.bundles import AGE, SEX, small_bundle, small_facts
from library.small.phases import small_phase_bundle

import SpatioTemporalLib as st
from SpatioTemporalLib.declare import NamedValue
from SpatioTemporalLib.networks.bundle.container import METADATA
from SpatioTemporalLib.networks.bundle.facts import facts_as_json
from SpatioTemporalLib.networks.bundle.metadata import covariates_of, described_bundle

BLOCKED = """
import sys
for name in ("torch", "monai", "safetensors"):
    sys.modules[name] = None
from SpatioTemporalLib.networks.bundle.metadata import covariates_of
print([c.name for c in covariates_of(sys.argv[1])])
"""


@pytest.fixture
def described(tmp_path):
    """A folder with nothing but the metadata of a bundle, as some facts give it."""

    def write(**changes):
        folder = tmp_path / "bundle"
        (folder / METADATA).parent.mkdir(parents=True, exist_ok=True)
        (folder / METADATA).write_text(json.dumps({"spatiotemporal": facts_as_json(small_facts(**changes))}))
        return folder

    return write


def test_covariates_are_read_from_the_metadata_alone(described):
    assert covariates_of(described()) == (AGE, SEX)


@pytest.mark.parametrize("id", ["segmentation.by_network", "follow_up.malignancy"])
def test_bundle_of_another_task_is_refused_when_it_is_chosen(id, tmp_path):
    other = small_bundle(tmp_path / "a") if id.startswith("segm") else small_phase_bundle(tmp_path / "a")
    (parameter,) = [p for p in st.get(id).parameters if p.name == "bundle"]
    with pytest.raises(st.InputError, match="E-BUNDLE-TASK") as refused:
        parameter.path.describe(str(other))
    assert "is asked for" in str(refused.value)
    assert parameter.path.describe(parameter.default).text.startswith("Network ")


def test_an_archive_that_holds_the_folder_is_described_as_the_folder_is(tmp_path):
    import shutil

    folder = small_bundle(tmp_path / "bundle")
    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path, "bundle")
    assert described_bundle(archive) == described_bundle(folder)


def test_no_optional_package_is_needed(described):
    done = subprocess.run([sys.executable, "-c", BLOCKED, str(described())], capture_output=True, text=True)
    assert done.stdout.strip() == "['age', 'sex']", done.stderr


def test_the_line_says_network_visits_region_and_covariates(described):
    found = described_bundle(described())
    assert found.text == (
        "Network csfnet; 2 to 3 visits (in training 300 to 400 days from first to last); "
        "sees 16×16×8 mm around the nodule in HU; covariates: age, sex."
    )
    assert found.values == (NamedValue("age", "y", (), "62 ± 6 in training"), NamedValue("sex", "", ("F", "M")))


def test_simulated_training_data_are_a_warning_and_real_ones_are_not(described):
    assert "SIMULATED DATA" in described_bundle(described()).warning
    real = replace(small_facts().training, simulated=False)
    assert described_bundle(described(training=real)).warning == ""


@pytest.mark.parametrize(
    "content, words",
    [
        ("{", "no valid JSON"),
        ("{}", "bundle of another program"),
        (json.dumps({"spatiotemporal": {"format": 99}}), "is of format 99"),
        (json.dumps({"spatiotemporal": {"format": 1}}), "has no time.mode"),
    ],
)
def test_a_broken_bundle_is_refused_in_words(described, content, words):
    folder = described()
    (folder / METADATA).write_text(content)
    with pytest.raises(st.InputError, match=words):
        described_bundle(folder)


def test_a_folder_that_is_no_bundle_is_not_searched(tmp_path):
    deep = tmp_path / "a" / "b" / METADATA
    deep.parent.mkdir(parents=True)
    deep.write_text("{}")
    with pytest.raises(st.InputError, match="has no file configs/metadata.json"):
        described_bundle(tmp_path)
    with pytest.raises(st.InputError, match="is not there"):
        described_bundle(tmp_path / "nowhere")
