"""Writes the pages that are made: of analyses, of networks, of formats of images, and of messages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import SpatioTemporalLib as st
from SpatioTemporalLib.io.images.format_registry import image_formats
from SpatioTemporalLib.networks.registry import networks

from .analysis_page import analysis_page
from .calls import TITLES
from .format_page import format_page
from .markdown import page, plain
from .message_codes import messages_of
from .message_page import message_page
from .network_page import network_page
from .pictures import picture_of

ROOT = Path(__file__).parents[2]
SOURCES = [ROOT / "SpatioTemporalLib", ROOT / "SpatioTemporal"]
ANALYSES, NETWORKS, MESSAGES, FORMATS = "analyses", "networks", "messages.md", "formats/images.md"


def write_manual(folder: Path, tell: Callable[[str], None] = lambda text: None, pictures: bool = True) -> None:
    """Write all pages that are made into a folder, and remove those whose analysis or network is no more."""
    written = [_written(folder / MESSAGES, message_page(messages_of(SOURCES)))]
    written.append(_written(folder / FORMATS, format_page(image_formats().values())))
    written += _write_analyses(folder / ANALYSES, tell, pictures)
    written += [_written(folder / NETWORKS / f"{n.name}.md", network_page(n)) for n in networks().values()]
    for stale in {*(folder / ANALYSES).rglob("*.md"), *(folder / NETWORKS).rglob("*.md")} - set(written):
        stale.unlink()


def analysis_file(id: str) -> str:
    """Where the page of an analysis lies, without its ending."""
    return f"{ANALYSES}/{id.replace('.', '/')}"


def _write_analyses(folder: Path, tell: Callable[[str], None], pictures: bool) -> list[Path]:
    kept = folder / "pictures"
    kept.mkdir(parents=True, exist_ok=True)
    domains: dict[str, list[st.registry.Analysis]] = {}
    written = []
    for analysis in st.analyses().values():
        domains.setdefault(analysis.domain, []).append(analysis)
        path = folder.parent / f"{analysis_file(analysis.id)}.md"
        picture = picture_of(analysis, kept) if pictures else None
        tell(f"{analysis.id}{'' if picture else ' (no picture)'}")
        relative = f"../pictures/{picture.name}" if picture else ""
        written.append(_written(path, analysis_page(analysis, relative)))
    return written + [_written(folder / f"{name}.md", _domain_page(name, some)) for name, some in domains.items()]


def _domain_page(domain: str, analyses: list) -> str:
    """The analyses of a domain with what each is."""
    title = TITLES.get(domain, domain.replace("_", " ").capitalize())
    by_title = sorted(analyses, key=lambda a: a.title)
    lines = [f"[{plain(a.title)}]({a.id.replace('.', '/')}.md)\n: {plain(a.summary)}" for a in by_title]
    files = "\n".join(a.id.replace(".", "/") for a in by_title)
    return page(f"# {title}", *lines, f"```{{toctree}}\n:hidden:\n\n{files}\n```")


def _written(path: Path, text: str) -> Path:
    """Write a page unless it is there as it is, so that Sphinx need not read it again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
    return path
