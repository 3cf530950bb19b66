"""Signals connect by their C++ signature, and a slot is called with as many arguments as it takes."""

from __future__ import annotations

import inspect
import warnings

from PySide6 import QtCore


class UnknownSignal(UserWarning):
    """A signal that the sender does not have; PythonQt says so in the console, and goes on."""


def keep_connect(cls, **facts) -> None:
    """For ``__init_subclass__``: Shiboken looks for these only in the class of the object itself."""
    for name, function in (("connect", connect), ("disconnect", disconnect)):
        if name not in cls.__dict__:
            setattr(cls, name, function)


def connect(self, *arguments):
    """``connect("clicked(bool)", function)``; other forms are Qt's own."""
    if not (len(arguments) == 2 and isinstance(arguments[0], str) and callable(arguments[1])):
        return QtCore.QObject.connect(self, *arguments)
    signature, function = arguments
    if signature.startswith(("1", "2")):
        return QtCore.QObject.connect(self, signature, function)
    if not _has_signal(self, signature):
        warnings.warn(f"{type(self).__name__} has no signal {signature}", UnknownSignal, stacklevel=2)
        return False
    count = _argument_count(signature)

    def slot(*given):
        function(*given[: _accepted(function, min(count, len(given)))])

    self.__dict__.setdefault("_slots", []).append((signature, function, slot))
    _signal(self, signature).connect(slot)
    return True


def disconnect(self, *arguments):
    """The inverse of `connect`; whether there was such a connection."""
    if not (len(arguments) == 2 and isinstance(arguments[0], str) and callable(arguments[1])):
        return QtCore.QObject.disconnect(self, *arguments)
    for entry in list(self.__dict__.get("_slots", [])):
        if entry[:2] == arguments:
            _signal(self, arguments[0]).disconnect(entry[2])
            self._slots.remove(entry)
            return True
    return False


def _has_signal(sender, signature: str) -> bool:
    # A signal of Python's cannot carry a class of C++ that Python does not know.
    normal = bytes(QtCore.QMetaObject.normalizedSignature(signature).data()).decode()
    known = sender.metaObject().indexOfSignal(normal) >= 0 or normal in getattr(type(sender), "SIGNALS", ())
    return known and isinstance(getattr(sender, normal.partition("(")[0], None), QtCore.SignalInstance)


def _signal(sender, signature: str):
    name, _, inside = signature.rstrip(")").partition("(")
    signal = getattr(sender, name)
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
