"""Text that others wrote, such as a series description, made safe for a message and for the name of a file."""

from __future__ import annotations

import re
import unicodedata

SHOWN, LONGEST_NAME = 80, 120
# Control characters start the escape sequences of terminals; the others turn the order of what is read around,
# or are not seen at all. Unpaired surrogates cannot be written anywhere.
UNSEEN = "\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
UNSAFE = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f{UNSEEN}]")
LINES = re.compile("[\n\t\r\x0b\x0c\x85\u2028\u2029]+")
NOT_IN_NAMES = re.compile(r'[<>:"/\\|?*%]')
DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in "0123456789¹²³")}


def without_controls(text: str) -> str:
    """The text with its control characters shown as such, lines and tabs left; for text that is a message already."""
    return UNSAFE.sub(lambda found: found.group().encode("unicode_escape").decode("ascii"), text)


def for_message(text: object, most: int = SHOWN) -> str:
    """A text in one line without control characters, the middle of a long one left out."""
    # Cut first: what is a gigabyte long is not searched.
    raw = str(text)
    line = without_controls(LINES.sub(" ", raw if len(raw) <= 4 * most else f"{raw[: 2 * most]}{raw[-2 * most :]}"))
    line = line.strip()
    return line if len(line) <= most else f"{line[: most // 2]}…{line[len(line) - most // 2 + 1 :]}"


def for_file_name(text: object, otherwise: str = "unnamed", most: int = LONGEST_NAME) -> str:
    """A text as the name of a file on every system: no folders, devices, control characters or endless names.

    Letters of all scripts stay. Where nothing is left, it is called `otherwise`.
    """
    line = unicodedata.normalize("NFC", UNSAFE.sub("", LINES.sub(" ", str(text)[: 4 * most])))
    name = " ".join(NOT_IN_NAMES.sub("_", line).split())
    # Systems count bytes; a character of a cut one must not be left in halves.
    name = name.encode("utf-8")[:most].decode("utf-8", "ignore").strip(" .")
    if not name.strip("_"):
        return otherwise
    return f"_{name}" if is_device(name) else name


def is_device(name: str) -> bool:
    """Whether Windows takes the name, whatever its ending, for a device such as a printer."""
    return name.split(".")[0].strip().lower() in DEVICES
