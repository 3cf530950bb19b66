"""Properties are attributes, of their kind only; there are no other attributes; constructors take no names."""

from __future__ import annotations

import inspect
import sys
import types
import weakref

from PySide6 import QtCore, QtWidgets

# Called by Qt itself: a property of that name would hide the virtual method.
VIRTUAL = {"sizeHint", "minimumSizeHint", "spacing"}
KINDS = {"QString": str, "bool": (bool, int), "int": int, "double": (int, float)}

cpp: set[type] = set()
"""Classes that stand for ones written in C++; their objects have no dictionary to put things in."""
windows: weakref.WeakSet = weakref.WeakSet()
"""Widgets that may be windows of their own."""
flashed: list[str] = []
"""Widgets that were shown though they had no parent: to the user they flash, as windows of their own."""


def ways_of(base: type) -> dict[str, object]:
    """What a class made of a class of Qt has to have, to be used as PythonQt's is."""
    meta = base.staticMetaObject
    properties = [meta.property(index) for index in range(meta.propertyCount())]
    virtual = VIRTUAL & {found.name() for found in properties}
    ways: dict[str, object] = {
        "__init__": _init_of(base),
        "__setattr__": _set_of(base, virtual),
        "__getattribute__": _get_of(base, virtual),
    }
    for found in properties:
        name, kind = found.name(), found.typeName()
        if name in VIRTUAL or isinstance(getattr(base, name, None), QtCore.Signal):
            continue
        ways[name] = _property(name, kind)
        setter = f"set{name[0].upper()}{name[1:]}"
        if kind in ("QString", "int") and hasattr(base, setter):
            ways[setter] = _setter(getattr(base, setter), kind)
    if issubclass(base, QtWidgets.QWidget):
        ways |= {"setVisible": _set_visible_of(base), "show": _show_of(base)}
    return ways


def _init_of(base: type):
    def __init__(self, *arguments):
        base.__init__(self, *arguments)

    return __init__


def _set_of(base: type, virtual: set[str]):
    def __setattr__(self, name, value):
        if name == "spacing" and "spacing" in virtual:
            self.setSpacing(value)
            return
        kind = type(self)
        known = inspect.getattr_static(kind, name, None)
        if name in VIRTUAL or isinstance(known, (types.FunctionType, types.MethodDescriptorType)):
            raise AttributeError(f"{name} of {kind.__name__} cannot be set")
        if known is None and kind in cpp and not _called_from_here():
            raise AttributeError(f"{kind.__name__} has no attribute {name}, and takes no new ones")
        base.__setattr__(self, name, value)

    return __setattr__


def _get_of(base: type, virtual: set[str]):
    def __getattribute__(self, name):
        value = base.__getattribute__(self, name)
        return value() if name in virtual and isinstance(value, types.BuiltinFunctionType) else value

    return __getattribute__


def _set_visible_of(base: type):
    # Qt calls it too, for whatever it shows.
    def setVisible(self, visible):
        _note_window(self, visible)
        base.setVisible(self, bool(visible))

    return setVisible


def _show_of(base: type):
    def show(self):
        _note_window(self, True)
        base.show(self)

    return show


def _note_window(widget, visible) -> None:
    if visible and widget.parent() is None and widget not in windows:
        said = f"{type(widget).__name__} {widget.objectName or ''} is shown without a parent".replace("  ", " ")
        flashed.append(said)
        raise RuntimeError(f"{said}: it is a window of its own")


def _property(name: str, kind: str) -> property:
    def read(self):
        value = QtCore.QObject.property(self, name)
        return tuple(value) if isinstance(value, list) else value

    def write(self, value):
        if name == "visible":
            self.setVisible(value)
            return
        fits = isinstance(value, KINDS[kind]) if kind in KINDS else True
        if not fits or not QtCore.QObject.setProperty(self, name, value):
            raise AttributeError(f"{type(self).__name__}.{name} is of type {kind} and cannot be {value!r}")

    return property(read, write)


def _setter(method, kind: str):
    """A method that takes a text or whole number, and makes one of whatever it is given."""

    def setter(self, value, *more):
        if kind == "QString" and not isinstance(value, str):
            value = str(value)
        if kind == "int" and isinstance(value, float):
            value = int(value)
        return method(self, value, *more)

    return setter


def _called_from_here() -> bool:
    package, _, module = sys._getframe(2).f_globals.get("__name__", "").rpartition(".")
    return package == "slicerdouble" and not module.startswith("test_")
