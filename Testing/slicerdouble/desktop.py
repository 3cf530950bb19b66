"""Puts the stand-ins where the module looks for them: ``qt``, ``ctk`` and ``slicer``."""

from __future__ import annotations

import ctypes
import os
import sys
import types
from contextlib import chdir
from types import SimpleNamespace

import slicer
import slicer.util

VIEWS = ("Red", "Green", "Yellow")


def install():
    """Give ``qt``, ``ctk`` and the application's names of ``slicer``; once for a process."""
    if hasattr(slicer, "app"):
        return slicer.app
    os.environ["QT_QPA_PLATFORM"] = os.environ.get("QT_QPA_PLATFORM") or "offscreen"
    from PySide6 import QtWidgets

    _keep_constants_alive()
    QtWidgets.QApplication.instance() or QtWidgets.QApplication([])
    from .ctk_widgets import ctk_module
    from .launcher import install_launcher
    from .python_qt import qt_module

    install_launcher()

    sys.modules["qt"], sys.modules["ctk"] = qt_module(), ctk_module()
    slicer.app = Application()
    _install_classes()
    _install_scene()
    _install_python_modules()
    slicer.app.ask_yes = True
    return slicer.app


def _keep_constants_alive():
    """PySide 6.12 gives up references to True, False and None that it does not own.

    Python before 3.12 counts them and ends the process when none are left. The
    count is the first field of an object.
    """
    if sys.version_info < (3, 12):
        for constant in (True, False, None):
            ctypes.c_ssize_t.from_address(id(constant)).value += 1 << 40


class Settings:
    """What an application keeps from session to session, here only as long as it runs."""

    def __init__(self):
        self._kept: dict[str, object] = {}

    def value(self, key, otherwise=None):
        return self._kept.get(key, otherwise)

    def setValue(self, key, value):
        self._kept[key] = value


class Application:
    """The application's object, as far as modules use it."""

    def __init__(self):
        self._manager = ModuleManager()
        self.messages: list[tuple[str, str]] = []
        self.ask_yes = True
        self.pip_installed: list[str] = []
        self._settings = Settings()

    def userSettings(self):
        return self._settings

    def moduleManager(self):
        return self._manager

    def applicationLogic(self):
        return self.logics.application

    def processEvents(self):
        from PySide6 import QtCore, QtWidgets

        QtWidgets.QApplication.processEvents()
        # Outside of an event loop nothing is deleted later: widgets that are gone would go on following the scene.
        QtWidgets.QApplication.sendPostedEvents(None, QtCore.QEvent.DeferredDelete)

    def connect(self, signal, function):
        if signal not in ("startupCompleted()", "aboutToQuit()"):
            raise ValueError(f"the application has no signal {signal}")

    def testingEnabled(self):
        return True

    def setOverrideCursor(self, cursor):
        """Tests see no cursor."""

    def restoreOverrideCursor(self):
        """Tests see no cursor."""


class ModuleManager:
    """The modules by name."""

    def __init__(self):
        self._modules = {}

    def add(self, module):
        self._modules[module.name] = module
        setattr(slicer.modules, module.name.lower(), module)

    def module(self, name):
        return self._modules.get(name)


def show_window(widget):
    """Show a widget as a window of its own, as only the application may."""
    from .properties import windows

    windows.add(widget)
    widget.show()


def clear_scene():
    """What File > Close Scene does; the nodes of the views stay."""
    slicer.mrmlScene.Clear(0)
    add_views()


def save_scene(path):
    """What File > Save does, as one ``.mrb`` file."""
    # Packing leaves the process in a folder that is then deleted.
    with chdir(os.getcwd()):
        assert slicer.mrmlScene.WriteToMRB(str(path), None)


def load_scene(path):
    """What File > Add Data does with a saved scene."""
    with chdir(os.getcwd()):
        assert slicer.mrmlScene.ReadFromMRB(str(path), False)


def add_views():
    """The nodes the layout makes: three slice views, a crosshair."""
    scene = slicer.mrmlScene
    for name in VIEWS:
        for class_name in ("vtkMRMLSliceNode", "vtkMRMLSliceCompositeNode"):
            if scene.GetSingletonNode(name, class_name) is None:
                node = _singleton(scene, class_name, name)
                node.SetLayoutName(name)
    if scene.GetSingletonNode("default", "vtkMRMLCrosshairNode") is None:
        _singleton(scene, "vtkMRMLCrosshairNode", "default").SetName("Crosshair")


