"""One quantity in each voxel."""

from __future__ import annotations

from ...data.volumes import Map
from ...errors import InputError
from ...io import read_map
from ..identity import image_identity
from ..kind import Files, Given, Kind, Nodes


def _read(given: Given) -> Map:
    try:
        return read_map(given.words[0], unit=given.unit)
    except InputError as error:
        if error.code != "E-UNIT":
            raise
        unit = f"--unit {given.input.name}={given.input.unit or 'a.u.'}"
        fix = f'Give it: {unit}; "1" stands for a ratio, "a.u." for a signal.'
        raise InputError(error.code, error.message, where=error.where, fix=fix) from error


MAP = Kind(
    Map,
    called="map",
    files=Files(_read, "read_map"),
    nodes=Nodes(("vtkMRMLScalarVolumeNode",)),
    identity=image_identity,
    is_output=True,
)
