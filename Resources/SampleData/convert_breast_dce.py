"""Makes the breast sample data from the in-vivo file of DCEMRI.jl.

    python Resources/SampleData/convert_breast_dce.py invivo.mat

The file is ``demo/invivo.mat`` of the repository davidssmith/DCEMRI.jl (MIT
licence). Values are kept; what the file does not say is stated in README.md.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from scipy.io import loadmat

from SpatioTemporalLib import Acquisition, Curve, Geometry, Series
from SpatioTemporalLib.io import write_curves, write_series
from SpatioTemporalLib.io.nifti.file import write_nifti

FOLDER = Path(__file__).parent
# Assumed (see README.md): sagittal slice, 220 mm field of view, 5 mm thick; columns run to
# posterior, rows to inferior, centred on the origin.
PIXEL, THICKNESS = 220 / 192, 5.0
AFFINE = np.array(
    [[0, 0, THICKNESS, 0], [-PIXEL, 0, 0, 110 - PIXEL / 2], [0, -PIXEL, 0, 110 - PIXEL / 2], [0, 0, 0, 1]]
)


def main(source: str) -> None:
    data = loadmat(source)
    repetition_time = float(data["TR"][0, 0])
    values = data["DCEdata"].astype(np.float32)[:, None]
    times = data["t"].ravel()
    series = Series(
        values,
        times,
        Geometry(values.shape[1:], AFFINE),
        name="breast_dce",
        acquisition=Acquisition(
            modality="MR", repetition_time=repetition_time, flip_angle=float(data["DCEflip"][0, 0])
        ),
        time_source="DCEMRI.jl",
    )
    write_series(FOLDER / "breast_dce.seq.nrrd", series)
    # The lowest angle first: in that order the stack looks like a saturation curve.
    order = np.argsort(data["T1flip"].ravel())
    angles = data["T1data"].astype(np.float32)[order][:, None]
    write_nifti(FOLDER / "breast_vfa.nii.gz", angles, AFFINE, interval=None, packed=True)
    facts = {"FlipAngle": data["T1flip"].ravel()[order].tolist(), "RepetitionTimeExcitation": repetition_time}
    (FOLDER / "breast_vfa.json").write_text(json.dumps({"Modality": "MR", **facts}, indent=2) + "\n")
    write_curves(FOLDER / "breast_plasma.csv", Curve(times, data["Cp"].ravel(), "mmol/L", "plasma concentration"))


if __name__ == "__main__":
    main(sys.argv[1])
