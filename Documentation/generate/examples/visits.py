"""Simulated visits: a lung nodule on CT, and lesions that were drawn."""

from __future__ import annotations

import contextlib
import io
import shlex
import tempfile
from pathlib import Path

import numpy as np

import SpatioTemporalLib as st
from SpatioTemporalLib import cli
from SpatioTemporalLib.simulation.lesions.new_lesions import draw_pair

from .offer import Offer, offered

COMMAND = "spatiotemporal simulate nodules --count 1 --extent 40,40,30 --out {folder}"


@offered(st.FollowUp)
def nodule() -> Offer:
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        study = Path(folder) / "study"
        code = cli.main(shlex.split(COMMAND.format(folder=study))[1:])
        assert code == 0, f"{COMMAND} ended with {code}"
        visits = st.read_participant(study, "nodule1")
    return Offer(
        "A simulated lung nodule on CT at two visits. It says nothing about real patients.",
        {"visits": visits},
        {"metric": "correlation"},
        {"visits": "study:nodule1"},
        (COMMAND.format(folder="study"),),
    )


@offered("follow_up.change_by_network", "follow_up.change_map")
def pair_of_heads() -> Offer:
    """Two visits between which lesions come, stay and go."""
    pair = draw_pair(np.random.default_rng(70))
    geometry = st.Geometry.from_spacing(pair.new.shape)
    images = [st.Map(values, geometry, "a.u.", "flair") for values in pair.images]
    visits = tuple(st.Visit(day, {"flair": image}) for day, image in zip((0.0, pair.days), images))
    story = "Simulated heads: three lesions are new at the later visit, two have vanished, three are there at both."
    return Offer(story, {"visits": st.FollowUp("simulated", visits)})


# (R, A, S) and radius in mm of lesions at three visits: one grows, one shrinks and goes, two grow together, one comes.
LESIONS = (
    ((14, 46, 16, 6.0), (46, 44, 16, 7.0), (22, 18, 16, 5.0), (34, 18, 16, 4.5)),
    ((14, 46, 16, 8.0), (46, 44, 16, 5.0), (22, 18, 16, 7.0), (34, 18, 16, 6.5)),
    ((14, 46, 16, 9.5), (22, 18, 16, 7.5), (34, 18, 16, 7.0), (48, 28, 16, 4.5)),
)


@offered("follow_up.lesions")
def drawn_lesions() -> Offer:
    """Three visits three months apart, with the lesions that somebody drew."""
    shape, rng = (12, 60, 60), np.random.default_rng(0)
    geometry = st.Geometry.from_spacing(shape, (1.0, 1.0, 3.0))
    k, j, i = np.indices(shape)
    places = geometry.ijk_to_ras(np.stack([i, j, k], axis=-1))
    visits = []
    for n, lesions in enumerate(LESIONS):
        drawn = np.zeros(shape, bool)
        for *centre, radius in lesions:
            drawn |= ((places - centre) ** 2).sum(axis=-1) <= radius**2
        image = st.Map((60 + 40 * drawn + rng.normal(0, 8, shape)).astype(np.float32), geometry, "HU", "ct")
        mask = st.LabelMap(drawn.astype(np.uint8), geometry, {1: st.Label("lesions")}, "lesions")
        visits.append(st.Visit(91.0 * n, {"ct": image}, {"lesions": mask}))
    return Offer("Simulated lesions at three visits.", {"visits": st.FollowUp("simulated", tuple(visits))})
