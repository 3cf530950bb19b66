"""A simulated liver with metastases on CT at three scans, with its segments."""

from __future__ import annotations

import contextlib
import io
import shlex
import tempfile
from pathlib import Path

import SpatioTemporalLib as st
from SpatioTemporalLib import cli

from .offer import Offer, offered

COMMAND = "spatiotemporal simulate liver-metastases --count 1 --images --seed 8 --out {folder}"


@offered("prognosis.recurrence", "prognosis.structures")
def liver() -> Offer:
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        study = Path(folder) / "livers"
        code = cli.main(shlex.split(COMMAND.format(folder=study))[1:])
        assert code == 0, f"{COMMAND} ended with {code}"
        visits = st.read_participant(study, "liver1")
    return Offer(
        "A simulated liver with three lesions on CT at three scans. It says nothing about real patients.",
        {"visits": visits},
        {"covariates": ("age=63", "log_cea=3.1", "nodes_positive=1", "extrahepatic=0", "sex=1", "body_mass_index=26")},
        {"visits": "livers:liver1"},
        (COMMAND.format(folder="livers"),),
    )
