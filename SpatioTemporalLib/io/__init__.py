"""One reader or writer a format; pydicom is imported only when a file needs it."""

from ..data.grids.label_grid import labels_on_grid
from .cohort.files import read_cohort
from .cohort.follow_up import read_follow_up, read_participant
from .files.atomic import atomic_path
from .output.write import write_label_series, write_labels, write_map, write_series
from .reading.label_series import read_label_series
from .reading.masks import read_masks
from .reading.series import read_series
from .reading.volumes import read_labels, read_map, read_stack
from .tables.file import read_curve, read_table, write_curves, write_table

__all__ = [
    "atomic_path",
    "labels_on_grid",
    "read_cohort",
    "read_curve",
    "read_follow_up",
    "read_label_series",
    "read_labels",
    "read_map",
    "read_masks",
    "read_participant",
    "read_series",
    "read_stack",
    "read_table",
    "write_curves",
    "write_label_series",
    "write_labels",
    "write_map",
    "write_series",
    "write_table",
]
