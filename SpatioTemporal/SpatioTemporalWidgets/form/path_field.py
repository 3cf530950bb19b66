"""A parameter that is a file or folder: typed or chosen, with a line that says what lies there."""

from __future__ import annotations

import qt
from slicer.i18n import tr as _

from SpatioTemporalLib.data.readable_names import readable
from SpatioTemporalLib.declare import Described, Parameter
from SpatioTemporalLib.errors import InputError, ParameterError

from ..narrow import breakable, let_shrink
from ..theme import text_style
from .parameter_field import Field


class PathField(Field):
    """A line with buttons that choose; `described` is what lies at the path, None while nothing fit does."""

    def __init__(self, parameter: Parameter, changed):
        self.described: Described | None = None
        self.problem = ""
        self.listeners: list = []
        self.about, self.warning = _line(), _line()
        super().__init__(parameter, changed)

    def tell(self, listener) -> None:
        """Call listener(values) now and whenever other values are asked for; None where nothing says which."""
        self.listeners.append(listener)
        listener(self._values())

    def add_to(self, form) -> None:
        row = qt.QHBoxLayout()
        row.addWidget(self.editor, 1)
        for text, help, choose in self._buttons():
            button = qt.QPushButton(text)
            button.setToolTip(help)
            button.connect("clicked()", choose)
            row.addWidget(button)
        form.addRow(self.label, row)
        for line in (self.reason, self.warning, self.about):
            form.addRow(line)
        self.warning.setStyleSheet(f"{text_style('warning', self.warning)} font-weight: bold;")
        # Not before: what is shown without a place in the form is a window of its own.
        self._describe()

    def get(self) -> object:
        value = super().get()
        if self.problem:
            raise ParameterError("E-PARAMETER", self.problem)
        return value

    def edited(self) -> None:
        self._describe()
        super().edited()

    def choose_folder(self) -> None:
        self._take(qt.QFileDialog.getExistingDirectory(self.editor, self._title()))

    def choose_file(self) -> None:
        endings = " ".join(f"*{ending}" for ending in self.parameter.path.endings)
        self._take(qt.QFileDialog.getOpenFileName(self.editor, self._title(), "", f"{self._title()} ({endings})"))

    def _buttons(self):
        yield _("Folder..."), _("Choose a folder."), self.choose_folder
        if self.parameter.path.endings:
            yield (
                _("File..."),
                _("Choose a file ({endings}).").format(endings=", ".join(self.parameter.path.endings)),
                self.choose_file,
            )

    def _title(self) -> str:
        return readable(self.parameter.name)

    def _take(self, path: str) -> None:
        if path:
            self.editor.setText(path)

    def _describe(self) -> None:
        """Look at what lies at the path, once for each change: reading it at every repaint would be slow."""
        describe, path = self.parameter.path.describe, self._raw()
        self.described, self.problem = None, ""
        if describe is not None and path:
            try:
                self.described = describe(path)
            except InputError as error:
                self.problem = str(error)
            except OSError as error:
                self.problem = _("{path} cannot be read: {error}").format(path=path, error=error)
        for line, text in ((self.about, "text"), (self.warning, "warning")):
            line.setText(breakable(getattr(self.described, text, "")))
            line.setVisible(bool(line.text))
        for listener in self.listeners:
            listener(self._values())

    def _values(self):
        return None if self.described is None else self.described.values


def _line():
    line = qt.QLabel()
    line.setWordWrap(True)
    let_shrink(line)
    line.hide()
    return line
