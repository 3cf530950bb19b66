"""Fields of a bundle's metadata, each checked before it is believed."""

from __future__ import annotations

from ...errors import InputError
from ...io.files.json_text import is_number
from ...system.plain_text import for_message

LONGEST_TEXT, LONGEST_NAME, MOST_COUNT, LARGEST = 100_000, 500, 2**53, 1e30


class FieldReader:
    """Fields of a JSON object by a dotted path, with their types checked."""

    def __init__(self, described: object, where: str, path: str = ""):
        self.described, self.where, self.path = described, where, path

    def __call__(self, path: str, kind: type):
        value = self._at(path)
        if kind is float:
            return number(value, self, path)
        # True is an int to Python, and no number to anybody else.
        fits = isinstance(value, kind) and not (kind is int and isinstance(value, bool))
        if not fits:
            raise self.error(f"{self.path}{path} is {for_message(value, 40)!r}, {kind.__name__} was expected")
        if kind is int and abs(value) > MOST_COUNT:
            raise self.error(f"{self.path}{path} is {for_message(value, 40)}, which nothing is")
        if kind is str and len(value) > LONGEST_TEXT:
            raise self.error(f"{self.path}{path} is {len(value)} letters long")
        return value

    def name(self, path: str) -> str:
        """A text that will be printed in messages and headings."""
        text = self(path, str)
        if len(text) > LONGEST_NAME or for_message(text, LONGEST_NAME) != text.strip():
            raise self.error(f"{self.path}{path} is {for_message(text, 40)!r}, which is no name")
        return text

    def inside(self, path: str) -> FieldReader:
        return FieldReader(self._at(path), self.where, f"{self.path}{path}.")

    def error(self, text: str) -> InputError:
        fix = "Get the bundle anew, or write it again with 'spatiotemporal train'."
        return InputError("E-BUNDLE", text, where=self.where, fix=fix)

    def _at(self, path: str):
        value = self.described
        for key in path.split("."):
            if isinstance(value, dict) and key in value:
                value = value[key]
            elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
                value = value[int(key)]
            else:
                raise self.error(f"its metadata has no {self.path}{path}")
        return value


def number(value: object, read: FieldReader, path: str = "a value") -> float:
    """A finite number that single precision can hold."""
    # Larger ones overflow where they are used, in single precision.
    if not is_number(value) or abs(value) > LARGEST:
        raise read.error(f"{read.path}{path} is {for_message(value, 40)!r}, a number was expected")
    return float(value)


def listed(value: object, read: FieldReader) -> list:
    """A list, of which three numbers are expected."""
    if not isinstance(value, list):
        raise read.error(f"inputs.0.spacing_mm holds {for_message(value, 40)!r}, lists of three were expected")
    return value
