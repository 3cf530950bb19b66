"""One file of a case damaged: in its bytes, or in its words where it begins with text."""

from __future__ import annotations

import gzip
import random
import re
import struct

EXTREMES = (
    *(b"\xff" * 4, b"\0" * 4, b"\x80\0\0\0", b"\xff\xff\xff\x7f", b"99999", b"\0\0\0\0\0\0\xf0\x7f"),
    *(struct.pack("<i", -5), struct.pack("<h", -5), struct.pack("<f", float("nan")), struct.pack("<f", float("inf"))),
    *(struct.pack("<f", 1e30), struct.pack("<f", 1e-30), struct.pack("<d", 1e300), struct.pack("<h", 32767)),
)
NUMBERS = (
    *("1e400", "-1e400", "nan", "inf", "-inf", "Infinity", "NaN", "1e30", "-1e30", "1e-30", "0", "-0", "-5", "-1"),
    *("1e308", "99999999999999999999", "1000000000", "2147483648", "4294967296", "1e18", "0x10", "1_000", "1,5"),
    *("٣", "", " ", "1 2", "1e", "+", ".", "400", "0.5", "1e999", "9" * 5000),
)
# Line feeds to some readers and letters to others, ends of strings, quotes and commands.
LETTERS = ("\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\r", "\n", "\0", "\ufeff", "\\", "\\n")
WORDS = ("../", "/etc/passwd", "%d", "LIST", "LOCAL", '"', "'", ":", ":=", "=", "{", "[" * 3000, "x" * 70000, "null")
NUMBER = re.compile(rb"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


def mutated(files: list[tuple[str, bytes]], names: list[str], key: str) -> tuple[list[tuple[str, bytes]], str]:
    """The files with one of `names` damaged, the same for the same key, and what was done in words."""
    chance = random.Random(key)
    chosen = chance.choice(names)
    data = dict(files)[chosen]
    unpacked = _unpacked(data) if chance.random() < 0.5 else None
    changed, what = _damaged(data if unpacked is None else unpacked, chance)
    if unpacked is not None:
        changed, what = gzip.compress(changed, mtime=0), f"inflated, {what}"
    return [(name, changed if name == chosen else old) for name, old in files], f"{chosen}, {what}"


def _unpacked(data: bytes) -> bytes | None:
    return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else None


def _damaged(data: bytes, chance: random.Random) -> tuple[bytes, str]:
    head = _text_length(data)
    if head and chance.random() < 0.7:
        changed, what = chance.choice(TEXT_DAMAGE)(data[:head], chance)
        return changed + data[head:], what
    return chance.choice(BYTE_DAMAGE)(data, chance)


def _text_length(data: bytes) -> int:
    """Bytes of the text that a file begins with: all of a table, the header of an image."""
    for n, byte in enumerate(data[:100_000]):
        if byte < 9 or 13 < byte < 32 or byte > 126:
            return n if n > 40 else 0
    return len(data)


def _place(data: bytes, chance: random.Random) -> int:
    # Most of what a file says stands at its beginning.
    reach = len(data) if chance.random() < 0.3 else min(len(data), 700)
    return chance.randrange(max(reach, 1))


def _flip(data: bytes, chance: random.Random) -> tuple[bytes, str]:
    changed, places = bytearray(data), []
    for _ in range(chance.randint(1, 4)):
        place = _place(data, chance)
        changed[place] ^= 1 << chance.randrange(8)
        places.append(place)
    return bytes(changed), f"bits flipped at {places}"


def _extreme(data: bytes, chance: random.Random) -> tuple[bytes, str]:
    place, extreme = _place(data, chance) & ~1, chance.choice(EXTREMES)
    return data[:place] + extreme + data[place + len(extreme) :], f"{extreme!r} at {place}"


def _cut_out(data: bytes, chance: random.Random) -> tuple[bytes, str]:
    place, count = _place(data, chance), chance.randint(1, 64)
    return data[:place] + data[place + count :], f"{count} bytes cut out at {place}"


def _repeat(data: bytes, chance: random.Random) -> tuple[bytes, str]:
    place, count = _place(data, chance), chance.randint(1, 64)
    return data[: place + count] + data[place:], f"{count} bytes repeated at {place}"


def _cut_off(data: bytes, chance: random.Random) -> tuple[bytes, str]:
    place = _place(data, chance)
    return data[:place], f"cut off at {place}"


def _append(data: bytes, chance: random.Random) -> tuple[bytes, str]:
    more = chance.choice((b"\0" * 7, b"\n", data, b"\xff" * 2000))
    return data + more, f"{len(more)} bytes more at the end"


def _number(text: bytes, chance: random.Random) -> tuple[bytes, str]:
    found = list(NUMBER.finditer(text))
    if not found:
        return _letter(text, chance)
    match, number = chance.choice(found), chance.choice(NUMBERS)
    return text[: match.start()] + number.encode() + text[match.end() :], f"{match[0]!r} is {number[:30]!r}"


def _letter(text: bytes, chance: random.Random) -> tuple[bytes, str]:
    place, letter = chance.randrange(len(text) + 1), chance.choice((*LETTERS, *WORDS))
    return text[:place] + letter.encode() + text[place:], f"{letter[:30]!r} put in at {place}"


def _line(text: bytes, chance: random.Random) -> tuple[bytes, str]:
    lines = text.split(b"\n")
    row = chance.randrange(len(lines))
    how = chance.choice(("gone", "twice", "swapped", "twice with another number", "cut off"))
    if how == "gone":
        changed = lines[:row] + lines[row + 1 :]
    elif how == "twice":
        changed = lines[:row] + [lines[row]] + lines[row:]
    elif how == "swapped":
        other = chance.randrange(len(lines))
        changed = list(lines)
        changed[row], changed[other] = lines[other], lines[row]
    elif how == "cut off":
        changed = [*lines[:row], lines[row][: len(lines[row]) // 2], *lines[row + 1 :]]
    else:
        changed = lines[:row] + [_number(lines[row], chance)[0]] + lines[row:]
    return b"\n".join(changed), f"line {row} {lines[row][:40]!r} {how}"


def _word(text: bytes, chance: random.Random) -> tuple[bytes, str]:
    words = re.split(rb"([\s:,]+)", text)
    at, other = chance.randrange(len(words)), chance.randrange(len(words))
    was, words[at] = words[at], words[other]
    return b"".join(words), f"word {was[:30]!r} is {words[other][:30]!r}"


BYTE_DAMAGE = (_flip, _flip, _extreme, _extreme, _cut_out, _repeat, _cut_off, _append)
TEXT_DAMAGE = (_number, _number, _letter, _line, _line, _word)
