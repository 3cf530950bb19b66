"""`series.series_nodes` by the name that scripts of others know."""

from .series.series_nodes import add_series, series_from_node

__all__ = ["add_series", "series_from_node"]
