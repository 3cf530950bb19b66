"""What several files of tests share because it takes seconds to make."""

import shutil

import pytest
from library.docs.manual_blocks import ROOT
from library.small.cohort import OTHER_SEED, small_cohort, train_options

from SpatioTemporalLib import cli


@pytest.fixture(scope="session")
def cohort_folder(tmp_path_factory):
    """Ten simulated patients; tests that change them copy the folder."""
    folder = tmp_path_factory.mktemp("small") / "cohort"
    small_cohort(folder)
    return folder


@pytest.fixture(scope="session")
def other_cohort_folder(tmp_path_factory):
    """Ten other patients, whom no network of the tests was trained on."""
    folder = tmp_path_factory.mktemp("small") / "others"
    small_cohort(folder, OTHER_SEED)
    return folder


@pytest.fixture(scope="session")
def trained_bundle(cohort_folder, tmp_path_factory):
    """A network trained for two epochs on the ten patients."""
    folder = tmp_path_factory.mktemp("trained") / "bundle"
    assert cli.main(train_options(cohort_folder, folder)) == 0
    return folder


@pytest.fixture
def copied_cohort(cohort_folder, tmp_path):
    """The ten patients in a folder that may be changed."""
    return shutil.copytree(cohort_folder, tmp_path / "cohort")


@pytest.fixture(scope="session")
def regions(trained_bundle):
    """The options that take the regions of training from disk."""
    return ["--cache", str(trained_bundle.parent / "bundle_training" / "regions")]


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A folder that has what a clone has beside the program, in which the examples may write."""
    for folder in ("Resources", "Testing"):
        (tmp_path / folder).symlink_to(ROOT / folder, target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path
