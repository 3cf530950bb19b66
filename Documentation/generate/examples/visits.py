"""A simulated lung nodule on CT at two visits."""

from __future__ import annotations

import contextlib
import io
import shlex
import tempfile
from pathlib import Path

import SpatioTemporalLib as st
from SpatioTemporalLib import cli

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
