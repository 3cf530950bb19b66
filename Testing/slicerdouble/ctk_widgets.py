"""The widgets of ctk that the module uses."""

from __future__ import annotations

import types

from PySide6 import QtCore, QtGui, QtWidgets

from .python_qt import doubled, register

HEADER = 26
ARROW = 9


@register
class ctkCollapsibleButton(doubled(QtWidgets.QAbstractButton)):
    """A header that shows or hides what is below it; open unless told otherwise."""

    contentsCollapsed = QtCore.Signal(bool)

    def __init__(self, text="", parent=None):
        if not isinstance(text, str):
            text, parent = "", text
        super().__init__(parent)
        self.setText(text)
        self._collapsed = self._folding = False
        # What is to be seen when it is open; what was hidden inside stays hidden.
        self._wanted = {}
        self.setContentsMargins(4, HEADER + 4, 4, 4)
        self.setSizePolicy(QtWidgets.QSizePolicy.Preferred, QtWidgets.QSizePolicy.Preferred)
        self.connect("clicked()", self._toggle)

    def isCollapsed(self):
        return self._collapsed

    def setCollapsed(self, collapsed):
        if collapsed == self._collapsed:
            return
        self._collapsed = collapsed
        for child in self.children():
            if isinstance(child, QtWidgets.QWidget):
                self._watch(child)
                self._fold(child)
        self.setMaximumHeight(HEADER + 4 if collapsed else 16777215)
        self.updateGeometry()
        self.contentsCollapsed.emit(collapsed)

    collapsed = QtCore.Property(bool, isCollapsed, setCollapsed)

    def childEvent(self, event):
        # Not when it is added: it is still being made then.
        if event.polished() and isinstance(event.child(), QtWidgets.QWidget):
            self._watch(event.child())
            if self._collapsed:
                self._fold(event.child())

    def eventFilter(self, child, event):
        kind = event.type()
        if not self._folding and kind in (QtCore.QEvent.ShowToParent, QtCore.QEvent.HideToParent):
            self._wanted[child] = kind == QtCore.QEvent.ShowToParent
            if self._collapsed:
                self._fold(child)
        return False

    def _watch(self, child):
        if child not in self._wanted:
            explicit = child.testAttribute(QtCore.Qt.WA_WState_ExplicitShowHide)
            self._wanted[child] = not (explicit and child.isHidden())
            child.installEventFilter(self)

    def _fold(self, child):
        self._folding = True
        child.setVisible(not self._collapsed and self._wanted.get(child, True))
        self._folding = False

    def _toggle(self):
        self.setCollapsed(not self._collapsed)

    def hitButton(self, place):
        return place.y() < HEADER

    def sizeHint(self):
        return self._size(QtWidgets.QLayout.totalSizeHint)

    def minimumSizeHint(self):
        return self._size(QtWidgets.QLayout.totalMinimumSize)

    def _size(self, of_layout):
        """As large as what is inside, and as the header; a closed one is as high as that."""
        heading = self.fontMetrics().horizontalAdvance(self.text) + 36
        inside = of_layout(self.layout()) if self.layout() and not self._collapsed else QtCore.QSize(0, 0)
        return QtCore.QSize(max(inside.width(), heading), max(inside.height(), HEADER + 4))

    def paintEvent(self, event):
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.Antialiasing)
        header = QtCore.QRect(0, 1, self.width - 1, HEADER - 2)
        painter.setPen(self.palette.color(QtGui.QPalette.Mid))
        painter.setBrush(self.palette.color(QtGui.QPalette.Button))
        painter.drawRoundedRect(header, 3, 3)
        painter.setBrush(self.palette.color(QtGui.QPalette.ButtonText))
        painter.setPen(QtCore.Qt.NoPen)
        x, y = 10, HEADER // 2
        points = (
            [(x, y - 4), (x, y + 4), (x + 6, y)]
            if self._collapsed
            else [(x - 2, y - 3), (x + 8, y - 3), (x + 3, y + 4)]
        )
        painter.drawPolygon(QtGui.QPolygon([QtCore.QPoint(*point) for point in points]))
        painter.setPen(self.palette.color(QtGui.QPalette.ButtonText))
        painter.drawText(header.adjusted(26, 0, 0, 0), QtCore.Qt.AlignVCenter, self.text)
        painter.end()


@register
class ctkSliderWidget(doubled(QtWidgets.QWidget)):
    """A slider with a spin box of the same value."""

    valueChanged = QtCore.Signal(float)
    STEPS = 1000

    def __init__(self, parent=None):
        super().__init__(parent)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._slider = QtWidgets.QSlider(QtCore.Qt.Horizontal)
        self._slider.setRange(0, self.STEPS)
        self._box = QtWidgets.QDoubleSpinBox()
        layout.addWidget(self._slider, 1)
        layout.addWidget(self._box)
        self._slider.valueChanged.connect(self._from_slider)
        self._box.valueChanged.connect(self._from_box)

    def _from_slider(self, step):
        low, high = self._box.minimum(), self._box.maximum()
        self._box.setValue(low + (high - low) * step / self.STEPS)

    def _from_box(self, value):
        low, high = self._box.minimum(), self._box.maximum()
        self._slider.blockSignals(True)
        self._slider.setValue(round(self.STEPS * (value - low) / ((high - low) or 1)))
        self._slider.blockSignals(False)
        self.valueChanged.emit(value)

    def setValue(self, value):
        self._box.setValue(value)

    def setMinimum(self, value):
        self._box.setMinimum(value)

    def setMaximum(self, value):
        self._box.setMaximum(value)

    def setSingleStep(self, value):
        self._box.setSingleStep(value)

    def setDecimals(self, count):
        self._box.setDecimals(count)

    def setSuffix(self, text):
        self._box.setSuffix(text)

    value = QtCore.Property(float, lambda self: self._box.value(), setValue)
    minimum = QtCore.Property(float, lambda self: self._box.minimum(), setMinimum)
    maximum = QtCore.Property(float, lambda self: self._box.maximum(), setMaximum)
    singleStep = QtCore.Property(float, lambda self: self._box.singleStep(), setSingleStep)
    decimals = QtCore.Property(int, lambda self: self._box.decimals(), setDecimals)
    suffix = QtCore.Property(str, lambda self: self._box.suffix(), setSuffix)


def ctk_module() -> types.ModuleType:
    """What ``import ctk`` gives."""
    module = types.ModuleType("ctk")
    module.ctkCollapsibleButton = ctkCollapsibleButton
    module.ctkSliderWidget = ctkSliderWidget
    return module
