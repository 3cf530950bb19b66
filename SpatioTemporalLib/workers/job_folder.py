"""The folder through which the arrays of one job go from process to process, and what may be wrong with it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..system.plain_text import for_message


@dataclass(frozen=True)
class JobFolder:
    """Where the arrays of one job lie."""

    path: Path

    def save(self, name: str, array: np.ndarray) -> str:
        """Write an array and give back the name of its file."""
        file = f"{name}.npy"
        try:
            np.save(self.path / file, np.asanyarray(array), allow_pickle=False)
        except OSError as error:
            raise gone(self.path, error) from error
        return file

    def load(self, file: str) -> np.ndarray:
        """The array of a file of this folder, memory-mapped; small ones in memory."""
        # Not np.load, which opens other kinds of files too.
        array = np.lib.format.open_memmap(self.path / Path(file).name, mode="r")
        return array if array.nbytes > 2**20 else np.array(array)


def gone(folder: Path, error: OSError | None = None) -> InputError:
    """The error for a folder of a job that went away, or cannot be written to."""
    why = f" ({os.strerror(error.errno).lower()})" if error is not None and error.errno else ""
    missing = "is gone" if not folder.is_dir() else f"cannot be written to{why}"
    return InputError(
        "E-HANDOVER",
        f"the folder through which images and results are handed over {missing}",
        where=str(folder),
        fix="Check that there is room in the temporary folder and that nothing cleans it, then run it again.",
    )


@contextmanager
def whole(what: str, folder: Path) -> Iterator[None]:
    """Say in words that something was not handed over whole: files cut off, fields missing or of another kind."""
    try:
        yield
    except InputError as error:
        if error.code == "E-HANDOVER":
            raise
        raise _not_whole(what, folder, error.message) from error
    except MemoryError as error:
        raise _not_whole(what, folder, "it does not fit the memory") from error
    # Damaged files make NumPy's reader fail in every way there is; a user can act on none of them.
    except Exception as error:
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise _not_whole(what, folder, said) from error


def _not_whole(what: str, folder: Path, why: str) -> InputError:
    text = f"{what} was not handed over whole ({for_message(why, 160)})"
    return InputError("E-HANDOVER", text, where=str(folder), fix="Run it again.")
