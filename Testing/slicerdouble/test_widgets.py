"""Widgets of ctk and Slicer, and the files that Qt Designer writes."""

import slicer

UI = """<ui version="4.0"><class>Form</class><widget class="qMRMLWidget" name="Form">
<layout class="QVBoxLayout" name="rows">
<item><widget class="ctkCollapsibleButton" name="part"><property name="text"><string>Part</string></property>
<layout class="QVBoxLayout" name="inside"><item><widget class="QLabel" name="note"/></item></layout></widget></item>
<item><widget class="qMRMLNodeComboBox" name="selector">
<property name="nodeTypes"><stringlist><string>vtkMRMLTableNode</string></stringlist></property>
<property name="noneEnabled"><bool>true</bool></property></widget></item>
</layout></widget>
<connections><connection><sender>Form</sender><signal>mrmlSceneChanged(vtkMRMLScene*)</signal>
<receiver>selector</receiver><slot>setMRMLScene(vtkMRMLScene*)</slot></connection></connections></ui>"""


def loaded(tmp_path):
    file = tmp_path / "form.ui"
    file.write_text(UI)
    widget = slicer.util.loadUI(str(file))
    return widget, slicer.util.childWidgetVariables(widget)


def test_ui_files_give_these_classes_and_pass_the_scene_on(desktop, tmp_path):
    widget, ui = loaded(tmp_path)
    assert type(ui.selector) is slicer.qMRMLNodeComboBox
    assert ui.part.text == "Part" and ui.selector.noneEnabled
    widget.setMRMLScene(slicer.mrmlScene)
    table = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", "numbers")
    assert ui.selector.nodeCount() == 1
    ui.selector.setCurrentNode(table)
    assert ui.selector.currentNode() is table


def test_collapsed_part_hides_what_is_in_it(desktop, tmp_path):
    _, ui = loaded(tmp_path)
    ui.part.collapsed = True
    assert not ui.note.isVisibleTo(ui.part)
    ui.part.click()
    assert not ui.part.collapsed and ui.note.isVisibleTo(ui.part)


def test_collapsed_part_keeps_hidden_what_was_hidden_in_it(desktop, tmp_path):
    _, ui = loaded(tmp_path)
    ui.note.hide()
    ui.part.collapsed = True
    ui.part.collapsed = False
    assert ui.note.isHidden(), "hidden before"
    ui.part.collapsed = True
    ui.note.show()
    assert not ui.note.isVisibleTo(ui.part), "nothing shows in what is closed"
    ui.part.collapsed = False
    assert ui.note.isVisibleTo(ui.part), "shown meanwhile"


def test_selector_follows_the_scene(desktop):
    selector = slicer.qMRMLNodeComboBox()
    selector.nodeTypes = ["vtkMRMLScalarVolumeNode"]
    assert selector.nodeTypes == ("vtkMRMLScalarVolumeNode",)
    heard = []
    selector.connect("currentNodeChanged(vtkMRMLNode*)", heard.append)
    selector.setMRMLScene(slicer.mrmlScene)
    assert selector.currentNode() is None
    volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "first")
    assert selector.currentNode() is volume, "without a none entry the first node is chosen"
    slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", "other class")
    hidden = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "hidden")
    hidden.SetHideFromEditors(True)
    selector._refill()
    assert selector.nodeCount() == 1
    slicer.mrmlScene.RemoveNode(volume)
    assert selector.currentNode() is None
    assert heard == [volume, None]


def test_parameter_node_keeps_types_in_the_scene(desktop):
    from slicer.parameterNodeWrapper import parameterNodeWrapper
    from slicer.ScriptedLoadableModule import ScriptedLoadableModuleLogic

    @parameterNodeWrapper
    class Parameters:
        table: slicer.vtkMRMLTableNode
        count: int = 3
        name: str = "x"
        shown: bool = True

    class ExampleLogic(ScriptedLoadableModuleLogic):
        pass

    node = ExampleLogic().getParameterNode()
    assert node is ExampleLogic().getParameterNode()
    heard = []
    parameters = Parameters(node)
    parameters.AddObserver("ModifiedEvent", lambda caller, event: heard.append(event))
    assert (parameters.count, parameters.name, parameters.shown, parameters.table) == (3, "x", True, None)
    parameters.count, parameters.shown = 5, False
    parameters.table = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", "t")
    assert heard
    again = Parameters(node)
    assert (again.count, again.shown, again.table.GetName()) == (5, False, "t")


def test_cursor_moves_are_heard_as_in_a_slice_view(desktop):
    from slicerdouble.desktop import move_cursor

    crosshair = slicer.util.getNode("Crosshair")
    heard = []

    def moved(caller, event):
        position = [0.0] * 3
        heard.append((caller.GetCursorPositionRAS(position), position))

    crosshair.AddObserver(slicer.vtkMRMLCrosshairNode.CursorPositionModifiedEvent, moved)
    move_cursor((1.0, 2.0, 3.0))
    assert heard[0][1] == [1.0, 2.0, 3.0]


def test_slider_and_box_show_the_same_value(desktop):
    import ctk

    slider = ctk.ctkSliderWidget()
    slider.maximum = 1.0
    slider.singleStep = 0.01
    heard = []
    slider.connect("valueChanged(double)", heard.append)
    slider.value = 0.25
    assert slider.value == 0.25 and heard == [0.25]


def test_closing_the_scene_keeps_the_views(desktop):
    from slicerdouble.desktop import clear_scene

    slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", "t")
    clear_scene()
    assert slicer.util.getNodesByClass("vtkMRMLTableNode") == []
    assert len(slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")) == 3


def test_packaging_is_found_only_by_importing_it(desktop):
    assert getattr(slicer, "packaging", None) is None
    from slicer import packaging

    assert callable(packaging.pip_ensure)


def test_panel_is_set_up_once_in_the_place_it_is_given(desktop, tmp_path):
    from slicerdouble.scripted_module import load_module

    file = tmp_path / "Example.py"
    file.write_text(
        "from slicer.ScriptedLoadableModule import *\n"
        "class Example(ScriptedLoadableModule): pass\n"
        "class ExampleWidget(ScriptedLoadableModuleWidget):\n"
        "    heard = []\n"
        "    def setup(self): self.heard.append('setup')\n"
        "    def enter(self): self.heard.append('enter')\n"
        "    def exit(self): self.heard.append('exit')\n"
    )
    shown = load_module(file).widgetRepresentation()
    shown.enter()
    shown.exit()
    assert shown.self().heard == ["setup", "enter", "exit"]
