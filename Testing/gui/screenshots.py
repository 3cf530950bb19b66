"""Writes the pictures that README and manual show: ``python Testing/gui/screenshots.py Resources/Screenshots``.

The panel's own code draws them, on the stand-in for the desktop; the slice view
is blended by Slicer's slice logic.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "SpatioTemporal"), str(ROOT / "Testing")]
WIDTH = 380
TUMOUR, MUSCLE = (104, 106, 0), (60, 90, 0)


def main(folder: Path) -> None:
    from slicerdouble import install

    folder.mkdir(parents=True, exist_ok=True)
    app = install()
    from gui.user import User
    from slicerdouble.desktop import show_window
    from slicerdouble.scripted_module import load_module

    widget = load_module(ROOT / "SpatioTemporal" / "SpatioTemporal.py").widgetRepresentation().self()
    widget.parent.resize(WIDTH, 1500)
    show_window(widget.parent)
    panel = widget.panel
    user = User(panel)

    def photograph(name, widget):
        _fit(app, panel)
        assert widget.grab().save(str(folder / f"{name}.png"))

    user.press(panel.data.ui.sampleButton)
    photograph("step-1-data", panel.ui.dataButton)
    look(panel, user)
    photograph("step-2-look", panel.ui.lookButton)
    user.click_item(panel.analyse.ui.analysisTree, "Kinetics", "Extended Tofts")
    user.choose_node(panel.analyse.selectors["aif"], "Breast plasma")
    panel.analyse.form.set({"curve_is": "plasma"})
    photograph("step-3-analyse", panel.ui.analyseButton)
    preview(app, panel, user, folder)
    run(app, panel, user)
    photograph("step-4-run", panel.ui.runButton)
    photograph("step-5-results", panel.ui.resultsButton)
    desktop(app, panel, folder)
    widget.cleanup()


def look(panel, user) -> None:
    """A pinned point in the tumour, and the mouse over muscle."""
    box = panel.look.ui.modeBox
    box.setCurrentIndex(box.findData("percent"))
    user.move_mouse(TUMOUR)
    user.press(panel.look.ui.pinButton)
    user.move_mouse(MUSCLE)


def preview(app, panel, user, folder: Path) -> None:
    """The form beside the slice view, with Ktrans that follows it."""
    from slicerdouble.slice_view import desktop_picture

    user.press(panel.analyse.ui.previewBox)
    while panel.analyse.preview.asked is None or panel.analyse.preview.asked[1] != 1 or panel.analyse.preview.job:
        app.processEvents()
        time.sleep(0.005)
    _fit(app, panel)
    assert desktop_picture(panel.ui.analyseButton).save(str(folder / "preview.png"))
    user.press(panel.analyse.ui.previewBox)


def run(app, panel, user) -> None:
    """Segment what enhances, then fit the model inside it."""
    analysis = panel.analyse.analysis.id
    panel.analyse.choose("segmentation.enhancing_tissue")
    _finish(app, panel, user)
    panel.analyse.choose(analysis)
    user.choose_node(panel.analyse.selectors["mask"], "Breast DCE regions")
    user.choose_node(panel.analyse.selectors["aif"], "Breast plasma")
    _finish(app, panel, user)


def desktop(app, panel, folder: Path) -> None:
    """The panel's first and last steps beside the slice view, and the fit."""
    import slicer
    from slicerdouble.slice_view import desktop_picture, slice_picture

    for node in slicer.util.getNodesByClass("vtkMRMLSegmentationNode"):
        node.GetDisplayNode().SetVisibility(False)
    assert slice_picture(size=(700, 700)).save(str(folder / "slice-view.png"))
    box = panel.look.ui.modeBox
    box.setCurrentIndex(box.findData("fit"))
    app.processEvents()
    assert panel.look.ui.plotLabel.grab().save(str(folder / "fit.png"))
    panel.ui.analyseButton.collapsed = True
    _fit(app, panel)
    assert desktop_picture(panel.widget, width=720).save(str(folder / "panel.png"))


def _fit(app, panel) -> None:
    """Give the panel the height it needs in a panel of the usual width, as its scroll area does."""
    window = panel.widget.window()
    for _ in range(3):
        app.processEvents()
        window.resize(WIDTH, window.heightForWidth(WIDTH))


def _finish(app, panel, user) -> None:
    user.press(panel.run.ui.startButton)
    while panel.run.job is not None:
        app.processEvents()
        time.sleep(0.005)
    assert panel.results.run, panel.run.ui.messageLabel.text


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "Resources" / "Screenshots"))
