"""What a format of images says of itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .image import FileImage


@dataclass(frozen=True)
class ImageFormat:
    """A format of files with images, declared in a file of `io.formats` and found by being there.

    Attributes
    ----------
    name : str
        As people call it, e.g. "NIfTI".
    endings : tuple of str
        Of file names, in lower case with their dots, e.g. (".nii", ".nii.gz"); the longest that fits is cut off a name.
    read : callable
        ``read(path, *, components_are_frames=False)`` gives a `FileImage`. None where an image is a folder of files.
    marks : tuple of (int, bytes)
        Bytes by which such files are told whatever their names, each with the offset at which it stands; one suffices.
    on_grid : bool
        Whether voxels have a place, so that files are maps, label maps, stacks and visits too, not only series.
    read_as, written, times : str
        For the manual: what is read, what is written, and where frame times are taken from, in this order.
    page : str
        The page of the manual beside that of all formats which says more, or "".
    """

    name: str
    endings: tuple[str, ...]
    read: Callable[..., FileImage] | None
    read_as: str
    times: str
    marks: tuple[tuple[int, bytes], ...] = ()
    on_grid: bool = True
    written: str = ""
    page: str = ""

    def __post_init__(self):
        wrong = [e for e in self.endings if not e.startswith(".") or e != e.lower()]
        if wrong or not self.endings:
            raise TypeError(f"{self.name}: endings are lower case and begin with a dot, found {wrong or 'none'}")

    def is_marked(self, start: bytes) -> bool:
        """Whether the first bytes of a file are those of this format."""
        return any(start[at : at + len(mark)] == mark for at, mark in self.marks)

    def __str__(self) -> str:
        return f"{self.name} ({', '.join(self.endings)})"
