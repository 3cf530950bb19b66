"""``python -m Documentation.generate``: the pages that are made, beside those that are written."""

from pathlib import Path

from .manual import write_manual

write_manual(Path(__file__).parents[1], tell=print)
