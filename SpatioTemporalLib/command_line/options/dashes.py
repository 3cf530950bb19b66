"""Values that begin with a dash, such as -12,3,4."""

from __future__ import annotations


def with_dashes_joined(words: list[str], flags: set[str]) -> list[str]:
    """The words of a command with what follows these options joined to them.

    What begins with a dash, such as -12,3,4, would be taken for an option itself.
    """
    joined: list[str] = []
    for word in words:
        if joined and joined[-1] in flags and word.startswith("-") and not word.startswith("--"):
            joined[-1] = f"{joined[-1]}={word}"
        else:
            joined.append(word)
    return joined
