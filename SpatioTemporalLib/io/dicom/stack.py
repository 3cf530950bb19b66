"""Volumes from DICOM files that differ in an acquisition setting, such as the flip angle, wherever they are filed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from ...errors import InputError
from ..images.image import FileImage, geometry_findings
from ..images.plausible import plausible
from .groups import Group, usable_frames
from .headers.files import read_headers, reading_dicom
from .headers.frames import Frame
from .headers.grid import grid_of, slices_of
from .headers.pixels import read_values
from .series import acquisition_of, name_of, unit_of
from .timing.phases import likeness


def read_dicom_stack(paths: Sequence[Path], setting: str) -> tuple[FileImage, list[float]]:
    """The volumes in a folder, or in several, by their setting, and the settings in rising order.

    Parameters
    ----------
    setting : str
        A field of `Acquisition`; DICOM's milliseconds are seconds here.

    Raises
    ------
    InputError
        ``E-STACK`` when the setting does not differ, or a volume stands there
        twice; ``E-DICOM-SEVERAL`` for several stacks; those of the grid.
    """
    where = paths[0].name if len(paths) == 1 else f"{paths[0].name} and {len(paths) - 1} more"
    with reading_dicom(paths[0]):
        headers, findings = read_headers(paths, where)
        by_setting = _stack_among(usable_frames(headers)[0], setting, where)
        volumes = []
        for value, frames in by_setting.items():
            slices = slices_of(frames)
            if any(len(s.frames) > 1 for s in slices):
                raise InputError(
                    "E-STACK",
                    f"holds several images of one place with {setting} {value:g}",
                    where=where,
                    fix="Put the images of each volume into a folder of their own and give these.",
                )
            geometry, place = grid_of(slices, where)
            volumes.append((geometry, [s.frames[0] for s in slices], place))
        geometry, first, _ = volumes[0]
        for (other, _, _), value in zip(volumes[1:], list(by_setting)[1:]):
            other.require_match(geometry, f"the volume with {setting} {value:g}", "the first")
        values, value_findings = read_values([frames for _, frames, _ in volumes], where)
    name = name_of(Group(first))
    image = FileImage(
        values=values,
        geometry=geometry,
        name=name,
        file=where,
        unit=unit_of(first[0]),
        acquisition=acquisition_of(first[0]),
        findings=(*findings, *geometry_findings(geometry, name), *volumes[0][2], *value_findings),
    )
    return plausible(image), list(by_setting)


def _stack_among(frames: list[Frame], setting: str, where: str) -> dict[float, list[Frame]]:
    """The frames of the one stack among all, by their setting."""
    kinds: dict[tuple, dict[float, list[Frame]]] = defaultdict(lambda: defaultdict(list))
    for frame in frames:
        value = frame.facts.get(setting)
        if value is not None:
            kinds[likeness(frame, besides=setting)][round(value, 9)].append(frame)
    stacks = {kind: found for kind, found in kinds.items() if len(found) > 1}
    originals = [kind for kind in stacks if "DERIVED" not in kind[0]]
    chosen = originals if len(originals) == 1 else list(stacks)
    if not chosen:
        listed = sorted({f"{value:g}" for found in kinds.values() for value in found}) or ["not given"]
        raise InputError(
            "E-STACK",
            f"the images do not differ in {setting}, which is {', '.join(listed)}",
            where=where,
            fix=f"Give volumes with two or more values of {setting}, or a folder for each with settings=[...] "
            "(--settings).",
        )
    if len(chosen) > 1:
        raise InputError(
            "E-DICOM-SEVERAL",
            f"holds {len(chosen)} sets of volumes that differ in {setting}",
            where=where,
            fix="Put the images of the one you mean into a folder of their own.",
        )
    return dict(sorted(stacks[chosen[0]].items()))
