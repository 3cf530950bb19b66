"""The day and the segmentation of each volume that is joined as a visit."""

from __future__ import annotations

import qt
import slicer
from slicer.i18n import tr as _
from SpatioTemporalNodes.values.dicom_instances import days_between

from SpatioTemporalLib.errors import InputError

from .table_view import prepare

VOLUME, DAY, SEGMENTATION = range(3)


class VisitTable:
    """A row for each chosen volume; what was filled in stays when another one is chosen too."""

    def __init__(self, table):
        self.table, self.volumes = table, []
        table.setHorizontalHeaderLabels([_("Volume"), _("Day"), _("Segmentation")])
        prepare(table)
        table.horizontalHeader().setStretchLastSection(True)

    def show(self, volumes: list) -> None:
        """Have one row for each of these volumes."""
        before = {node.GetID(): row for row, node in enumerate(self.volumes)}
        filled = {node: (self._text(row), self._mask(row)) for node, row in before.items()}
        dated = days_between(volumes)
        self.volumes = list(volumes)
        self.table.setRowCount(len(volumes))
        for row, node in enumerate(volumes):
            day, mask = filled.get(node.GetID(), ("", None))
            self._fill(row, node, day or ("" if dated is None else f"{dated[row]:g}"), mask)

    def days(self) -> list[float]:
        """The day of each volume.

        Raises
        ------
        InputError
            ``E-VISIT-DAYS`` when one is missing or no number.
        """
        days = []
        for row, node in enumerate(self.volumes):
            try:
                days.append(float(self._text(row).replace(",", ".")))
            except ValueError:
                raise InputError(
                    "E-VISIT-DAYS",
                    _("the day of {name} is {text}, which is no number").format(
                        name=node.GetName(), text=self._text(row) or _("nothing")
                    ),
                    fix=_("Fill in the day of each visit, counted from the first, e.g. 0 and 365."),
                ) from None
        return days

    def masks(self) -> list:
        """The segmentation of each volume, None where there is none."""
        identifiers = [self._mask(row) for row in range(len(self.volumes))]
        return [slicer.mrmlScene.GetNodeByID(identifier) if identifier else None for identifier in identifiers]

    def _fill(self, row: int, node, day: str, mask: str | None) -> None:
        name = qt.QTableWidgetItem(node.GetName())
        name.setFlags(qt.Qt.ItemIsEnabled)
        self.table.setItem(row, VOLUME, name)
        self.table.setItem(row, DAY, qt.QTableWidgetItem(day))
        box = qt.QComboBox()
        box.addItem(_("None"), "")
        for segmentation in slicer.util.getNodesByClass("vtkMRMLSegmentationNode"):
            box.addItem(segmentation.GetName(), segmentation.GetID())
        box.setCurrentIndex(max(box.findData(mask or ""), 0))
        self.table.setCellWidget(row, SEGMENTATION, box)

    def _text(self, row: int) -> str:
        return str(self.table.item(row, DAY).text()).strip()

    def _mask(self, row: int) -> str:
        box = self.table.cellWidget(row, SEGMENTATION)
        return str(box.itemData(box.currentIndex) or "")
