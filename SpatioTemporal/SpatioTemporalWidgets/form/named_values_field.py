"""A parameter of texts "name=value", as one row for each name that is asked for."""

from __future__ import annotations

import qt
from slicer.i18n import tr as _

from SpatioTemporalLib.data.readable_names import readable
from SpatioTemporalLib.declare import NamedValue, Parameter
from SpatioTemporalLib.errors import ParameterError

from ..narrow import let_shrink
from ..steps.step import empty_layout
from .parameter_field import WRONG_FIELD, Field, connect


class NamedValuesField(Field):
    """Rows that are written anew when other values are asked for; what was filled in stays where it still fits.

    filled : text by name, those without a row too.
    """

    def __init__(self, parameter: Parameter, changed):
        self.filled: dict[str, str] = {}
        self.offered: tuple[NamedValue, ...] | None = None
        self.rows: dict[str, object] = {}
        super().__init__(parameter, changed)

    def make_editor(self):
        box = qt.QWidget()
        self.layout = qt.QFormLayout(box)
        self.layout.setContentsMargins(0, 0, 0, 0)
        self.layout.setRowWrapPolicy(qt.QFormLayout.WrapLongRows)
        return box

    def connect_editor(self) -> None:
        """Each row tells of its own changes."""

    def offer(self, values: tuple[NamedValue, ...] | None) -> None:
        """Ask for these values; None when nothing says which there are."""
        if values == self.offered and self.rows:
            return
        self.offered = values
        empty_layout(self.layout)
        self.rows = {}
        for value in values or ():
            self._add_row(value)
        if not values:
            nothing = _("none are asked for") if values is not None else _("choose a {source} first")
            self.layout.addRow(qt.QLabel(nothing.format(source=readable(self.parameter.named_by).lower())))

    def set(self, value: object) -> None:
        pairs = [str(text).partition("=") for text in value or ()]
        self.filled = {name.strip(): text.strip() for name, _equals, text in pairs}
        for name, editor in self.rows.items():
            _show(editor, self.filled.get(name, ""))
        if self.rows:
            self.edited()

    def get(self) -> object:
        for value in self.offered or ():
            text = _text(self.rows[value.name])
            if not value.levels and text and not _is_number(text):
                raise ParameterError(
                    "E-PARAMETER", _("{name} = {text} is no number").format(name=value.name, text=text)
                )
        return self.parameter.check(self._raw())

    def mark(self, wrong: bool) -> None:
        for value in self.offered or ():
            editor = self.rows[value.name]
            bad = wrong and not value.levels and _text(editor) and not _is_number(_text(editor))
            editor.setStyleSheet(WRONG_FIELD if bad else "")

    def _raw(self) -> object:
        if self.offered is None:
            return tuple(f"{name}={text}" for name, text in self.filled.items())
        texts = {value.name: _text(self.rows[value.name]) for value in self.offered}
        return tuple(f"{name}={text}" for name, text in texts.items() if text)

    def _add_row(self, value: NamedValue) -> None:
        editor = _choice(value) if value.levels else _number(value)
        editor.setObjectName(f"value_{value.name}")
        _show(editor, self.filled.get(value.name, ""))
        let_shrink(editor)
        self.rows[value.name] = editor
        connect(editor, lambda: self._row_edited(value.name))
        row = qt.QHBoxLayout()
        row.addWidget(editor, 1)
        if value.unit:
            row.addWidget(qt.QLabel(value.unit))
        self.layout.addRow(f"{readable(value.name)}:", row)

    def _row_edited(self, name: str) -> None:
        self.filled[name] = _text(self.rows[name])
        self.edited()


def _choice(value: NamedValue):
    box = qt.QComboBox()
    box.addItem(_("not known"), "")
    for level in value.levels:
        box.addItem(level, level)
    return box


def _number(value: NamedValue):
    # A spin box cannot be empty, and what is not known must not look like a number.
    line = qt.QLineEdit()
    line.setPlaceholderText(_("not known ({usual})").format(usual=value.usual) if value.usual else _("not known"))
    return line


def _show(editor, text: str) -> None:
    editor.blockSignals(True)
    if isinstance(editor, qt.QComboBox):
        editor.setCurrentIndex(max(editor.findData(text), 0))
    else:
        editor.setText(text)
    editor.blockSignals(False)


def _text(editor) -> str:
    if isinstance(editor, qt.QComboBox):
        return str(editor.itemData(editor.currentIndex) or "")
    return str(editor.text).strip().replace(",", ".")


def _is_number(text: str) -> bool:
    try:
        return abs(float(text)) < float("inf")
    except ValueError:
        return False
