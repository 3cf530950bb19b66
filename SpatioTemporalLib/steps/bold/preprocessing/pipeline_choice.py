"""Which of several ways to prepare a run gives maps that come again and predict, and do not follow motion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ....context import Context
from ....data.curve import Table
from ....data.events import Events
from ....data.series import Series
from ....errors import InputError
from ....numerics.bold.design import design_matrix
from ....numerics.bold.linear_model import fit_linear_model, t_contrast
from ....numerics.bold.preprocessing.projection import projected, projection_of
from ....numerics.bold.preprocessing.split_half import SplitHalf, global_signal_to_noise, split_half
from .candidates import Candidate, Runs, halves_of, labels_of, prepared_half


@dataclass(frozen=True, eq=False)
class Tried:
    """A candidate with one number of components. edges, motion : correlations of its map with those of artefacts."""

    candidate: Candidate
    components: int
    found: SplitHalf
    edges: float
    motion: float

    def rejected(self, limit: float) -> bool:
        return max(self.edges, self.motion) > limit


def tried(
    candidates: list[Candidate], runs: Runs, events: Events, conditions: tuple[str, str], components, context: Context
) -> list[Tried]:
    """Every candidate with every number of components, on the two halves of a run."""
    series = runs.series[False]
    labels = labels_of(series.times, events, conditions)
    frames = halves_of(labels, conditions, series.name)
    edges, moving = artefact_maps(runs)
    results, last, matrix = [], None, None
    for n, candidate in enumerate(candidates):
        context.progress(n / len(candidates), str(candidate))
        if (candidate.corrected, candidate.smoothing) != last:
            matrix, last = runs.matrix(candidate), (candidate.corrected, candidate.smoothing)
        halves = [prepared_half(matrix, runs, candidate, half, frames[half]) for half in (0, 1)]
        for count, found in split_half(halves, [labels[own] for own in frames], components).items():
            results.append(Tried(candidate, count, found, _alike(found.map, edges), _alike(found.map, moving)))
    if not results:
        raise InputError(
            "E-HALVES", f"no half has {min(components)} principal components", where=series.name,
            fix="Give fewer components.",
        )  # fmt: skip
    return results


def artefact_maps(runs: Runs) -> tuple[np.ndarray, np.ndarray]:
    """(V,) steepness of the mean image, and part of the variance that motion explains, as the run was acquired."""
    values = runs.series[False].values
    mean = np.mean(values, axis=0, dtype=np.float64)
    spacing = runs.series[False].geometry.spacing[::-1]
    slopes = [ndimage.sobel(mean, axis) / s for axis, s in enumerate(spacing) if mean.shape[axis] > 2]
    steep = np.sqrt(sum(slope**2 for slope in slopes))[runs.inside]
    matrix = np.stack([np.asarray(frame)[runs.inside] for frame in values]).astype(np.float32)
    left = projected(matrix, projection_of(runs.motion)).var(axis=0, dtype=np.float64)
    before = matrix.var(axis=0, dtype=np.float64)
    return steep, 1.0 - np.divide(left, before, out=np.ones_like(before), where=before > 0)


def chosen_of(results: list[Tried], limit: float, name: str) -> Tried:
    """The one nearest to perfect reproducibility and prediction of those that do not follow artefacts.

    Raises
    ------
    InputError
        ``E-PIPELINE-NONE`` when all follow edges or motion.
    """
    kept = [each for each in results if not each.rejected(limit)]
    if not kept:
        least = min(max(each.edges, each.motion) for each in results)
        raise InputError(
            "E-PIPELINE-NONE",
            f"the maps of all {len(results)} ways follow edges or motion (correlation {least:.2f} and above, "
            f"{limit:g} allowed): motion goes with the task, and a high reproducibility would be motion's",
            where=name,
            fix="Add candidates that take out more motion, or use another run.",
        )
    # Distances that differ by less than is shown are equal: the earlier, simpler one is chosen then.
    return min(kept, key=lambda each: (round(each.found.distance, 4), each.components))


def choice_table(results: list[Tried], chosen: Tried, limit: float) -> Table:
    """One row a candidate and number of components, all that were tried."""
    rows = [
        {
            "pipeline": str(each.candidate), "motion corrected": int(each.candidate.corrected),
            "motion terms": each.candidate.terms, "smoothing": each.candidate.smoothing,
            "high-pass": each.candidate.high_pass, "components": each.components,
            "reproducibility": each.found.reproducibility, "prediction": each.found.prediction,
            "gSNR": global_signal_to_noise(each.found.reproducibility), "distance": each.found.distance,
            "like edges": each.edges, "like motion": each.motion, "rejected": int(each.rejected(limit)),
            "chosen": int(each is chosen),
        }
        for each in results
    ]  # fmt: skip
    return Table(
        {name: [row[name] for row in rows] for name in rows[0]}, {"smoothing": "mm", "high-pass": "Hz"}, "pipelines"
    )


def tested(runs: Runs, candidate: Candidate, events: Events, conditions: tuple[str, str]) -> np.ndarray:
    """(V,) normal deviates of the second condition less the first, in a run that took no part in the choice."""
    nuisance = {f"nuisance {n + 1}": column for n, column in enumerate(runs.columns(candidate).T)}
    design = design_matrix(runs.series[False].times, events, high_pass=0.0, nuisance=nuisance)
    contrast = np.zeros(design.matrix.shape[1])
    for sign, name in zip((-1, 1), conditions):
        contrast[design.names.index(name)] = sign
    return t_contrast(fit_linear_model(runs.matrix(candidate), design.matrix), contrast).z


def require_apart(series: Series, held_out: Series) -> None:
    """``E-CIRCULAR`` when a run that shall test a choice is the one it was made on."""
    same = series.values.shape == held_out.values.shape and all(
        np.array_equal(a, b) for a, b in zip(series.values[::7], held_out.values[::7])
    )
    if same:
        raise InputError(
            "E-CIRCULAR", "is the run on which the choice is made: a test on it would find what it was chosen for",
            where=held_out.name, fix="Give another run of the same person as held_out, or none.",
        )  # fmt: skip


def _alike(map: np.ndarray, artefact: np.ndarray) -> float:
    """Correlation of how strong a map is with a map of artefacts."""
    strength = np.abs(map)
    if strength.std() == 0 or artefact.std() == 0:
        return 0.0
    return float(np.corrcoef(strength, artefact)[0, 1])
