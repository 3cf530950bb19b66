"""Memory and silence of the registration of two large visits, and how near it comes to a known motion.

    python Testing/benchmarks/registration_memory.py [--slices 300] [--size 320]

The images are simulated: smooth structure with noise, moved by a known shift. Told are the peak memory above that of
the two images, in multiples of them, the longest time without a report, and the error of the shift.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np
from scipy import ndimage

import SpatioTemporalLib as st
from SpatioTemporalLib.context import Context

SHIFT_VOXELS, SPACING = (1.3, -2.0, 3.0), (1.0, 1.0, 1.5)


def peak_mebibytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def pair(slices: int, size: int) -> tuple[st.Map, st.Map]:
    rng = np.random.default_rng(0)
    coarse = rng.normal(0, 200, (-(-slices // 10), -(-size // 10), -(-size // 10)))
    base = ndimage.zoom(coarse, 10, order=1).astype(np.float32)[:slices, :size, :size]
    geometry = st.Geometry.from_spacing(base.shape, SPACING)
    moved = ndimage.shift(base, SHIFT_VOXELS, order=1, mode="nearest")
    noise = [rng.normal(0, 10, base.shape).astype(np.float32) for _ in range(2)]
    return st.Map(base + noise[0], geometry, "HU", "first"), st.Map(moved + noise[1], geometry, "HU", "second")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slices", type=int, default=300)
    parser.add_argument("--size", type=int, default=320)
    arguments = parser.parse_args()
    first, second = pair(arguments.slices, arguments.size)
    both = 2 * first.values.nbytes / 2**20
    before, last, longest = peak_mebibytes(), [time.monotonic()], [0.0]

    def report(fraction: float, message: str) -> None:
        now = time.monotonic()
        longest[0], last[0] = max(longest[0], now - last[0]), now

    begun = time.monotonic()
    visits = st.FollowUp("simulated", (st.Visit(0.0, {"ct": first}), st.Visit(30.0, {"ct": second})))
    result = st.run("follow_up.registration", visits=visits, context=Context(report=report))
    rows = result["motion"].columns
    found = np.array([rows["m14"][0], rows["m24"][0], rows["m34"][0]])
    wanted = np.array(SHIFT_VOXELS)[::-1] * SPACING
    print(f"two images {both:.0f} MiB, beside them at most {(peak_mebibytes() - before) / both:.1f} times as much")
    print(f"{time.monotonic() - begun:.0f} s, longest without a report {longest[0]:.1f} s")
    print(f"shift {np.round(found, 3)} mm, put in {wanted} mm, error {np.abs(found - wanted).max():.3f} mm")


if __name__ == "__main__":
    main()
