"""The page of all messages by their codes."""

from __future__ import annotations

from itertools import groupby

from .markdown import page, plain
from .meanings import MEANINGS
from .message_codes import Message

KINDS = {
    "E": ("Errors", "Nothing was computed, or nothing written. What is to be done stands after the arrow."),
    "W": ("Warnings", "The work went on; the finding is kept with the result. Look whether it matters to you."),
    "R": (
        "Repairs",
        "Something odd was mended, in the only way that it can be meant; the finding is kept with the result.",
    ),
    "NI": ("Notes", "Nothing is odd; it is good to know."),
}


def message_page(messages: list[Message]) -> str:
    """Markdown: a heading with an anchor for each code, below it what is said under it."""
    parts = [
        "# Messages",
        "Every message ends with a code in square brackets, here in alphabetical order. An ellipsis (…) stands for "
        "what depends on your data: a value, a name, a file.",
    ]
    for letters, (title, sentence) in KINDS.items():
        parts += [f"## {title}", sentence]
        some = [message for message in messages if message.code[0] in letters]
        for code, same in groupby(some, key=lambda m: m.code):
            parts += [f"({code.lower()})=\n### {code}", plain(MEANINGS.get(code, "")), _told(list(same))]
    return page(*parts)


def _told(messages: list[Message]) -> str:
    return "\n".join(dict.fromkeys(_line(message) for message in messages if message.message or message.fix))


def _line(message: Message) -> str:
    text = plain(" ".join(message.message.split())) or "…"
    # A backslash at the end of a line begins a new one.
    fix = f"\\\n  → {plain(' '.join(message.fix.split()))}" if message.fix else ""
    return f"- {text}{fix}"
