"""Speed, memory and accuracy of functional MRI beside its peers, in one thread of the same run.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python Testing/benchmarks/bold.py [--slices 36] [--frames 200]

64 x 64 x 36 voxels and 200 frames of 2 s unless said otherwise. The peers are nilearn (linear model with AR(1) noise,
signal.clean) and SimpleITK (rigid registration by mean squares, two levels); one that is not installed is told. Each
work runs in a process of its own, so that its peak memory is its own. Peers that are slow do a part of the work, and
their time is multiplied: what they did is said. Information, delays and entropy are compared with loops over voxels
and with antropy. nilearn's filter rolls off beside the band's edges, so that a part of
what is outside of the band is meant to stay.
"""

from __future__ import annotations

import argparse
import os
from functools import partial

import numpy as np
import SimpleITK as sitk
from beside import alternately, beside, imported, measured, told
from bold_measures import OF_MEASURES

from SpatioTemporalLib.data import Events
from SpatioTemporalLib.numerics.bold.design import design_matrix
from SpatioTemporalLib.numerics.bold.linear_model import fit_linear_model, t_contrast
from SpatioTemporalLib.numerics.bold.preprocessing.motion_series import series_motion
from SpatioTemporalLib.numerics.bold.preprocessing.nuisance_columns import legendre_columns, outside_band
from SpatioTemporalLib.numerics.bold.preprocessing.projection import projected, projection_of
from SpatioTemporalLib.numerics.bold.preprocessing.resampling import brought_back
from SpatioTemporalLib.numerics.bold.preprocessing.rigid_motion import Rigid
from SpatioTemporalLib.simulation.bold.courses import head_motion
from SpatioTemporalLib.simulation.bold.head import tissues_at

IN_SLICE, INTERVAL, SPACING = (64, 64), 2.0, np.array([3.0, 3.0, 3.5])
BAND = (0.01, 0.1)
NOISE = 10.0  # of grey matter's 1000
HEAD_MM = 50.0


def head_in(shape, parameters) -> np.ndarray:
    """A head where it has moved to; nothing is interpolated."""
    motion = Rigid.of(parameters)
    places = np.stack(np.indices(shape)[::-1]) - ((np.array(shape[::-1]) - 1) / 2)[:, None, None, None]
    points = places * SPACING[:, None, None, None] - motion.translation[:, None, None, None]
    return tissues_at(np.tensordot(motion.rotation.T, points, 1)).signal


def moving_head(shape, frames: int) -> tuple[np.ndarray, np.ndarray]:
    """(T, K, J, I) float32 of a head that moves, with noise, and its motion (T, 6)."""
    rng = np.random.default_rng(0)
    truth = head_motion(frames, 0.6, 0.008, 3, rng)
    volumes = np.empty((frames, *shape), np.float32)
    for n, parameters in enumerate(truth):
        volumes[n] = head_in(shape, parameters) + rng.normal(0, NOISE, shape)
    return volumes, truth


def errors_of(found: np.ndarray, truth: np.ndarray) -> str:
    """Errors in mm, without the constant by which two references differ."""
    difference = found - truth
    difference = np.abs(difference - difference.mean(axis=0))
    shift, turn = difference[:, :3], HEAD_MM * difference[:, 3:]
    return (
        f"error {np.sqrt((shift**2).mean()):.4f} mm, largest {shift.max():.4f} mm; turning on a sphere of "
        f"{HEAD_MM:g} mm {np.sqrt((turn**2).mean()):.4f} mm"
    )


