"""How two visits are shown, as a bundle's metadata tell it."""

from __future__ import annotations

from ...steps.follow_up.visit_pair import FARTHEST, PairSettings
from ...system.plain_text import for_message
from .facts import BundleFacts
from .fields import FieldReader, listed, number


def pairs_as_json(shown: PairSettings) -> dict[str, object]:
    """The fields ``inputs`` and ``registration``."""
    return {
        "inputs": [
            {
                "name": shown.image,
                "modality": "MR",
                "channels": [shown.unit],
                "spacing_mm": [list(spacing) for spacing in shown.spacings],
                "orientation": "RAS",
                "roi": {"kind": "patch", "size_vox": list(shown.shape)},
                "intensity": {"kind": "median_deviation", "of": "brighter than the mean", "scope": "visit"},
            }
        ],
        "registration": shown.registration,
    }


def pairs_from_json(read: FieldReader) -> PairSettings:
    """The settings of a bundle's metadata, checked; ``E-BUNDLE`` for what no pair of visits is."""
    units = read("inputs.0.channels", list)
    if len(units) != 1 or not isinstance(units[0], str) or not units[0]:
        raise read.error(f"inputs.0.channels is {for_message(units, 40)}, the unit of one channel was expected")
    spacings = read("inputs.0.spacing_mm", list)
    if len(spacings) != 1:
        raise read.error(f"inputs.0.spacing_mm holds {len(spacings)} spacings, one was expected")
    return PairSettings(
        image=read.name("inputs.0.name"),
        shape=tuple(read("inputs.0.roi.size_vox", list)),
        spacings=tuple(tuple(number(x, read) for x in listed(s, read)) for s in spacings),
        unit=for_message(units[0], 40),
        registration=read.name("registration"),
    )


def data_format(facts: BundleFacts) -> dict[str, object]:
    """``network_data_format`` as MONAI's schema of metadata asks for it."""
    image = {"type": "image", "format": "magnitude", "modality": "MR", "num_channels": 2}
    image |= {"spatial_shape": list(facts.shown.shape), "dtype": "float32", "value_range": [-FARTHEST, FARTHEST]}
    image |= {"is_patch_data": True, "channel_def": {"0": "earlier visit", "1": "later visit"}}
    mask = {"type": "image", "format": "segmentation", "num_channels": 3, "dtype": "float32", "value_range": [0, 1]}
    mask |= {"is_patch_data": True, "spatial_shape": list(facts.shown.shape)}
    mask |= {"channel_def": {"0": "unchanged", "1": "new", "2": "vanished"}}
    return {"inputs": {"image": image}, "outputs": {"pred": mask}}


def in_words(facts: BundleFacts) -> tuple[str, str]:
    """Visits and patch, each a phrase."""
    shown, (low, high) = facts.shown, facts.training.days
    size = "×".join(str(n) for n in shown.shape[::-1])
    spacing = "×".join(f"{x:g}" for x in shown.spacings[0])
    moved = "brought together rigidly" if shown.registration == "rigid" else "that lie on one another already"
    return (
        f"two visits, {low:.0f} to {high:.0f} days apart in training, {moved}",
        f"patches of {size} voxels (I×J×K) of {spacing} mm",
    )
