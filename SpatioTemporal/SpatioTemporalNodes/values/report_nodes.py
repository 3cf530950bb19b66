"""A report as a text node, and back."""

from __future__ import annotations

import vtk

from SpatioTemporalLib.data import Report

from ..scene import attributes

TITLE = "ReportTitle"
# A scene comes from anywhere, and a browser trusts files of this machine: nothing is run, nothing is fetched.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'"


def fill_text(node, report: Report) -> None:
    """Put the page of a report into a text node."""
    node.SetEncoding(vtk.VTK_ENCODING_UTF_8)
    node.SetText(report.html)
    attributes.set_fact(node, TITLE, report.title)


def report_from_node(node) -> Report:
    """The report that `fill_text` put into a text node."""
    output = str(attributes.fact(node, "Output", "report"))
    return Report(str(attributes.fact(node, TITLE, node.GetName())), node.GetText() or "", output)


def page_without_scripts(report: Report) -> str:
    """The page of a report for a browser, which is told to run and to fetch nothing that it names."""
    # Before all else: what comes first in a page holds for the whole of it.
    return (
        f'<!DOCTYPE html>\n<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        + (report.html)
    )
