"""What the panel remembers from one session to the next: the analyses used last, and the favourite ones."""

from __future__ import annotations

import slicer

RECENT, FAVOURITES = "SpatioTemporal/RecentAnalyses", "SpatioTemporal/FavouriteAnalyses"
MOST_RECENT = 5


def recent() -> list[str]:
    """Ids of the analyses that were run last, the latest first."""
    return _ids(RECENT)


def favourites() -> list[str]:
    """Ids of the favourite analyses, in the order in which they became so."""
    return _ids(FAVOURITES)


def remember_run(id: str) -> None:
    """An analysis was run."""
    _keep(RECENT, [id, *(other for other in recent() if other != id)][:MOST_RECENT])


def set_favourite(id: str, favourite: bool) -> None:
    """An analysis becomes a favourite, or is none any more."""
    others = [other for other in favourites() if other != id]
    _keep(FAVOURITES, [*others, id] if favourite else others)


def _ids(key: str) -> list[str]:
    # As one text: settings files turn lists of one into a text, and empty ones into nothing.
    return [id for id in str(slicer.app.userSettings().value(key, "") or "").split(",") if id]


def _keep(key: str, ids: list[str]) -> None:
    slicer.app.userSettings().setValue(key, ",".join(ids))
