"""Where a network computes."""

import pytest
import torch

from SpatioTemporalLib.errors import ParameterError
from SpatioTemporalLib.networks.inference.patient import _on_device_or_cpu
from SpatioTemporalLib.networks.inference.prediction import automatic_device


def test_work_that_does_not_fit_a_device_is_done_on_the_processor():
    tried, findings = [], []

    def work(device):
        tried.append(device)
        if device == "cuda":
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return {"answer": 1}

    assert _on_device_or_cpu(work, "cuda", findings) == ("cpu", {"answer": 1})
    assert tried == ["cuda", "cpu"]
    assert [f.code for f in findings] == ["W-DEVICE-MEMORY"] and "processor" in findings[0].message


def test_a_device_that_is_not_there_is_refused_with_what_to_do():
    assert automatic_device() == ("cuda" if torch.cuda.is_available() else "cpu")
    assert automatic_device("cpu") == "cpu"
    for device in ("abacus", "cuda:99"):
        with pytest.raises(ParameterError, match="E-DEVICE") as caught:
            automatic_device(device)
        assert device in str(caught.value) and "Use cpu" in str(caught.value)
