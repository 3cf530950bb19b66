"""One parameter of an analysis in the form: its editor, and why its value does not fit."""

from __future__ import annotations

import qt
from slicer.i18n import tr as _

from SpatioTemporalLib.data.readable_names import readable
from SpatioTemporalLib.declare import Parameter
from SpatioTemporalLib.errors import ParameterError

from ..narrow import breakable, let_shrink
from ..theme import text_style

WRONG_FIELD = "border: 1px solid #c00000;"


class Field:
    """One parameter: its editor, and below it the reason when its value does not fit.

    Parameters
    ----------
    parameter : Parameter
    changed : callable()
        Told after each change.
    """

    def __init__(self, parameter: Parameter, changed):
        self.parameter, self.changed = parameter, changed
        self.editor = self.make_editor()
        self.editor.setObjectName(f"parameter_{parameter.name}")
        self.editor.setToolTip(_tooltip(parameter))
        self.reason = qt.QLabel()
        self.reason.setWordWrap(True)
        self.reason.hide()
        self.label = qt.QLabel(_label(parameter))
        self.label.setToolTip(_tooltip(parameter))
        let_shrink(self.editor, self.reason)
        self.set(parameter.default)
        self.connect_editor()

    def make_editor(self):
        """The widget in which the value is given."""
        return _editor(self.parameter)

    def connect_editor(self) -> None:
        connect(self.editor, self.edited)

    def add_to(self, form) -> None:
        row = qt.QHBoxLayout()
        row.addWidget(self.editor, 1)
        if self.parameter.unit:
            row.addWidget(qt.QLabel(self.parameter.unit))
        form.addRow(self.label, row)
        form.addRow(self.reason)

    def get(self) -> object:
        """The checked value.

        Raises
        ------
        ParameterError
            When it does not fit what is declared.
        """
        return self.parameter.check(self._raw())

    def set(self, value: object) -> None:
        if isinstance(self.editor, qt.QCheckBox):
            self.editor.setChecked(bool(value))
        elif isinstance(self.editor, qt.QComboBox):
            self.editor.setCurrentIndex(max(self.editor.findData("" if value is None else value), 0))
        else:
            self.editor.setText(_as_text(value))

    def show_validity(self) -> bool:
        """Mark the field when its value does not fit; whether it fits."""
        try:
            self.get()
            text = ""
        except ParameterError as error:
            text = error.message
        self.reason.setStyleSheet(text_style("wrong", self.label))
        self.reason.setText(breakable(text))
        self.reason.setVisible(bool(text))
        self.mark(bool(text))
        return not text

    def mark(self, wrong: bool) -> None:
        self.editor.setStyleSheet(WRONG_FIELD if wrong else "")

    def _raw(self) -> object:
        if isinstance(self.editor, qt.QCheckBox):
            return bool(self.editor.checked)
        if isinstance(self.editor, qt.QComboBox):
            return self.editor.itemData(self.editor.currentIndex) or None
        text = str(self.editor.text).strip()
        unit = self.parameter.unit
        text = text.removesuffix(unit).strip() if unit else text
        if self.parameter.type is float and not self.parameter.repeated:
            text = text.replace(",", ".")
        return text or self._nothing()

    def _nothing(self) -> object:
        """What an empty field stands for."""
        if self.parameter.repeated and not self.parameter.nullable:
            return ()
        # A text that may be empty is so from the start.
        return "" if self.parameter.default == "" else None

    def edited(self) -> None:
        self.show_validity()
        self.changed()


def _editor(parameter: Parameter):
    if parameter.type is bool and not parameter.nullable:
        return qt.QCheckBox()
    if parameter.choices and not parameter.repeated:
        box = qt.QComboBox()
        if parameter.nullable:
            box.addItem(_("automatic"), "")
        for choice in parameter.choices:
            box.addItem(choice.replace("_", " "), choice)
        return box
    # A spin box would silently turn a value that does not fit into another one.
    line = qt.QLineEdit()
    if parameter.nullable:
        line.setPlaceholderText(_("automatic"))
    return line


def connect(editor, changed) -> None:
    """Call the function after each change of an editor."""
    if isinstance(editor, qt.QCheckBox):
        editor.connect("toggled(bool)", lambda: changed())
    elif isinstance(editor, qt.QComboBox):
        editor.connect("currentIndexChanged(int)", lambda: changed())
    else:
        editor.connect("textChanged(QString)", lambda: changed())


def _label(parameter: Parameter) -> str:
    return f"{readable(parameter.name)}:"


def _tooltip(parameter: Parameter) -> str:
    unit = f" {parameter.unit}" if parameter.unit else ""
    text = parameter.help
    if parameter.range:
        text += " " + _("From {low:g} to {high:g}{unit}.").format(
            low=parameter.range[0], high=parameter.range[1], unit=unit
        )
    default = _("automatic") if parameter.default is None else f"{_as_text(parameter.default)}{unit}"
    return f"{text} " + _("Default: {default}.").format(default=default)


def _as_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, (tuple, list)):
        return ", ".join(_as_text(item) for item in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
