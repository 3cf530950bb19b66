"""The page of the formats of images, from what they declare."""

from __future__ import annotations

from collections.abc import Iterable

from SpatioTemporalLib.io.images.image_format import ImageFormat

from .markdown import page, table

HEADINGS = ("format", "files", "read", "written", "frame times, in this order")


def format_page(formats: Iterable[ImageFormat]) -> str:
    """Markdown: a row a format, with what is read of it and where its times come from."""
    return page(
        "# Image formats",
        "The first bytes of a file tell its format where they can, then the ending of its name, whether in capitals or "
        "not. Times given by you go before those of a file; [frame times](times.md) says what is refused and repaired.",
        table(HEADINGS, [_row(each) for each in formats]),
    )


def _row(each: ImageFormat) -> tuple[str, ...]:
    name = f"[{each.name}]({each.page}.md)" if each.page else each.name
    return name, ", ".join(f"`{ending}`" for ending in each.endings), each.read_as, each.written or "–", each.times
