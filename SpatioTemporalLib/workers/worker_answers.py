"""What a worker says: lines of any kind go in, answers that are whole come out."""

from __future__ import annotations

from ..io.files.json_text import is_number, parsed
from ..system.plain_text import without_controls

FINAL = ("result", "error", "cancelled")
KINDS = {"ready", "progress", "log", "warning", *FINAL}
TEXTS = ("job", "message", "text", "code", "fix", "package", "extra")
LONGEST = 2**28


def answer_of(line: bytes | str) -> dict[str, object] | None:
    """What a line says, with every field that an answer has; None for one that is no answer, such as a print."""
    try:
        answer = parsed(line.decode("utf-8") if isinstance(line, bytes) else line, most=LONGEST)
    except ValueError:
        return None
    if not isinstance(answer, dict) or answer.get("event") not in [*KINDS]:
        return None
    texts = {name: answer.get(name, "") for name in TEXTS}
    if isinstance(texts["package"], list) and all(isinstance(name, str) for name in texts["package"]):
        texts["package"] = " ".join(texts["package"])
    fraction, process = answer.get("fraction", 0.0), answer.get("process", 0)
    if not all(isinstance(text, str) for text in texts.values()) or not is_number(fraction):
        return None
    # It will be ended by this number: 0 and those below would end all processes of a user.
    if answer["event"] == "ready" and not (type(process) is int and 1 < process < 2**31):
        return None
    shown = {name: without_controls(text) for name, text in texts.items()}
    return {**answer, **shown, "fraction": float(fraction)}
