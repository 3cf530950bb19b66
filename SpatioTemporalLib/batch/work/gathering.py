"""Files that belong together, wherever they lie, as a folder for as long as a case is computed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

SOURCES = ".sources"
ALONE = "segmentation-"


@contextmanager
def gathered(files: Mapping[str, list[str]], folder: Path) -> Iterator[dict[str, str]]:
    """Folders of links to files under names that tell nothing, by the word that stands for each; gone at the end.

    What is called as a segmentation is one file, and given as such.
    """
    top, places = folder / SOURCES, {}
    try:
        for word, own in files.items():
            place = top / word
            place.mkdir(parents=True)
            linked = [_linked(Path(file), place / f"{number:06d}.dcm") for number, file in enumerate(own)]
            places[word] = str(linked[0] if word.startswith(ALONE) else place)
        yield places
    finally:
        shutil.rmtree(top, ignore_errors=True)


def _linked(file: Path, path: Path) -> Path:
    """A link; another name of the file, or a copy, where the system has no links or does not allow them."""
    for way in (os.symlink, os.link):
        try:
            way(file, path)
            return path
        except OSError:
            continue
    shutil.copyfile(file, path)
    return path
