"""Segmentation of every frame by a bundle of MONAI's Model Zoo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.curve import Table
from ...data.series import Series
from ...data.volumes import Label, LabelSeries
from ...declare import FileOrFolder, Help, Input, Output, analysis
from ...errors import Finding, InputError, Severity, counted
from ...system.packages import require


@dataclass(frozen=True)
class ModelZooParameters:
    bundle: Annotated[
        str,
        Help("Folder or .zip of a bundle for segmentation with configs/inference.json, as the Model Zoo has them."),
        FileOrFolder(endings=(".zip",)),
    ] = ""


@analysis(
    id="segmentation.by_model_zoo",
    title="Segmentation of every frame by a MONAI bundle",
    citation="Cardoso et al., MONAI, arXiv 2211.02701 (2022), and the network of the bundle",
    inputs=[
        Input(
            "series",
            Series,
            made_for=("cine", "ct_4d", "dce"),
            help="Frames of the modality that the bundle was trained on; each is segmented on its own.",
        )
    ],
    outputs=[
        Output("labels", LabelSeries, help="The segmentation of every frame, on the grid of the series."),
        Output("volumes", Table, help="Volume of each label in each frame, counted from 0."),
    ],
    parameters=ModelZooParameters,
)
def by_model_zoo(series, *, parameters, context):
    r"""What a trained network of MONAI finds in each frame.

    Notes
    -----
    The bundle's configuration is read and never run: orientation, spacing and intensities of a short list of
    transforms, a network of a short list, sliding windows with Gaussian weights, and the likeliest class or a
    threshold,

    .. math:: l(x) = \arg \max_c z_c(x)

    The scores z are brought back to the grid of the series, linear, before the label l is chosen. Bundles with anything
    else are refused in words. Where labels overlap in the bundle the last of them counts.
    """
    require("torch", package="torch", extra="networks", purpose="A network")
    from ...networks.foreign.model_zoo import read_zoo_bundle
    from ...networks.foreign.segmentation import segmented_image
    from ...networks.inference.prediction import automatic_device

    if not parameters.bundle:
        raise InputError(
            "E-BUNDLE-MISSING", "no bundle is named", where="bundle", fix="Choose the folder of a bundle of MONAI."
        )
    context.progress(0.0, "reading the bundle")
    bundle = read_zoo_bundle(parameters.bundle)
    device = context.used_device = automatic_device(context.device)
    found = []
    for n, frame in enumerate(series.values):
        frame = np.asarray(frame, dtype=np.float32)
        if not np.isfinite(frame).all():
            raise InputError(
                "E-NOT-FINITE",
                f"frame {n + 1} holds values that are no numbers",
                where=series.name,
                fix="Fill them first.",
            )
        part = context.part(n / series.frame_count, (n + 1) / series.frame_count)
        message = f"frame {n + 1} of {series.frame_count}"
        found.append(
            segmented_image(bundle, frame, series.geometry, device, lambda x, p=part, m=message: p.progress(x, m))
        )
    labels = {number: Label(name) for number, name in bundle.labels.items()}
    values = np.stack(found)
    return {
        "labels": LabelSeries(
            values, series.times, series.geometry, labels, bundle.name, time_source=series.time_source
        ),
        "volumes": _volumes(values, series, bundle),
        "findings": _empty(values, bundle),
    }


def _volumes(values: np.ndarray, series: Series, bundle) -> Table:
    columns: dict[str, list] = {"frame": list(range(len(values))), "time": series.times.tolist()}
    for number, name in bundle.labels.items():
        counts = (values == number).sum(axis=(1, 2, 3))
        columns[name] = (counts * series.geometry.voxel_volume_ml).tolist()
    return Table(columns, {"time": "s"} | dict.fromkeys(bundle.labels.values(), "mL"), "volumes")


def _empty(values: np.ndarray, bundle) -> tuple[Finding, ...]:
    empty = int((values == 0).all(axis=(1, 2, 3)).sum())
    if not empty:
        return ()
    text = f"found nothing in {counted(empty, 'frame')} of {len(values)}; it may be made for other images"
    return (Finding("W-EMPTY", Severity.WARN, text, bundle.name),)
