"""Each habit of PythonQt that the module's code relies on."""

import warnings

import pytest


@pytest.fixture
def qt(desktop):
    import qt

    return qt


def test_properties_are_attributes(qt):
    button = qt.QPushButton("Run")
    assert button.text == "Run" and button.enabled is True
    button.enabled = False
    button.text = "Stop"
    assert not button.enabled and button.text == "Stop"
    assert qt.QComboBox().count == 0


def test_setters_and_other_methods_stay_methods(qt):
    box = qt.QDoubleSpinBox()
    box.setRange(0, 5)
    box.setValue(3)
    assert (box.value, box.maximum) == (3, 5)
    assert box.layout() is None


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("QProgressBar", "value", "7"),
        ("QLabel", "text", None),
        ("QLabel", "text", 3),
        ("QPushButton", "enabled", "yes"),
        ("QSlider", "value", 3.7),
        ("QDoubleSpinBox", "value", "1"),
    ],
)
def test_a_property_of_the_wrong_kind_is_an_attribute_error(qt, kind, name, value):
    with pytest.raises(AttributeError, match=f"{kind}.{name}"):
        setattr(getattr(qt, kind)(), name, value)


def test_plain_widgets_take_no_new_attributes(qt, desktop):
    import ctk
    import slicer

    for widget in (qt.QLabel(), qt.QTimer(), ctk.ctkSliderWidget(), slicer.qMRMLNodeComboBox()):
        with pytest.raises(AttributeError, match="no attribute mine"):
            widget.mine = 3
        with pytest.raises(AttributeError, match="no attribute _mine"):
            widget._mine = 3
        assert not hasattr(widget, "mine")

    class Mine(qt.QLabel):
        pass

    label = Mine()
    label.mine = 3
    assert label.mine == 3


def test_methods_cannot_be_replaced(qt):
    with pytest.raises(AttributeError):
        qt.QLabel().setText = print
    with pytest.raises(AttributeError):
        qt.QLabel().clear = print


def test_sizes_that_are_wished_for_are_attributes(qt):
    label = qt.QLabel("some words")
    assert label.sizeHint.width() > 10 and label.minimumSizeHint.height() > 5
    with pytest.raises(TypeError):
        label.sizeHint()
    box = qt.QWidget()
    layout = qt.QVBoxLayout(box)
    layout.addWidget(label)
    assert box.sizeHint.width() >= label.sizeHint.width()
    assert layout.sizeHint().width() == box.sizeHint.width()
    layout.setSpacing(7)
    assert layout.spacing == 7
    layout.spacing = 9
    assert layout.spacing == 9


def test_a_size_of_ones_own_is_heard(qt):
    class Wide(qt.QLabel):
        def sizeHint(self):
            return qt.QSize(777, 5)

    box = qt.QWidget()
    qt.QVBoxLayout(box).addWidget(Wide())
    assert box.sizeHint.width() >= 777


@pytest.mark.parametrize("kind", ["QLabel", "QPushButton", "QTimer", "QSpinBox"])
def test_constructors_take_no_names(qt, kind):
    with pytest.raises(TypeError):
        getattr(qt, kind)(objectName="x")


def test_setters_make_what_they_need_of_what_they_get(qt):
    label, slider = qt.QLabel(), qt.QSlider()
    label.setText(None)
    slider.setValue(3.7)
    assert (label.text, slider.value) == ("None", 3)
    label.setToolTip(5)
    assert label.toolTip == "5"


def test_a_parentless_widget_must_not_be_shown(qt, desktop):
    from slicerdouble.desktop import show_window
    from slicerdouble.properties import flashed

    for show in (lambda w: w.show(), lambda w: w.setVisible(True), lambda w: setattr(w, "visible", True)):
        label = qt.QLabel("flash")
        with pytest.raises(RuntimeError, match="window of its own"):
            show(label)
        assert label.isHidden() and flashed.pop() == "QLabel is shown without a parent"
    label = qt.QLabel()
    label.setVisible(False)
    label.hide()
    window = qt.QWidget()
    child = qt.QLabel("inside", window)
    child.show()
    show_window(window)
    assert child.isVisible() and not flashed
    window.hide()


def test_name_is_the_object_name(qt):
    label = qt.QLabel()
    label.setObjectName("status")
    assert label.name == "status" == label.objectName


def test_signals_connect_by_signature(qt):
    heard = []
    box = qt.QCheckBox()
    assert box.connect("toggled(bool)", heard.append)
    box.setChecked(True)
    assert heard == [True]


def test_a_slot_gets_as_many_arguments_as_it_takes(qt):
    heard = []
    button = qt.QPushButton()
    button.connect("clicked(bool)", lambda: heard.append("none"))
    button.connect("clicked()", lambda *given: heard.append(given))
    button.click()
    assert heard == ["none", ()]


def test_disconnect_takes_the_same_arguments(qt):
    heard = []
    slot = heard.append
    line = qt.QLineEdit()
    line.connect("textChanged(QString)", slot)
    line.setText("a")
    assert line.disconnect("textChanged(QString)", slot)
    line.setText("b")
    assert heard == ["a"]


@pytest.mark.parametrize("signature", ["pressedHard()", "clicked(QString)", "text()", "toggled(int)"])
def test_a_misspelt_signal_is_only_warned_of(qt, signature):
    from slicerdouble.signals import UnknownSignal

    with pytest.warns(UnknownSignal, match="QPushButton has no signal"):
        assert qt.QPushButton().connect(signature, print) is False


def test_signals_are_found_with_and_without_their_arguments(qt, desktop):
    import ctk
    import slicer

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert qt.QPushButton().connect("clicked()", print)
        assert qt.QComboBox().connect("currentIndexChanged(int)", print)
        assert ctk.ctkSliderWidget().connect("valueChanged(double)", print)
        assert ctk.ctkCollapsibleButton().connect("contentsCollapsed(bool)", print)
        assert slicer.qMRMLNodeComboBox().connect("currentNodeChanged(vtkMRMLNode*)", print)


def test_classes_made_from_qt_classes_keep_these_ways(qt):
    class Plot(qt.QLabel):
        pass

    heard = []
    plot = Plot()
    plot.connect("linkActivated(QString)", heard.append)
    plot.linkActivated.emit("x")
    plot.text = "curve"
    assert heard == ["x"] and plot.text == "curve"


def test_timers_fire_while_events_are_processed(qt, desktop):
    import time

    heard = []
    timer = qt.QTimer()
    timer.setInterval(1)
    timer.connect("timeout()", lambda: heard.append(1))
    timer.start()
    end = time.monotonic() + 5
    while not heard and time.monotonic() < end:
        desktop.processEvents()
    timer.stop()
    assert heard and timer.interval == 1