def move_cursor(ras):
    """Move the mouse over a slice view to a position."""
    crosshair = slicer.mrmlScene.GetSingletonNode("default", "vtkMRMLCrosshairNode")
    crosshair.SetCursorPositionRAS(ras)


def _singleton(scene, class_name, tag):
    node = scene.CreateNodeByClass(class_name)
    node.UnRegister(None)
    node.SetSingletonTag(tag)
    node.SetName(tag)
    return scene.AddNode(node)


def _install_classes():
    from . import mrml_widgets, scripted_module

    slicer.qMRMLWidget = mrml_widgets.qMRMLWidget
    slicer.qMRMLNodeComboBox = mrml_widgets.qMRMLNodeComboBox
    slicer.qSlicerScriptedLoadableModule = scripted_module.LoadedModule
    slicer.qSlicerScriptedLoadableModuleWidget = scripted_module.LoadedWidget


def _install_scene():
    from SpatioTemporalNodes.scene import application

    scene = application.create_scene()
    logics = application._logics[scene]
    slicer.mrmlScene, slicer.app.logics = scene, logics
    scene.RegisterNodeClass(slicer.vtkMRMLColorLegendDisplayNode())
    # Its legends need no scene of their own, and observing one would add all colours a second time.
    colors = slicer.vtkSlicerColorLogic()
    plots = SimpleNamespace(ShowChartInLayout=_show_chart)
    made = {"sequences": logics.sequences, "segmentations": logics.segmentations, "colors": colors, "plots": plots}
    slicer.modules = SimpleNamespace(
        **{name: SimpleNamespace(logic=lambda logic=logic: logic) for name, logic in made.items()}
    )
    slicer.modules.sequences.setToolBarActiveBrowserNode = lambda browser: None
    add_views()


def _show_chart(chart):
    scene = slicer.mrmlScene
    view = scene.GetSingletonNode("PlotView1", "vtkMRMLPlotViewNode") or _singleton(
        scene, "vtkMRMLPlotViewNode", "PlotView1"
    )
    view.SetPlotChartNodeID(chart.GetID())


def _install_python_modules():
    from . import parameter_node, scripted_module

    _add_module("slicer.ScriptedLoadableModule", scripted_module, lambda name: name.startswith("Scripted"))
    _add_module("slicer.parameterNodeWrapper", parameter_node, lambda name: name == "parameterNodeWrapper")
    i18n = types.ModuleType("slicer.i18n")
    i18n.tr, i18n.translate = (lambda text: text), (lambda context, text: text)
    sys.modules["slicer.i18n"] = slicer.i18n = i18n
    # Not an attribute of slicer: only importing it finds it.
    sys.modules["slicer.packaging"] = types.ModuleType("slicer.packaging")
    sys.modules["slicer.packaging"].pip_ensure = _pip_ensure
    util = slicer.util
    util.errorDisplay = lambda text, **facts: slicer.app.messages.append(("error", text))
    util.infoDisplay = lambda text, **facts: slicer.app.messages.append(("info", text))
    util.showStatusMessage = lambda text, duration=0: slicer.app.messages.append(("status", text))
    util.confirmOkCancelDisplay = lambda text, **facts: slicer.app.ask_yes
    util.pip_install = lambda requirement: slicer.app.pip_installed.append(requirement)
    util.getModule = lambda name: slicer.app.moduleManager().module(name)


def _pip_ensure(requirements, *, requester=None):
    from packaging.requirements import Requirement

    if not all(isinstance(requirement, Requirement) for requirement in requirements):
        raise TypeError(f"these are no Requirements: {requirements}")
    if not slicer.app.ask_yes:
        raise RuntimeError(f"{requester}: the user declined the installation")
    slicer.app.pip_installed += [str(requirement) for requirement in requirements]


def _add_module(name, source, wanted):
    module = types.ModuleType(name)
    for key, value in vars(source).items():
        if wanted(key):
            setattr(module, key, value)
    sys.modules[name] = module
    setattr(slicer, name.split(".")[1], module)
