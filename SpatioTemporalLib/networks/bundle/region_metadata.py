"""How regions are cut, as a bundle's metadata tell it."""

from __future__ import annotations

from ...steps.follow_up.visit_crops import CropSettings
from ...system.plain_text import for_message
from .facts import BundleFacts, visits_in_words
from .fields import FieldReader, listed, number

MOST_CHANNELS = 16
# Of an image, whatever its unit.
LARGEST_VALUE = 1e9


def crops_as_json(crops: CropSettings) -> dict[str, object]:
    """The fields ``inputs`` and ``registration``."""
    return {
        "inputs": [
            {
                "name": crops.image,
                "modality": "CT" if crops.unit == "HU" else "other",
                "channels": [crops.unit] * len(crops.spacings),
                "spacing_mm": [list(spacing) for spacing in crops.spacings],
                "orientation": "RAS",
                "roi": {"kind": "centred_crop", "size_vox": list(crops.shape)},
                "intensity": {"kind": "clip_scale", "min": crops.window[0], "max": crops.window[1], "fill": crops.fill},
            }
        ],
        "registration": crops.registration,
    }


def crops_from_json(read: FieldReader) -> CropSettings:
    """The settings of a bundle's metadata, checked; ``E-BUNDLE`` for what no region is."""
    if len(read("inputs.0.spacing_mm", list)) > MOST_CHANNELS:
        raise read.error(f"takes more than {MOST_CHANNELS} channels")
    units, count = read("inputs.0.channels", list), len(read("inputs.0.spacing_mm", list))
    if (
        len(units) != count
        or len({str(unit) for unit in units}) > 1
        or not all(isinstance(u, str) and u for u in units)
    ):
        raise read.error(f"inputs.0.channels is {for_message(units, 40)}, the unit of {count} channels was expected")
    values = {name: read(f"inputs.0.intensity.{name}", float) for name in ("min", "max", "fill")}
    if any(abs(value) > LARGEST_VALUE for value in values.values()):
        raise read.error(f"inputs.0.intensity is {for_message(values, 80)}, which no image holds")
    # How a list of JSON becomes what the settings hold.
    return CropSettings(
        image=read.name("inputs.0.name"),
        shape=tuple(read("inputs.0.roi.size_vox", list)),
        spacings=tuple(tuple(number(x, read) for x in listed(s, read)) for s in read("inputs.0.spacing_mm", list)),
        window=(values["min"], values["max"]),
        unit=for_message(units[0], 40) if units else "",
        fill=values["fill"],
        registration=read("registration", str),
    )


def in_words(facts: BundleFacts) -> tuple[str, str]:
    """Visits and region, each a phrase."""
    return _visits(facts), _region(facts)


def page(facts: BundleFacts) -> list[str]:
    """What the network takes, as a line of the bundle's page."""
    training, crops = facts.training, facts.shown
    size = "×".join(str(n) for n in crops.shape)
    spacing = ", ".join("×".join(f"{x:g}" for x in s) for s in crops.spacings)
    return [
        f"- Takes {visits_in_words(facts.visits)} visits {training.days[0]:.0f} to {training.days[1]:.0f} days "
        f"apart; {crops.image} in {crops.unit}, {size} voxels (K, J, I) of {spacing} mm around the nodule, "
        f"{crops.window[0]:g} to {crops.window[1]:g} {crops.unit}; registration: {crops.registration}"
    ]


def data_format(facts: BundleFacts) -> dict[str, object]:
    """``network_data_format`` as MONAI's schema of metadata asks for it."""
    channels = len(facts.shown.spacings)
    image = {"type": "image", "format": "hounsfield" if facts.shown.unit == "HU" else "magnitude", "modality": "CT"}
    image |= {"num_channels": channels, "spatial_shape": list(facts.shown.shape), "dtype": "float32"}
    image |= {"value_range": [0, 1], "is_patch_data": False, "channel_def": {str(n): "image" for n in range(channels)}}
    probability = {"type": "probabilities", "format": "classes", "num_channels": 2, "dtype": "float32"}
    probability |= {"value_range": [0, 1], "is_patch_data": False, "spatial_shape": []}
    probability |= {"channel_def": {"0": f"not {facts.training.outcome}", "1": facts.training.outcome}}
    return {"inputs": {"image": image}, "outputs": {"pred": probability}}


def _visits(facts: BundleFacts) -> str:
    fewest, most = facts.visits
    count = f"{fewest}" if fewest == most else f"{fewest} to {most}"
    low, high = facts.training.days
    apart = f" (in training {low:.0f} to {high:.0f} days from first to last)" if high > 0 else ""
    return f"{count} visits{apart}"


def _region(facts: BundleFacts) -> str:
    crops = facts.shown
    sizes = [
        "×".join(f"{count * step:g}" for count, step in zip(crops.shape[::-1], spacing)) for spacing in crops.spacings
    ]
    return f"sees {' and '.join(sizes)} mm around the nodule in {crops.unit}"
