"""What people type for an input."""

from __future__ import annotations

from ..errors import ParameterError


def numbers(text: str | None, option: str) -> list[float] | None:
    """The numbers an option gives, separated by commas; None where it was not given."""
    if text is None:
        return None
    try:
        return [float(word) for word in text.split(",")]
    except ValueError as error:
        raise ParameterError(
            "E-NUMBERS", f"{option} {text} is not a list of numbers ({error})", fix=f"Write {option} 0,2.5,5"
        ) from error
