"""What goes wrong without anybody's fault, in words: memory, disks and rights that are not there."""

from __future__ import annotations

import errno
import os

# As torch and other libraries put it, whose errors of memory are of no kind of their own.
OF_MEMORY = ("can't allocate memory", "not enough memory", "out of memory", "unable to allocate", "bad_alloc")
FIXES = {
    errno.ENOSPC: "Free some space, or choose a place on another disk",
    errno.EACCES: "Check that you may read and write there",
    errno.EPERM: "Check that you may read and write there",
    errno.EROFS: "Choose a place that can be written to",
    errno.ENOENT: "Check that it is still there",
    errno.EMFILE: "Close other programs, or allow more open files (ulimit -n)",
    errno.EIO: "Check the disk or the connection to it",
}


def fault_of_the_system(error: Exception) -> str:
    """What the system refused and what can be done, "" for an error of another kind."""
    text = str(error)
    if isinstance(error, MemoryError) or any(words in text.lower() for words in OF_MEMORY):
        told = f" ({text})" if text else ""
        return (
            f"there is not enough memory{told}. Close other programs, choose a region with a mask, or crop or split "
            "the image [E-MEMORY]"
        )
    if isinstance(error, OSError) and error.errno:
        names = [os.fspath(n) for n in (error.filename, error.filename2) if isinstance(n, (str, os.PathLike))]
        where = f"{', '.join(names)}: " if names else ""
        fix = FIXES.get(error.errno, "Check that the file or folder can be used")
        return f"{where}{os.strerror(error.errno).lower()}. {fix} [E-SYSTEM]"
    return ""
