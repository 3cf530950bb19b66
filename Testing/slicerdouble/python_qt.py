"""PySide6 classes that are used as PythonQt's are: `properties`, `signals`, and ``.ui`` files."""

from __future__ import annotations

import types
from xml.etree import ElementTree

from PySide6 import QtCore, QtGui, QtUiTools, QtWidgets

from .properties import cpp, ways_of
from .signals import connect, disconnect, keep_connect

APPLICATION = {"QCoreApplication", "QGuiApplication", "QApplication"}
_classes: dict[str, type] = {}


def doubled(base: type) -> type:
    """The class with PythonQt's ways, made once for each class of Qt."""
    if base.__name__ not in _classes:
        ways = {
            "__init_subclass__": classmethod(keep_connect),
            "connect": connect,
            "disconnect": disconnect,
            "delete": lambda self: self.deleteLater(),
            "className": lambda self: self.metaObject().className(),
            "name": property(lambda self: self.objectName, lambda self, text: self.setObjectName(text)),
            "__module__": __name__,
        }
        _classes[base.__name__] = type(base.__name__, (base,), {**ways_of(base), **ways})
        cpp.add(_classes[base.__name__])
    return _classes[base.__name__]


def register(widget_class: type) -> type:
    """Let ``.ui`` files and `qt_module` know a class written for the tests."""
    _classes[widget_class.__name__] = widget_class
    cpp.add(widget_class)
    return widget_class


def class_named(name: str) -> type | None:
    """The class a ``.ui`` file means."""
    if name not in _classes and hasattr(QtWidgets, name):
        doubled(getattr(QtWidgets, name))
    return _classes.get(name)


def qt_module() -> types.ModuleType:
    """What ``import qt`` gives; each class is made when it is first asked for."""
    module = types.ModuleType("qt")

    def find(name):
        for source in (QtCore, QtGui, QtWidgets, QtUiTools):
            if name.startswith("Q") and hasattr(source, name):
                value = getattr(source, name)
                is_object = isinstance(value, type) and issubclass(value, QtCore.QObject)
                return doubled(value) if is_object and name not in APPLICATION else value
        raise AttributeError(f"qt has no {name}")

    module.__getattr__ = find
    module.QUiLoader = Loader
    return module


class Loader(QtUiTools.QUiLoader):
    """Loads ``.ui`` files with the classes of the tests, and their connections of scenes."""

    kept: list = []

    def createWidget(self, class_name, parent=None, name=""):
        wanted = class_named(class_name)
        if wanted is None:
            return super().createWidget(class_name, parent, name)
        widget = wanted(parent)
        widget.setObjectName(name)
        return widget

    def load(self, file, parent=None):
        path = file.fileName() if hasattr(file, "fileName") else str(file)
        form = ElementTree.parse(path).getroot()
        connections = form.find("connections")
        if connections is not None:
            form.remove(connections)
        buffer = QtCore.QBuffer()
        buffer.setData(ElementTree.tostring(form))
        buffer.open(QtCore.QIODevice.ReadOnly)
        widget = super().load(buffer, parent)
        self.kept.append(self)
        _connect_scenes(widget, path, connections if connections is not None else ())
        return widget


def _connect_scenes(widget, path: str, connections) -> None:
    """QUiLoader cannot make connections that pass a scene; made here."""
    for connection in connections:
        if connection.findtext("signal") == "mrmlSceneChanged(vtkMRMLScene*)":
            named = connection.findtext("receiver")
            receiver = widget.findChild(QtCore.QObject, named)
            if receiver is None:
                raise ValueError(f"{path} connects a scene to {named}, which it does not have")
            widget.mrmlSceneChanged.connect(receiver.setMRMLScene)
