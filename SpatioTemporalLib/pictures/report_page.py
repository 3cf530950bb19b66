"""A page of HTML that stands alone: words, tables and pictures, nothing fetched from elsewhere."""

from __future__ import annotations

import base64
import html
import io
import math
from collections.abc import Sequence

import numpy as np

from ..data.curve import Table

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #222; max-width: 60rem; margin: 1.5rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0.2rem; } h2 { font-size: 1.1rem; margin: 1.4rem 0 0.4rem; }
table { border-collapse: collapse; font-size: 13px; } th, td { padding: 0.2rem 0.7rem; text-align: right; }
th { border-bottom: 1px solid #888; } td:first-child, th:first-child { text-align: left; padding-left: 0; }
.facts td { text-align: left; }
.warning { border-left: 4px solid #d55e00; background: #fdf3ec; padding: 0.4rem 0.8rem; margin: 0.6rem 0; }
.large { font-size: 1.4rem; } .small { color: #666; font-size: 12px; } img { max-width: 100%; }
@media print { body { margin: 0; } h2 { break-after: avoid; } img, table { break-inside: avoid; } }
"""


def page(title: str, parts: Sequence[str]) -> str:
    """A complete document of parts that the functions below make."""
    body = "\n".join(parts)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{STYLE}</style></head><body>\n<h1>{html.escape(title)}</h1>\n{body}\n</body></html>\n"
    )


def heading(text: str) -> str:
    return f"<h2>{html.escape(text)}</h2>"


def paragraph(text: str, kind: str = "") -> str:
    """Words; kind "warning", "large" or "small"."""
    return f'<p class="{kind}">{html.escape(text)}</p>' if kind else f"<p>{html.escape(text)}</p>"


def table_of(table: Table) -> str:
    """A table with its units in the headings."""
    head = "".join(f"<th>{html.escape(table.heading(name))}</th>" for name in table.columns)
    rows = (
        "<tr>" + "".join(f"<td>{html.escape(_cell(cell))}</td>" for cell in row) + "</tr>"
        for row in zip(*table.columns.values())
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def facts_of(table: Table) -> str:
    """A table of one row, written as a line for each column."""
    rows = (
        f"<tr><td>{html.escape(table.heading(name))}</td><td>{html.escape(_cell(cells[0]))}</td></tr>"
        for name, cells in table.columns.items()
    )
    return f'<table class="facts"><tbody>{"".join(rows)}</tbody></table>'


def picture(figure, description: str) -> str:
    """A matplotlib figure as a PNG inside the page."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    data = base64.b64encode(stream.getvalue()).decode("ascii")
    return f'<img alt="{html.escape(description)}" src="data:image/png;base64,{data}">'


def _cell(value: object) -> str:
    if isinstance(value, (float, np.floating)):
        return "–" if math.isnan(value) else f"{value:.4g}"
    return str(value)
