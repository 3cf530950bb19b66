"""Where a network computes."""

import torch

from SpatioTemporalLib.networks.inference import _on_device_or_cpu


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
