"""MetaImage."""

from ..images.image_format import ImageFormat
from ..meta_image.file import read_meta_image

META_IMAGE = ImageFormat(
    name="MetaImage",
    endings=(".mha", ".mhd"),
    read=read_meta_image,
    read_as="maps, label maps, one file for each frame or visit",
    times="none: the format has no times",
    page="metaimage",
)
