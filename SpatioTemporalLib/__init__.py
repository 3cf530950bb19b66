"""Images that change over time: dynamic series and follow-up studies.

>>> import SpatioTemporalLib as st
>>> series = st.read_series("dce.seq.nrrd")
>>> result = st.run("kinetics.extended_tofts", series=series, hematocrit=0.4)
>>> result.ktrans.values        # (K, J, I), 1/min
"""

# ruff: noqa: E402, I001 - the first line has to stand before the others, which take a while
from .interrupts import end_at_once

end_at_once()

from .context import Context
from .data import (
    Acquisition,
    Code,
    Cohort,
    Curve,
    Display,
    FollowUp,
    Geometry,
    ImageStack,
    Label,
    LabelMap,
    LabelSeries,
    Map,
    Point,
    Report,
    Result,
    Series,
    Table,
    Visit,
)
from .errors import Cancelled, Finding, GeometryError, InputError, MissingPackageError, ParameterError, Severity
from .io import (
    labels_on_grid,
    read_cohort,
    read_curve,
    read_follow_up,
    read_label_series,
    read_labels,
    read_map,
    read_masks,
    read_participant,
    read_series,
    read_stack,
    read_table,
    write_curves,
    write_label_series,
    write_labels,
    write_map,
    write_series,
    write_table,
)
from .registry import analyses, get, unavailable
from .run import run
from .version import __version__ as __version__

__all__ = [
    "Acquisition",
    "Cancelled",
    "Code",
    "Cohort",
    "Context",
    "Curve",
    "Display",
    "Finding",
    "FollowUp",
    "Geometry",
    "GeometryError",
    "ImageStack",
    "InputError",
    "Label",
    "LabelMap",
    "LabelSeries",
    "Map",
    "MissingPackageError",
    "ParameterError",
    "Point",
    "Report",
    "Result",
    "Series",
    "Severity",
    "Table",
    "Visit",
    "analyses",
    "get",
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
    "run",
    "unavailable",
    "write_curves",
    "write_label_series",
    "write_labels",
    "write_map",
    "write_series",
    "write_table",
]
