"""How phases are shown, as a bundle's metadata tell it."""

from __future__ import annotations

from ...steps.bolus.acquired_phases import BRIGHT, PhaseSettings
from ...system.plain_text import for_message
from .facts import BundleFacts
from .fields import FieldReader, listed, number

LATER = ("each", "together")


def phases_as_json(shown: PhaseSettings) -> dict[str, object]:
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
                "phases": {"before": "last", "first_post_s": shown.first_post, "later": LATER[shown.together]},
                "intensity": {"kind": "minimum_percentile", "percentile": BRIGHT, "scope": "before and first_post"},
            }
        ],
        "registration": "none",
    }


def phases_from_json(read: FieldReader) -> PhaseSettings:
    """The settings of a bundle's metadata, checked; ``E-BUNDLE`` for what no phases are."""
    units = read("inputs.0.channels", list)
    if len(units) != 1 or not isinstance(units[0], str) or not units[0]:
        raise read.error(f"inputs.0.channels is {for_message(units, 40)}, the unit of one channel was expected")
    spacings = read("inputs.0.spacing_mm", list)
    if len(spacings) != 1:
        raise read.error(f"inputs.0.spacing_mm holds {len(spacings)} spacings, one was expected")
    later = read("inputs.0.phases.later", str)
    if later not in LATER:
        raise read.error(f"inputs.0.phases.later is {for_message(later, 40)!r}, not {' or '.join(LATER)}")
    return PhaseSettings(
        image=read.name("inputs.0.name"),
        shape=tuple(read("inputs.0.roi.size_vox", list)),
        spacings=tuple(tuple(number(x, read) for x in listed(s, read)) for s in spacings),
        unit=for_message(units[0], 40),
        first_post=read("inputs.0.phases.first_post_s", float),
        together=later == LATER[True],
    )


def data_format(facts: BundleFacts) -> dict[str, object]:
    """``network_data_format`` as MONAI's schema of metadata asks for it."""
    phases = ("before contrast", "first after contrast", *["later"] * (facts.visits[1] - 2))
    image = {"type": "image", "format": "magnitude", "modality": "MR", "num_channels": len(phases)}
    image |= {"spatial_shape": list(facts.shown.shape), "dtype": "float32", "value_range": [0, 1]}
    image |= {"is_patch_data": True, "channel_def": {str(n): name for n, name in enumerate(phases)}}
    mask = {"type": "image", "format": "segmentation", "num_channels": 2, "dtype": "float32", "value_range": [0, 1]}
    mask |= {"is_patch_data": True, "spatial_shape": list(facts.shown.shape)}
    mask |= {"channel_def": {"0": "background", "1": facts.training.outcome}}
    return {"inputs": {"image": image}, "outputs": {"pred": mask}}


def in_words(facts: BundleFacts) -> tuple[str, str]:
    """Phases and patch, each a phrase."""
    shown, (low, high) = facts.shown, facts.training.days
    size = "×".join(str(n) for n in shown.shape[::-1])
    spacing = "×".join(f"{x:g}" for x in shown.spacings[0])
    later = f"{low:.0f} s" if round(low) == round(high) else f"{low:.0f} to {high:.0f} s"
    fewest, most = (n - 2 for n in facts.visits)
    several = f"{fewest}" if fewest == most else f"{fewest} to {most}"
    count = f"at once {several} later ones" if shown.together else "one"
    return (
        f"phases before contrast, near {shown.first_post:g} s, and {count} at {later} after injection",
        f"patches of {size} voxels (I×J×K) of {spacing} mm",
    )
