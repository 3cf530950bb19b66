"""The widgets of Slicer that show what is in the scene."""

from __future__ import annotations

import shiboken6
import slicer
from PySide6 import QtCore, QtWidgets

from .python_qt import doubled, register


@register
class qMRMLWidget(doubled(QtWidgets.QWidget)):
    """Passes the scene on to the widgets a ``.ui`` file connects to it."""

    mrmlSceneChanged = QtCore.Signal(object)
    SIGNALS = ("mrmlSceneChanged(vtkMRMLScene*)",)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._scene = None

    def mrmlScene(self):
        return self._scene

    def setMRMLScene(self, scene):
        self._scene = scene
        self.mrmlSceneChanged.emit(scene)


@register
class qMRMLNodeComboBox(doubled(QtWidgets.QWidget)):
    """Chooses one of the scene's nodes of some classes; follows the scene."""

    currentNodeChanged = QtCore.Signal(object)
    nodeAddedByUser = QtCore.Signal(object)
    SIGNALS = ("currentNodeChanged(vtkMRMLNode*)", "nodeAddedByUser(vtkMRMLNode*)")

    def __init__(self, parent=None):
        super().__init__(parent)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._box = QtWidgets.QComboBox()
        layout.addWidget(self._box)
        self._types, self._none, self._scene, self._current = [], False, None, None
        self._none_text = "Select a Node"
        self._flags = {"add": True, "remove": True, "rename": False}
        self._box.currentIndexChanged.connect(self._chosen)

    def setMRMLScene(self, scene):
        for target, tag in getattr(self, "_observed", []):
            target.RemoveObserver(tag)
        self._scene, self._observed = scene, []
        if scene is not None:
            events = (scene.NodeAddedEvent, scene.NodeRemovedEvent, scene.EndCloseEvent, scene.EndImportEvent)
            for event in (*events, scene.EndBatchProcessEvent):
                self._observed.append((scene, scene.AddObserver(event, self._refill)))
        self._refill()

    def mrmlScene(self):
        return self._scene

    def currentNode(self):
        return self._scene.GetNodeByID(self._current) if self._scene is not None and self._current else None

    def setCurrentNode(self, node):
        self.setCurrentNodeID(node.GetID() if node is not None else "")

    def setCurrentNodeID(self, identifier):
        self._refill()
        index = self._box.findData(identifier or "")
        self._box.setCurrentIndex(index if index >= 0 else -1)

    def nodeCount(self):
        return self._box.count() - int(self._none)

    def addAttribute(self, node_class, attribute, value=None):
        self._attributes = [*getattr(self, "_attributes", []), (node_class, attribute, value)]
        self._refill()

    def setNodeTypes(self, types):
        self._types = list(types)
        self._refill()

    def setNoneEnabled(self, enabled):
        self._none = enabled
        self._refill()

    def _set_none_text(self, text):
        self._none_text = text
        self._refill()

    def _flag(name):
        return QtCore.Property(bool, lambda s: s._flags[name], lambda s, value: s._flags.update({name: value}))

    nodeTypes = QtCore.Property("QStringList", lambda self: tuple(self._types), setNodeTypes)
    noneEnabled = QtCore.Property(bool, lambda self: self._none, setNoneEnabled)
    noneDisplay = QtCore.Property(str, lambda self: self._none_text, _set_none_text)
    addEnabled, removeEnabled, renameEnabled = _flag("add"), _flag("remove"), _flag("rename")
    currentNodeID = QtCore.Property(str, lambda self: self._current or "", setCurrentNodeID)

    def _refill(self, caller=None, event=None):
        if not shiboken6.isValid(self):
            # Qt has deleted the widget; the scene does not know.
            for target, tag in self._observed:
                target.RemoveObserver(tag)
            self._observed = []
            return
        nodes = self._nodes()
        self._box.blockSignals(True)
        self._box.clear()
        if self._none or not nodes:
            self._box.addItem(self._none_text if nodes or self._none else "", "")
        for node in nodes:
            self._box.addItem(node.GetName() or node.GetID(), node.GetID())
        index = self._box.findData(self._current or "")
        self._box.setCurrentIndex(max(index, 0))
        self._box.blockSignals(False)
        self._chosen()

    def _nodes(self):
        if self._scene is None:
            return []
        found = {}
        for class_name in self._types:
            for node in slicer.util.getNodesByClass(class_name, self._scene):
                if not node.GetHideFromEditors() and self._has_attributes(node):
                    found[node.GetID()] = node
        return list(found.values())

    def _has_attributes(self, node):
        wanted = [a for a in getattr(self, "_attributes", []) if node.IsA(a[0])]
        return all(node.GetAttribute(name) == value for _, name, value in wanted)

    def _chosen(self, index=None):
        chosen = self._box.currentData() or ""
        if chosen != (self._current or ""):
            self._current = chosen
            self.currentNodeChanged.emit(self.currentNode())
