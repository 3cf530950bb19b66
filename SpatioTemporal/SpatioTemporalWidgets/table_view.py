"""A table of the library in a table widget."""

from __future__ import annotations

import qt

from .step import short_number

ROW_HEIGHT = 22


def prepare(widget) -> None:
    """Narrow rows without numbers."""
    widget.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
    widget.verticalHeader().setVisible(False)


def fill(widget, table) -> None:
    """Show a table, each column with its unit."""
    widget.setRowCount(table.row_count)
    widget.setColumnCount(len(table.columns))
    widget.setHorizontalHeaderLabels([table.heading(name) for name in table.columns])
    for place, values in enumerate(table.columns.values()):
        for row, value in enumerate(values):
            text = short_number(value) if isinstance(value, float) else str(value)
            widget.setItem(row, place, qt.QTableWidgetItem(text))
    widget.resizeColumnsToContents()
