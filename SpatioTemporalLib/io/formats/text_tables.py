"""Curves as text, each column a voxel."""

from ..images.image_format import ImageFormat
from ..tables.file import read_curves_image


def _read(path, *, components_are_frames=False):
    return read_curves_image(path)


TEXT_TABLES = ImageFormat(
    name="CSV",
    endings=(".csv", ".tsv"),
    read=_read,
    on_grid=False,
    read_as="series of curves, each column a voxel",
    written="curves, tables",
    times="the first column, with its unit in the heading",
    page="tables",
)
