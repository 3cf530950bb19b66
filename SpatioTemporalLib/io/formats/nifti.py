"""NIfTI-1 and NIfTI-2."""

from ..images.image_format import ImageFormat
from ..nifti.file import read_nifti

HEADER_SIZES = (348, 540)

NIFTI = ImageFormat(
    name="NIfTI",
    endings=(".nii", ".nii.gz"),
    # The header begins with its own size, in either byte order.
    marks=tuple((0, size.to_bytes(4, order)) for size in HEADER_SIZES for order in ("little", "big")),
    read=read_nifti,
    read_as="series, stacks, maps, label maps; the side-car in BIDS names",
    written="series, maps, label maps, with a side-car",
    times="`VolumeTiming`, `FrameTimesStart`, `RepetitionTime` of the side-car, then `pixdim[4]` with a unit of time",
    page="nifti",
)
