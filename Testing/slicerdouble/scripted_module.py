"""What a scripted module is built on: module, panel, logic and test."""

from __future__ import annotations

import inspect
import unittest
from pathlib import Path
from types import SimpleNamespace

import slicer


class ScriptedLoadableModule:
    """Facts about a module; their defaults are Slicer's."""

    def __init__(self, parent):
        self.parent = parent
        self.moduleName = type(self).__name__
        parent.title, parent.categories, parent.dependencies, parent.contributors = "", [], [], []
        parent.helpText, parent.acknowledgementText, parent.hidden = "", "", False

    def getDefaultModuleDocumentationLink(self, docPage=None):
        return f'<p>For more information see the <a href="https://slicer.org">{docPage or "documentation"}</a>.</p>'


class ScriptedLoadableModuleWidget:
    """A panel; `setup` is called by who gives it its place."""

    def __init__(self, parent=None):
        alone = parent is None
        parent = _place() if alone else parent
        self.parent, self.layout = parent, parent.layout()
        self.moduleName = type(self).__name__.removesuffix("Widget")
        self.developerMode = False
        if alone:
            self.setup()

    def resourcePath(self, filename):
        return str(Path(inspect.getfile(type(self))).parent / "Resources" / filename)

    def setup(self):
        """Called once; panels add their widgets here."""

    def enter(self):
        """Called when the user goes to the module."""

    def exit(self):
        """Called when the user goes to another module."""

    def cleanup(self):
        """Called when the panel is destroyed."""

    def onReload(self):
        slicer.util.reloadScriptedModule(self.moduleName)


class ScriptedLoadableModuleLogic:
    """What a module does without its panel."""

    def __init__(self, parent=None):
        self.parent = parent
        self.moduleName = type(self).__name__.removesuffix("Logic")
        self.isSingletonParameterNode = True

    def getParameterNode(self):
        node = slicer.mrmlScene.GetSingletonNode(self.moduleName, "vtkMRMLScriptedModuleNode")
        if node is None:
            node = slicer.mrmlScene.CreateNodeByClass("vtkMRMLScriptedModuleNode")
            node.UnRegister(None)
            node.SetSingletonTag(self.moduleName)
            node.SetModuleName(self.moduleName)
            node = slicer.mrmlScene.AddNode(node)
            node.SetName(self.moduleName)
        return node


class ScriptedLoadableModuleTest(unittest.TestCase):
    """A module's own test."""

    def delayDisplay(self, message, requestedDelay=None, msec=None):
        print(message)

    def runTest(self):
        raise NotImplementedError("a module's test runs its tests here")


def load_module(file: Path):
    """Module, panel and logic of a scripted module, as the application makes them at start."""
    import importlib.util
    import sys

    name = Path(file).stem
    spec = importlib.util.spec_from_file_location(name, file)
    python_module = importlib.util.module_from_spec(spec)
    sys.modules[name] = python_module
    spec.loader.exec_module(python_module)
    loaded = slicer.qSlicerScriptedLoadableModule(name, str(file))
    getattr(python_module, name)(loaded.parent)
    widget = getattr(python_module, f"{name}Widget")(_place())
    widget.setup()
    loaded.representation = slicer.qSlicerScriptedLoadableModuleWidget(widget)
    slicer.app.moduleManager().add(loaded)
    return loaded


def _place():
    """Where the application puts a panel."""
    import qt

    place = slicer.qMRMLWidget()
    place.setLayout(qt.QVBoxLayout())
    place.setMRMLScene(slicer.mrmlScene)
    return place


class LoadedModule:
    """A module as the module manager knows it."""

    def __init__(self, name, path):
        self.name, self.path = name, path
        self.parent = SimpleNamespace(path=path, name=name)
        self.representation = None

    def widgetRepresentation(self):
        return self.representation


class LoadedWidget:
    """A panel as the application holds it."""

    def __init__(self, python_object):
        self.python_object = python_object

    def self(self):
        return self.python_object

    def enter(self):
        self.python_object.enter()

    def exit(self):
        self.python_object.exit()
