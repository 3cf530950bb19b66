"""PySide6 classes that are used as PythonQt's are.

Properties are attributes, signals connect by their C++ signature, and a slot is
called with as many arguments as it takes.
"""

from __future__ import annotations

import inspect
import types
from xml.etree import ElementTree

from PySide6 import QtCore, QtGui, QtUiTools, QtWidgets

# Called by Qt itself: a property of that name would hide the virtual method.
VIRTUAL = {"sizeHint", "minimumSizeHint"}
APPLICATION = {"QCoreApplication", "QGuiApplication", "QApplication"}
_classes: dict[str, type] = {}


def doubled(base: type) -> type:
    """The class with PythonQt's ways, made once for each class of Qt."""
    if base.__name__ not in _classes:
        ways = {
            "__init_subclass__": classmethod(_keep_connect),
            "connect": _connect,
            "disconnect": _disconnect,
            "delete": lambda self: self.deleteLater(),
            "className": lambda self: self.metaObject().className(),
            "name": property(lambda self: self.objectName, lambda self, text: self.setObjectName(text)),
            "__module__": __name__,
        }
        _classes[base.__name__] = type(base.__name__, (base,), {**_properties(base), **ways})
    return _classes[base.__name__]


def register(widget_class: type) -> type:
    """Let ``.ui`` files and `qt_module` know a class written for the tests."""
    _classes[widget_class.__name__] = widget_class
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


def _properties(base: type) -> dict[str, property]:
    meta, found = base.staticMetaObject, {}
    for index in range(meta.propertyCount()):
        name = meta.property(index).name()
        if name not in VIRTUAL and not isinstance(getattr(base, name, None), QtCore.Signal):
            found[name] = _property(name)
    return found


def _property(name: str) -> property:
    def read(self):
        return QtCore.QObject.property(self, name)

    def write(self, value):
        if not QtCore.QObject.setProperty(self, name, value):
            raise ValueError(f"{type(self).__name__}.{name} cannot be {value!r}")

    return property(read, write)


def _keep_connect(cls, **facts) -> None:
    # Shiboken looks for these only in the class of the object itself.
    for name, function in (("connect", _connect), ("disconnect", _disconnect)):
        if name not in cls.__dict__:
            setattr(cls, name, function)


def _connect(self, *arguments):
    """``connect("clicked(bool)", function)``; other forms are Qt's own."""
    if not (len(arguments) == 2 and isinstance(arguments[0], str) and callable(arguments[1])):
        return QtCore.QObject.connect(self, *arguments)
    signature, function = arguments
    if signature.startswith(("1", "2")):
        return QtCore.QObject.connect(self, signature, function)
    count = _argument_count(signature)

    def slot(*given):
        function(*given[: _accepted(function, min(count, len(given)))])

    self.__dict__.setdefault("_slots", []).append((signature, function, slot))
    _signal(self, signature).connect(slot)
    return True


def _disconnect(self, *arguments):
    if not (len(arguments) == 2 and isinstance(arguments[0], str) and callable(arguments[1])):
        return QtCore.QObject.disconnect(self, *arguments)
    for entry in list(self.__dict__.get("_slots", [])):
        if entry[:2] == arguments:
            _signal(self, arguments[0]).disconnect(entry[2])
            self._slots.remove(entry)
            return True
    return False


def _signal(sender, signature: str):
    name, _, inside = signature.rstrip(")").partition("(")
    signal = getattr(sender, name, None)
    if not isinstance(signal, QtCore.SignalInstance):
        raise ValueError(f"{type(sender).__name__} has no signal {signature}")
    kinds = {"int": int, "bool": bool, "QString": str, "double": float}
    try:
        return signal[kinds[inside]] if inside in kinds else signal
    except (IndexError, KeyError):
        return signal


def _argument_count(signature: str) -> int:
    inside = signature.rstrip(")").partition("(")[2].strip()
    return len(inside.split(",")) if inside else 0


def _accepted(function, count: int) -> int:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return count
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return count
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return min(count, len(positional))
