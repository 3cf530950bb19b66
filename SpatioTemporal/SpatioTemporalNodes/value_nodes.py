"""`values.value_nodes` by the name that scripts of others know."""

from .values.value_nodes import curve_from_node, labels_from_node, map_from_node, table_from_node

__all__ = ["curve_from_node", "labels_from_node", "map_from_node", "table_from_node"]
