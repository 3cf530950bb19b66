"""The panel is closed and made again, as Reload and the end of the application do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

RELOAD = """
import sys
import psutil
sys.path[:0] = [{testing!r}, {module!r}]
from slicerdouble import install
app = install()
import slicer
from slicerdouble.desktop import move_cursor
from slicerdouble.scripted_module import load_module
path = {module!r} + "/SpatioTemporal.py"
first = load_module(path).widgetRepresentation().self()
first.panel.data.ui.sampleButton.click()
worker = first.logic.runs.worker
assert worker.alive
launched = psutil.Process(worker.family.launched.pid)
processes = [launched, *launched.children(recursive=True)]
before = sys.modules["SpatioTemporalWidgets.panel"]
slicer.util.reloadScriptedModule = lambda name: (first.cleanup(), load_module(path))
first.onReload()
assert sys.modules["SpatioTemporalWidgets.panel"] is not before
assert not worker.alive, "the worker of the old panel has ended"
gone, left = psutil.wait_procs(processes, timeout=10)
assert not [process for process in left if process.status() != psutil.STATUS_ZOMBIE]
second = slicer.util.getModuleWidget("SpatioTemporal")
assert second is not first and second.panel.data.view.frames.count == 25
geometry = second.panel.data.view.probe.geometry
move_cursor(tuple(float(x) for x in geometry.ijk_to_ras((90, 100, 0))))
assert len(second.panel.look.plot.lines) == 1 and first.panel.look.plot.lines == []
second.cleanup()
assert not second.logic.runs.worker.alive
print("reloaded")
"""


def test_reload_ends_the_old_panel_and_its_worker():
    code = RELOAD.format(testing=str(ROOT / "Testing"), module=str(ROOT / "SpatioTemporal"))
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd="/")
    assert ran.stdout.strip() == "reloaded" and ran.returncode == 0, ran.stderr[-2000:]


FROM_SOURCE = """
import sys
sys.path[:0] = [{testing!r}, {module!r}, {root!r}]
from slicerdouble import install
install()
from slicerdouble.scripted_module import load_module
# As in Slicer with the module's folder among its paths: the library is not where Python looks.
for name in [m for m in sys.modules if m.split(".")[0] in ("SpatioTemporalLib", "SpatioTemporalNodes")]:
    del sys.modules[name]
sys.path[:] = [place for place in sys.path if place not in ("", {root!r})]
sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in repr(finder).lower()]
widget = load_module({module!r} + "/SpatioTemporal.py").widgetRepresentation().self()
assert sys.path[0] == {root!r}
assert sys.modules["SpatioTemporalLib"].__file__.startswith({root!r})
widget.cleanup()
print("found")
"""


def test_library_beside_the_module_is_found_from_source():
    names = {"testing": str(ROOT / "Testing"), "module": str(ROOT / "SpatioTemporal"), "root": str(ROOT)}
    code = FROM_SOURCE.format(**names)
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd="/")
    assert ran.stdout.strip() == "found" and ran.returncode == 0, ran.stderr[-2000:]