def compare_motion(volumes: np.ndarray, truth: np.ndarray, count: int) -> None:
    frames = len(volumes)
    print(f"motion, {frames} volumes")
    found, ours, memory = measured(lambda: series_motion(volumes, SPACING).parameters)
    told("ours, two passes", ours, memory, errors_of(found, truth))
    motion = [Rigid.of(p) for p in found]
    _, seconds, memory = measured(lambda: sum(brought_back(v, m, SPACING)[0, 0, 0] for v, m in zip(volumes, motion)))
    told("  resampling, cubic B-spline", seconds, memory)
    chosen = np.unique(np.linspace(0, frames - 1, count).round().astype(int))
    mean = np.mean([head_in(volumes.shape[1:], p) for p in truth[frames // 2 :][:1]], axis=0).astype(np.float32)
    for part in (1.0, 0.2):
        found, seconds, memory = measured(partial(_registered, mean, volumes[chosen], part))
        seconds *= frames / len(chosen)
        name = f"SimpleITK, {100 * part:g} % of the voxels"
        told(name, seconds, memory, f"{errors_of(found, truth[chosen])} (of {len(chosen)} volumes)")
        print(f"  {'':<34} ours is {seconds / ours:.0f} times as fast")
    _, seconds, memory = measured(lambda: _resampled_by_peer(volumes[chosen], truth[chosen]))
    told("  its resampling, cubic B-spline", seconds * frames / len(chosen), memory)


def _as_image(volume: np.ndarray):
    image = sitk.GetImageFromArray(np.asarray(volume, np.float32))
    image.SetSpacing(SPACING.tolist())
    image.SetOrigin((-(np.array(volume.shape[::-1]) - 1) / 2 * SPACING).tolist())
    return image


def _registered(reference: np.ndarray, volumes: np.ndarray, part: float) -> np.ndarray:
    """(n, 6) motion by SimpleITK's registration, as its examples set it up, with tighter steps."""
    found = []
    for volume in volumes:
        method = sitk.ImageRegistrationMethod()
        method.SetMetricAsMeanSquares()
        if part < 1:
            method.SetMetricSamplingStrategy(method.REGULAR)
            method.SetMetricSamplingPercentage(part)
        method.SetInterpolator(sitk.sitkLinear)
        method.SetOptimizerAsRegularStepGradientDescent(1.0, 1e-4, 100, 0.5, 1e-8)
        method.SetOptimizerScalesFromPhysicalShift()
        method.SetShrinkFactorsPerLevel([2, 1])
        method.SetSmoothingSigmasPerLevel([1.0, 0.5])
        transform = sitk.Euler3DTransform()
        method.SetInitialTransform(transform, inPlace=True)
        method.Execute(_as_image(reference), _as_image(volume))
        matrix = np.array(transform.GetMatrix()).reshape(3, 3)
        found.append(Rigid(matrix, np.array(transform.GetTranslation())).parameters)
    return np.stack(found)


def _resampled_by_peer(volumes: np.ndarray, truth: np.ndarray) -> float:
    total = 0.0
    for volume, parameters in zip(volumes, truth):
        motion, image = Rigid.of(parameters), _as_image(volume)
        transform = sitk.Euler3DTransform()
        transform.SetMatrix(motion.rotation.ravel().tolist())
        transform.SetTranslation(motion.translation.tolist())
        total += sitk.GetArrayFromImage(sitk.Resample(image, image, transform, sitk.sitkBSpline))[0, 0, 0]
    return float(total)


def compare_denoising(series: np.ndarray) -> None:
    frames = len(series)
    confounds = np.random.default_rng(1).normal(size=(frames, 24))
    band = np.stack(list(outside_band(frames, INTERVAL, *BAND).values()), axis=1)
    columns = np.concatenate([band, legendre_columns(frames, 1), confounds], axis=1)
    print(f"nuisance, {series.shape[1]} voxels, band {BAND[0]:g} to {BAND[1]:g} Hz, line, 24 confounds")

    def ours():
        projection = projection_of(columns)
        return _left_over(projected(series, projection), confounds, band), projection.degrees

    (left, degrees), seconds, memory = measured(ours)
    told("ours, one projection", seconds, memory, f"{left}; {degrees} degrees of freedom")

    def peer():
        from nilearn.signal import clean

        found = clean(
            series, confounds=confounds, t_r=INTERVAL, high_pass=BAND[0], low_pass=BAND[1], detrend=True,
            standardize=None if _takes_none() else False, standardize_confounds=False,
        )  # fmt: skip
        return _left_over(found, confounds, band)

    imported("nilearn.signal")
    beside("nilearn.signal.clean", peer, seconds)


def _takes_none() -> bool:
    """Whether nilearn says by None, not False, that nothing is to be standardised."""
    import nilearn

    return tuple(int(part) for part in nilearn.__version__.split(".")[:2]) >= (0, 13)


def _left_over(series: np.ndarray, confounds: np.ndarray, band: np.ndarray) -> str:
    """How much of the confounds and of the stop band a few voxels still hold."""
    some = series[:, ::997].astype(float)
    some -= some.mean(axis=0)
    parts = []
    for columns in (confounds, band):
        basis = projection_of(columns).taken
        parts.append(100 * ((basis.T @ some) ** 2).sum() / (some**2).sum())
    return f"left of confounds {parts[0]:.2g} %, outside of the band {parts[1]:.2g} %"


def compare_linear_model(series: np.ndarray) -> None:
    frames = len(series)
    times = np.arange(frames) * INTERVAL
    onsets = np.arange(10.0, times[-1] - 20, 40.0)
    events = Events(
        onsets, np.full(len(onsets), 15.0), tuple("ab"[n % 2] for n in range(len(onsets))), np.ones(len(onsets))
    )
    design = design_matrix(times, events).matrix
    contrast = np.zeros(design.shape[1])
    contrast[:2] = 1, -1
    print(f"linear model with AR(1) noise, {series.shape[1]} voxels, {design.shape[1]} columns")

    def ours():
        return t_contrast(fit_linear_model(series, design), contrast).z

    def peer():
        from nilearn.glm.contrasts import compute_contrast
        from nilearn.glm.first_level import run_glm

        labels, results = run_glm(series, design, noise_model="ar1", n_jobs=1)
        return compute_contrast(labels, results, contrast, stat_type="t").z_score()

    imported("nilearn.glm.first_level")
    z, theirs = alternately(("ours", "nilearn.glm"), ours, peer)
    if theirs is not None:
        print(f"  {'':<34} largest difference of z {np.abs(theirs - z).max():.1e}")


# Further comparisons have their line here: a name and a function of the series (T, V) of all voxels.
OF_SERIES = {"linear_model": compare_linear_model, "denoising": compare_denoising, **OF_MEASURES}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slices", type=int, default=36)
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--peer-volumes", type=int, default=8, help="volumes given to SimpleITK's registration")
    parser.add_argument("--only", choices=["motion", *OF_SERIES], help="one comparison alone")
    arguments = parser.parse_args()
    if os.environ.get("OMP_NUM_THREADS") != "1" or os.environ.get("OPENBLAS_NUM_THREADS") != "1":
        print("Set OMP_NUM_THREADS=1 and OPENBLAS_NUM_THREADS=1: what follows may run in several threads.")
    shape = (arguments.slices, *IN_SLICE)
    volumes, truth = moving_head(shape, arguments.frames)
    print(f"{np.prod(shape)} voxels, {arguments.frames} frames of {INTERVAL:g} s, {volumes.nbytes / 2**20:.0f} MiB")
    if arguments.only in (None, "motion"):
        compare_motion(volumes, truth, arguments.peer_volumes)
    series = volumes.reshape(arguments.frames, -1)
    for name, compare in OF_SERIES.items():
        if arguments.only in (None, name):
            compare(series)


if __name__ == "__main__":
    main()
