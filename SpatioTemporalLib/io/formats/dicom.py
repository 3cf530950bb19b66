"""DICOM, of which an image is a folder of files, or one file with many frames; `io.dicom` puts them together."""

from ..images.image_format import ImageFormat

DICOM = ImageFormat(
    name="DICOM",
    endings=(".dcm", ".ima"),
    marks=((128, b"DICM"),),
    read=None,
    read_as="series, stacks, maps, visits, label maps (segmentations); a folder, a file, or several folders",
    written="parametric maps, segmentations",
    times="the first [tag](dicom.md) that tells all frames apart",
    page="dicom",
)
