"""A page for a reader."""

from __future__ import annotations

from ...data.report import Report
from ..kind import Kind

REPORT = Kind(Report, called="report", is_input=False, is_output=True)
