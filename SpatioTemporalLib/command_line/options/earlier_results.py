"""Earlier results among the options: their folders stand for files, and what is given is not replaced."""

from __future__ import annotations

from pathlib import Path

from ...data.curve import Curve, Table
from ...data.series import Series
from ...data.volumes import LabelMap, Map
from ...declare import Input
from ...errors import InputError
from ...io.output.manifest import is_listed
from ...io.reading.earlier_result import file_of_earlier_result, folder_or_file, is_earlier_result

FROM_RESULTS = (Series, Map, LabelMap, Curve, Table)


def of_earlier_result(item: Input, given):
    """What is named, or the file of an earlier result that is meant by its folder."""
    if item.kind not in FROM_RESULTS:
        return given
    path = given[0] if isinstance(given, list) and len(given) == 1 else given
    if isinstance(path, list) or not is_earlier_result(path):
        return given
    file = file_of_earlier_result(path, item.kind.__name__, item.results)
    print(f"{item.name}: {file}")
    return [str(file)] if isinstance(given, list) else str(file)


def require_inputs_kept(given) -> None:
    """Refuse to replace an earlier result that something given is a part of.

    Raises
    ------
    InputError
        ``E-OUTPUT-INPUT``.
    """
    target = Path(given.out).resolve()
    # Whatever the option is called: masks of visits, bundles and references of DICOM objects are files too.
    values = (value for name, value in vars(given).items() if name not in ("out", "scene"))
    words = [word for value in values for word in (value if isinstance(value, list) else [value])]
    for word in words:
        if isinstance(word, str) and word and is_listed(target, folder_or_file(word)):
            raise InputError(
                "E-OUTPUT-INPUT",
                f"holds {word}, from which the new result is made and which it would replace",
                where=str(target),
                fix="Choose another folder for the results.",
            )
