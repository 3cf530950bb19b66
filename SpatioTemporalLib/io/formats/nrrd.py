"""NRRD, as Slicer and others write it."""

from ..images.image_format import ImageFormat
from ..nrrd.file import read_nrrd

NRRD = ImageFormat(
    name="NRRD",
    endings=(".nrrd", ".nhdr", ".seq.nrrd", ".seg.nrrd"),
    marks=((0, b"NRRD"),),
    read=read_nrrd,
    read_as="series (Slicer's sequences and multi-volumes), stacks, maps, label maps, segmentations",
    written="series, maps, label maps",
    times="the index of the sequence with a unit of time, then `MultiVolume.FrameLabels`",
    page="nrrd",
)
