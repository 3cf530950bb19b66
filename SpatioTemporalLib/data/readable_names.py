"""Names of the library as they are printed: in the panel, in the manual."""

from __future__ import annotations

ABBREVIATIONS = {"aif", "adc", "bold", "cam", "hrf", "iauc", "roi", "t1", "t2", "te", "tr", "ti", "rmse"}
# Their first letter means something.
SYMBOLS = {"kep", "ve", "vp", "r1", "r2", "se"}


def readable(name: str) -> str:
    """A name of the library as it is printed: ``t1_map`` is "T1 map", ``aif`` is "AIF"."""
    words = [word.upper() if word in ABBREVIATIONS else word for word in name.split("_")]
    return (words[0][:1].upper() + words[0][1:] if words[0] not in SYMBOLS else words[0]) + "".join(
        f" {word}" for word in words[1:]
    )
