"""Earlier results that are given are not replaced by what is made from them."""

from __future__ import annotations

from ...errors import InputError
from ...io.files.boundary import real_path
from ...io.output.manifest import is_listed
from ...io.reading.earlier_result import folder_or_file


def require_inputs_kept(given) -> None:
    """Refuse to replace an earlier result that something given is a part of.

    Raises
    ------
    InputError
        ``E-OUTPUT-INPUT``.
    """
    target = real_path(given.out)
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
