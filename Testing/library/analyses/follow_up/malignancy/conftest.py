"""One patient, two networks that disagree, and what they say of the patient."""

from dataclasses import replace

import pytest
import torch
from library.analyses.follow_up.malignancy.assessed_patient import assessed

from SpatioTemporalLib.io import read_participant
from SpatioTemporalLib.networks.bundle.reading import read_bundle
from SpatioTemporalLib.networks.bundle.writing import write_bundle
from SpatioTemporalLib.networks.calibration import Calibration


@pytest.fixture(scope="session")
def ensemble(trained_bundle, tmp_path_factory):
    """Two networks that disagree, with a calibration that changes the probability."""
    bundle = read_bundle(trained_bundle)
    torch.manual_seed(0)
    members = (bundle.networks[0], read_bundle(trained_bundle).networks[0])
    for member, size in zip(members, (0.2, 0.4)):
        with torch.no_grad():
            for weights in member.parameters():
                weights += size * torch.randn(weights.shape)
    facts = replace(bundle.facts, calibration=Calibration(1.7, -0.4, "by hand"))
    return write_bundle(tmp_path_factory.mktemp("ensemble") / "two", facts, members)


@pytest.fixture(scope="session")
def visits(other_cohort_folder):
    return read_participant(other_cohort_folder, "nodule03")


@pytest.fixture(scope="session")
def result(visits, ensemble):
    return assessed(visits, ensemble, layer_cam=True, grad_cam=True, integrated_gradients=True)
