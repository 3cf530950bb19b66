"""The sample examination as nodes: the dynamic series, the flip angles, the plasma curve."""

from __future__ import annotations

import hashlib

from SpatioTemporalLib.errors import InputError
from SpatioTemporalLib.io import read_series, read_stack, read_table
from SpatioTemporalLib.sample_data import sample_file

from ..values.table_nodes import fill_table
from .series_nodes import add_series
from .stack_nodes import add_stack

SERIES = "breast_dce.seq.nrrd"
STACK = "breast_vfa.nii.gz"
PLASMA = "breast_plasma.csv"
SHA256 = {
    "breast_dce.seq.nrrd": "370fc003fd217b74f21f642a343d3e286c36decb052fc095553cb9eb31ce01b6",
    "breast_vfa.nii.gz": "6aaf3fde6e7300b79c22f2e4cab06bda59ae910ab97fb0dc86dd823c2dbaa05d",
    "breast_plasma.csv": "45a9686a2cf707909a9bca071c9822d1690362fc2acdbfacc147bccb9f9a44c2",
}


def add_sample_data(scene):
    """Load the examination and give back the sequence node of its dynamic series.

    Raises
    ------
    InputError
        ``E-SAMPLE`` when a file is missing or is not the one that was published.
    """
    series = read_series(_checked(SERIES))
    sequence, _ = add_series(scene, series, name="Breast DCE")
    stack = add_stack(scene, read_stack(_checked(STACK)))
    stack.SetName("Breast flip angles")
    plasma = scene.AddNewNodeByClass("vtkMRMLTableNode", "Breast plasma")
    fill_table(plasma, read_table(_checked(PLASMA)))
    return sequence


def _checked(name: str):
    path = sample_file(name)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != SHA256[name]:
        raise InputError(
            "E-SAMPLE",
            f"the sample file is not the published one (SHA-256 {found[:12]}..., expected {SHA256[name][:12]}...)",
            where=name,
            fix="Install the extension again.",
        )
    return path
