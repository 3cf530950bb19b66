"""A patient assessed by follow_up.malignancy, and the same by hand."""

import numpy as np
import torch

import SpatioTemporalLib as st
from SpatioTemporalLib.context import Context
from SpatioTemporalLib.networks.cases.batch import Batch
from SpatioTemporalLib.steps.follow_up.covariates import coded
from SpatioTemporalLib.steps.follow_up.visit_crops import centres_of, crop_visits

ANALYSIS = "follow_up.malignancy"
QUICK = {"layer_cam": False, "integrated_gradients": False, "samples": 2}


def assessed(visits, bundle, **more):
    return st.run(ANALYSIS, visits=visits, bundle=str(bundle), context=Context(device="cpu"), **{**QUICK, **more})


def probability(result) -> float:
    return result.prediction.columns["probability"][0]


def codes_of(result) -> list[str]:
    return [finding.code for finding in result.findings]


def batch_by_hand(bundle, visits) -> Batch:
    crops = crop_visits(visits, centres_of(visits), bundle.facts.shown, Context())
    codes, known, _ = coded(bundle.facts.covariates, visits.visits[-1].covariates)
    parts = (crops.images, np.float32(visits.days), np.ones(2, bool), codes, known)
    return Batch(*(torch.from_numpy(np.asarray(part)[None]) for part in parts))


def difference(network, batch) -> float:
    with torch.inference_mode():
        logits = batch.scores(network)[0].double()
    return float(logits[1] - logits[0])
