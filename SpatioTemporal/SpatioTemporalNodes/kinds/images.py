"""Volumes, segmentations and sequences of them."""

from __future__ import annotations

from ..series.label_frames import label_series_from_node
from ..series.stack_nodes import stack_from_node
from ..values.node_reader import NodeReader
from ..values.value_nodes import labels_from_node, map_from_node
from ..visits.follow_up_nodes import follow_up_from_node

MAP = NodeReader("Map", lambda node, geometry: map_from_node(node))
LABEL_MAP = NodeReader("LabelMap", labels_from_node)
LABEL_SERIES = NodeReader("LabelSeries", label_series_from_node)
IMAGE_STACK = NodeReader("ImageStack", lambda node, geometry: stack_from_node(node))
FOLLOW_UP = NodeReader("FollowUp", lambda node, geometry: follow_up_from_node(node))
