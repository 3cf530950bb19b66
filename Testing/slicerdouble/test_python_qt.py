"""Each habit of PythonQt that the module's code relies on."""

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


def test_a_value_of_the_wrong_kind_is_refused(qt):
    with pytest.raises(ValueError):
        qt.QProgressBar().value = qt.QPushButton()


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


def test_an_unknown_signal_is_refused(qt):
    with pytest.raises(ValueError, match="no signal pressedHard"):
        qt.QPushButton().connect("pressedHard()", print)


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
