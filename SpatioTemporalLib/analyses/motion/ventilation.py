"""Where lungs fill with air from one phase of the breath to another, by how far tissue expands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.curve import Table
from ...data.geometry import Geometry
from ...data.result import Display
from ...data.series import Series
from ...data.volumes import LabelMap, Map
from ...declare import Help, Input, Output, Range, Unit, analysis
from ...errors import Finding, InputError, Severity
from ...numerics.registration.displacement import volume_change
from ...numerics.registration.frame_demons import demons_field, sampled

# HU: air, and above what nothing is lung; brightness outside says nothing of how lungs move.
AIR, SOLID = -1000.0, 100.0
# HU within which the share of air can be told.
LEAST, MOST = -980.0, -50.0
# HU above air, below which it is lung.
LUNG = 700.0
LARGEST = 10.0
# Of the lungs, in which a field that folds is told.
FOLDED = 0.001


@dataclass(frozen=True)
class VentilationParameters:
    expiration: Annotated[
        int | None, Range(0, 100000),
        Help("Frame of end-expiration, counted from 0, on which the lungs are drawn; the brightest when empty."),
    ] = None  # fmt: skip
    inspiration: Annotated[
        int | None, Range(0, 100000), Help("Frame of end-inspiration, counted from 0; the darkest when empty.")
    ] = None  # fmt: skip
    smoothness: Annotated[
        float, Unit("mm"), Range(0.5, 50),
        Help("Width of the Gaussian that smooths the deformation: two to three voxels.")
    ] = 6.0  # fmt: skip


@analysis(
    id="motion.ventilation",
    title="Ventilation from 4D CT",
    citation="Ding et al., Med Phys 39:5084 (2012), doi 10.1118/1.4736808, for the measures by the Jacobian "
    "determinant and by intensity; Vercauteren et al., NeuroImage 45:S61 (2009), for the registration",
    inputs=[
        Input(
            "series", Series, unit="HU", min_frames=2, made_for=("ct_4d",),
            help="Phases of the breath, two or more, in HU.",
        ),
        # With a grid of its own no map is shown of a slice by itself: what moves leaves it.
        Input("lungs", LabelMap, own_grid=True, help="The lungs as they lie at end-expiration, on the same grid."),
    ],
    outputs=[
        Output(
            "ventilation", Map, unit="1", help="Specific change of volume from expiration to inspiration: J - 1.",
            display=Display(window=(0, 0.5), symbol="specific ventilation"),
        ),
        Output(
            "volume_change", Map, unit="1", help="Volume at end-inspiration by that at end-expiration (J).",
            display=Display(window=(0.8, 1.6), colours="coolwarm", symbol="J"), range=(0, LARGEST),
        ),
        Output(
            "by_intensity", Map, unit="1", help="Specific change of the volume of air, by how far HU fall.",
            display=Display(window=(0, 1.0), symbol="change of air"),
        ),
        Output("measures", Table, help="Volumes of the lungs, mean ventilation by both ways, and of which phases."),
    ],
    parameters=VentilationParameters,
)  # fmt: skip
def ventilation(series, lungs, *, parameters, context):
    r"""How far each part of the lungs expands from end-expiration to end-inspiration, by registration of the two.

    Notes
    -----
    The image at end-inspiration is registered to that at end-expiration, and the displacement u of a place x of the
    latter gives its volume after by before and the specific ventilation,

    .. math:: J = \det(I + \nabla u), \qquad sV = J - 1

    Where HU are a mixture of air (-1000) and tissue (0) that neither comes nor goes, the air changes by

    .. math:: \frac{V_{in} - V_{ex}}{V_{ex}} = \frac{1000 \, (HU_{in} - HU_{ex})}{HU_{ex} \, (HU_{in} + 1000)}

    with the HU of the same tissue in both (Ding 2012). Registration is by symmetric demons on values cut off at -1000
    and 100 HU; what inflation takes from the density of the lungs on the whole is given back before. It takes lungs
    that slide along the chest for tied to it: near the pleura the map is smoother than the truth. J of 0 or less, where
    the field folds, is left empty.
    """
    lungs.geometry.require_match(series.geometry, lungs.name, series.name)
    inside = lungs.foreground
    out, full = _phases(series, inside, parameters)
    frames = [np.clip(_finite(series, n), AIR, SOLID) for n in (out, full)]
    spacing = series.geometry.spacing
    scale = (SOLID - AIR) / 2

    def report(fraction: float) -> bool:
        if not context.cancelled:
            context.report(0.9 * fraction, "registering the phases")
        return not context.cancelled

    pair = frames[0], _as_dense(frames[1], frames[0], inside)
    way = demons_field(*((f - AIR) / scale for f in pair), spacing, smoothness=parameters.smoothness, report=report)
    context.progress(0.9, "measuring")
    change = volume_change(way, Geometry.from_spacing(inside.shape, spacing))
    moved = sampled(frames[1], way, spacing)
    air = _change_of_air(frames[0], moved, inside)
    folded = float((change[inside] <= 0).mean())
    change = np.where(inside & (change > 0), change, np.nan)
    maps = {"ventilation": change - 1, "volume_change": change, "by_intensity": air}
    return {name: values.astype(np.float32) for name, values in maps.items()} | {
        "measures": _measures(series, inside, change, air, (out, full)),
        "findings": _told(folded, pair, sampled(pair[1], way, spacing), inside, series.name),
    }


def _as_dense(full: np.ndarray, empty: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """(K, J, I) HU of inspiration with lungs as dense on the whole as at expiration; what is no lung stays as it is."""
    ratio = float((empty[inside] - AIR).mean()) / max(float((full[inside] - AIR).mean()), 1.0)
    density = full - AIR
    lung = density < LUNG
    return AIR + np.where(lung, np.minimum(density * ratio, LUNG), density)


def _phases(series: Series, inside: np.ndarray, parameters: VentilationParameters) -> tuple[int, int]:
    """Frames of end-expiration and end-inspiration: lungs that are full of air are darkest."""
    wanted = parameters.expiration, parameters.inspiration
    for n in wanted:
        if n is not None and n >= series.frame_count:
            raise InputError(
                "E-FRAME", f"there is no frame {n}, they are 0 to {series.frame_count - 1}", where=series.name,
                fix="Give numbers of frames, counted from 0.",
            )  # fmt: skip
    if None in wanted:
        level = [float(np.mean(_finite(series, n)[inside])) for n in range(series.frame_count)]
        found = int(np.argmax(level)), int(np.argmin(level))
        wanted = tuple(other if own is None else own for own, other in zip(wanted, found))
    if wanted[0] == wanted[1]:
        raise InputError(
            "E-FRAME", f"frame {wanted[0]} is both end-expiration and end-inspiration", where=series.name,
            fix="Give two different frames.",
        )  # fmt: skip
    return wanted


def _finite(series: Series, n: int) -> np.ndarray:
    values = np.asarray(series.values[n], dtype=np.float64)
    if not np.isfinite(values).all():
        raise InputError(
            "E-NOT-FINITE", f"frame {n} (counted from 0) holds NaN or infinite values", where=series.name,
            fix="Fill them (-1024 for CT) before.",
        )  # fmt: skip
    return values


def _change_of_air(before: np.ndarray, after: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """(K, J, I) change of the volume of air by that before; NaN where the share of air cannot be told."""
    known = inside & (before > LEAST) & (before < MOST) & (after > LEAST) & (after < MOST)
    with np.errstate(divide="ignore", invalid="ignore"):
        change = 1000 * (after - before) / (before * (after + 1000))
    return np.where(known, change, np.nan)


def _measures(series: Series, inside: np.ndarray, change: np.ndarray, air: np.ndarray, phases: tuple) -> Table:
    ml = series.geometry.voxel_volume_ml
    known, with_air = change[np.isfinite(change)], air[np.isfinite(air)]
    volume = float(np.count_nonzero(inside)) * ml
    rows = [
        ("frame of end-expiration", "1", float(phases[0])), ("frame of end-inspiration", "1", float(phases[1])),
        ("volume at end-expiration", "mL", volume), ("volume at end-inspiration", "mL", volume * float(known.mean())),
        ("tidal volume", "mL", volume * float(known.mean() - 1)), ("mean specific ventilation", "1", known.mean() - 1),
        ("standard deviation of the ventilation", "1", float(known.std())),
        ("mean change of air by intensity", "1", float(with_air.mean()) if with_air.size else float("nan")),
    ]  # fmt: skip
    return Table(dict(zip(("measure", "unit", "value"), map(list, zip(*rows)))), name="measures")


def _told(folded: float, pair: tuple, moved: np.ndarray, inside: np.ndarray, name: str) -> tuple[Finding, ...]:
    found = []
    if folded > FOLDED:
        text = f"the deformation folds onto itself in {folded:.1%} of the lungs, which are left empty; raise smoothness"
        found.append(Finding("W-REGISTRATION-FOLD", Severity.MASK, text, name))
    apart = [float(np.abs(pair[0] - other)[inside].mean()) for other in (pair[1], moved)]
    if apart[1] > apart[0]:
        text = f"the phases differ by {apart[1]:.0f} HU after registration, by {apart[0]:.0f} HU before; do not use it"
        found.append(Finding("W-REGISTRATION-WORSE", Severity.WARN, text, name))
    return tuple(found)
