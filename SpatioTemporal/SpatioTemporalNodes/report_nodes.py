"""A report as a text node, and back."""

from __future__ import annotations

import vtk

from SpatioTemporalLib.data import Report

from . import attributes

TITLE = "ReportTitle"


def fill_text(node, report: Report) -> None:
    """Put the page of a report into a text node."""
    node.SetEncoding(vtk.VTK_ENCODING_UTF_8)
    node.SetText(report.html)
    attributes.set_fact(node, TITLE, report.title)


def report_from_node(node) -> Report:
    """The report that `fill_text` put into a text node."""
    output = str(attributes.fact(node, "Output", "report"))
    return Report(str(attributes.fact(node, TITLE, node.GetName())), node.GetText() or "", output)
