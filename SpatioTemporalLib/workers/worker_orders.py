"""What a worker is told: lines of any kind and length go in, orders that are whole come out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ..errors import InputError
from ..io.files.json_text import is_number, parsed
from ..system.plain_text import for_message

LONGEST_LINE, LONGEST_ORDER = 2**20, 2**28  # bytes; a longer order comes as a file
WHOLE_NUMBERS = {"threads": 1, "seed": 0, "memory_budget": 1}
RESERVED = {"context", "id"}


def lines_of(stream: BinaryIO, most: int = LONGEST_LINE) -> Iterator[bytes | None]:
    """The lines of a stream; None for one that is too long, which is passed over without being kept."""
    while line := stream.readline(most + 1):
        if len(line) <= most:
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = stream.readline(most)
        yield None


def order_of(line: bytes | str | None) -> dict[str, object]:
    """The order a line is, or the one in the file it names.

    Raises
    ------
    InputError
        ``E-JOB``
    """
    if line is None:
        raise refusal(f"the line is longer than {LONGEST_LINE} characters")
    order = _object(line)
    if "order" not in order:
        return _checked(order)
    if not isinstance(order["order"], str):
        raise refusal("the name of the file with the order is no text")
    file = Path(order["order"])
    try:
        if not file.is_file() or file.stat().st_size > LONGEST_ORDER:
            raise refusal(f"there is no order in {for_message(file.name)}, or one that is too long")
        order = _object(file.read_bytes())
    except (OSError, ValueError) as error:
        raise refusal(f"the order in {for_message(file.name)} cannot be read ({for_message(error)})") from error
    if "order" in order:
        raise refusal("the file with the order names another file")
    return _checked(order)


def refusal(why: str) -> InputError:
    """The error for what is no order."""
    return InputError("E-JOB", f"the job line cannot be read: {why}", fix="Send one JSON object a line.")


def _object(text: bytes | str) -> dict[str, object]:
    try:
        text = text.decode("utf-8") if isinstance(text, bytes) else text
        order = parsed(text.strip(), most=LONGEST_ORDER)
    except ValueError as error:
        raise refusal(for_message(error, 160)) from error
    if not isinstance(order, dict):
        raise refusal(f"{for_message(order, 40)} is no JSON object")
    return order


def _checked(order: dict[str, object]) -> dict[str, object]:
    if "cancel" in order:
        return {"cancel": _number_of_job(order["cancel"])}
    if "run" not in order:
        raise refusal("it neither says run nor cancel")
    order = {**order, "run": _number_of_job(order["run"])}
    faults = [
        *(f"{name} is no text" for name in ("folder", "device") if not isinstance(order.get(name, ""), str)),
        *(f"{name} is no object" for name in ("inputs", "parameters") if not isinstance(order.get(name, {}), dict)),
        *(
            f"{name} is no whole number from {n} on"
            for name, n in WHOLE_NUMBERS.items()
            if not _is_count(order, name, n)
        ),
    ]
    if not isinstance(order.get("check", order.get("analysis")), str):
        faults.append("it names neither an analysis nor a check")
    if "folder" not in order:
        faults.append("it names no folder")
    if faults:
        raise refusal("; ".join(faults))
    doubled = {*order.get("inputs", {}), *RESERVED} & set(order.get("parameters", {}))
    if doubled or RESERVED & set(order.get("inputs", {})):
        raise refusal("it gives an input, or what belongs to the run itself, as a parameter")
    return order


def _number_of_job(given: object) -> str:
    if not isinstance(given, str) and not is_number(given):
        raise refusal("the number of the job is none")
    return for_message(given, 40)


def _is_count(order: dict[str, object], name: str, least: int) -> bool:
    value = order.get(name, least)
    return isinstance(value, int) and not isinstance(value, bool) and least <= value < 2**63
