"""A typed parameter node: attributes of a class, kept as texts and references in the scene."""

from __future__ import annotations

import typing

import slicer


def parameterNodeWrapper(wrapped: type) -> type:
    """The class with its annotated attributes kept in a node given to its constructor."""
    hints = typing.get_type_hints(wrapped)
    defaults = {name: getattr(wrapped, name) for name in hints if hasattr(wrapped, name)}

    def initialise(self, node):
        self.parameterNode = node
        for name, default in defaults.items():
            if not node.HasParameter(name):
                node.SetParameter(name, str(default))

    facts = {name: _attribute(name, kind) for name, kind in hints.items()}
    methods = {
        "__init__": initialise,
        "AddObserver": lambda self, *a: self.parameterNode.AddObserver(*a),
        "RemoveObserver": lambda self, *a: self.parameterNode.RemoveObserver(*a),
        "HasObserver": lambda self, *a: self.parameterNode.HasObserver(*a),
    }
    return type(wrapped.__name__, (wrapped,), {**facts, **methods})


def _attribute(name: str, kind: type) -> property:
    if isinstance(kind, type) and issubclass(kind, slicer.vtkMRMLNode):
        return property(lambda self: self.parameterNode.GetNodeReference(name), _set_reference(name))
    if kind not in (str, int, float, bool):
        raise TypeError(f"{name}: the stand-in keeps texts, numbers, yes or no, and nodes, not {kind}")

    def read(self):
        text = self.parameterNode.GetParameter(name)
        return text == "True" if kind is bool else kind(text or kind())

    def write(self, value):
        if not isinstance(value, kind):
            raise TypeError(f"{name} is a {kind.__name__}, given was {value!r}")
        self.parameterNode.SetParameter(name, str(value))

    return property(read, write)


def _set_reference(name: str):
    def write(self, node):
        self.parameterNode.SetNodeReferenceID(name, node.GetID() if node is not None else None)

    return write
