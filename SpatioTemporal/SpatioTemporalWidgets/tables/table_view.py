"""A table of the library in a table widget."""

from __future__ import annotations

import qt

from SpatioTemporalLib.data import Table

from ..steps.step import short_number

ROW_GAP = 8  # px
MOST_COLUMNS = 6


def prepare(widget) -> None:
    """Rows as high as their letters, without numbers."""
    widget.verticalHeader().setDefaultSectionSize(qt.QFontMetrics(widget.font).height() + ROW_GAP)
    widget.verticalHeader().setVisible(False)


def readable_table(table: Table) -> Table:
    """A table of one long row as two columns, which fit into the panel; any other as it is."""
    if table.row_count != 1 or len(table.columns) <= MOST_COLUMNS:
        return table
    cells = [values[0] for values in table.columns.values()]
    texts = [short_number(cell) if isinstance(cell, float) else str(cell) for cell in cells]
    return Table({"quantity": [table.heading(name) for name in table.columns], "value": texts}, name=table.name)


def fill(widget, table) -> None:
    """Show a table, each column with its unit."""
    widget.setRowCount(table.row_count)
    widget.setColumnCount(len(table.columns))
    widget.setHorizontalHeaderLabels([table.heading(name) for name in table.columns])
    for place, values in enumerate(table.columns.values()):
        for row, value in enumerate(values):
            text = short_number(value) if isinstance(value, float) else str(value)
            item = qt.QTableWidgetItem(text)
            # Of a text that is cut off, as in the last column of a narrow panel.
            item.setToolTip(text)
            widget.setItem(row, place, item)
    header = widget.horizontalHeader()
    header.setStretchLastSection(False)
    widget.resizeColumnsToContents()
    if len(table.columns) == 2:
        # Stretching widens only: a long text would otherwise push the column out of the panel.
        header.resizeSection(1, 0)
        header.setStretchLastSection(True)
