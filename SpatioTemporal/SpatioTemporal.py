"""SpatioTemporal: images with a time axis, from a sequence to curves, maps and results."""

import shutil
import sys
import time
from pathlib import Path

import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.parameterNodeWrapper import parameterNodeWrapper
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin

try:
    import SpatioTemporalLib as st
except ModuleNotFoundError as error:
    if error.name != "SpatioTemporalLib":
        raise
    # Run from source: the library lies beside the module's folder, which is not searched.
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    import SpatioTemporalLib as st

from SpatioTemporalNodes.results.chain import pipeline_of_run
from SpatioTemporalNodes.results.runs import Runs
from SpatioTemporalNodes.scene import attributes
from SpatioTemporalNodes.series.sample_nodes import SERIES, SHA256, add_sample_data
from SpatioTemporalNodes.series.series_nodes import add_series, series_from_node
from SpatioTemporalNodes.series.series_view import series_of, view_of
from SpatioTemporalWidgets.panel import Panel

from SpatioTemporalLib.batch.client import BatchProcess
from SpatioTemporalLib.batch.table.pipeline import write_pipeline
from SpatioTemporalLib.batch.table.words import as_word
from SpatioTemporalLib.command_line.options.kinds import flag
from SpatioTemporalLib.sample_data import sample_file
from SpatioTemporalLib.workers.worker_client import Worker

PACKAGES = ("SpatioTemporalLib", "SpatioTemporalNodes", "SpatioTemporalWidgets")


class SpatioTemporal(ScriptedLoadableModule):
    """What Slicer shows of the module before it is opened."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("SpatioTemporal")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Quantification")]
        parent.dependencies = ["Sequences", "Segmentations", "Plots", "Volumes"]
        parent.contributors = ["The SpatioTemporal developers"]
        parent.helpText = _(
            "Curves and quantitative maps of images that change over time: choose a sequence, look at its curves "
            "under the mouse and in segments, choose an analysis, run it, and find maps, tables and charts with "
            "their units in the scene. For research only, not for clinical use."
        )
        parent.acknowledgementText = _(
            "The sample examination comes with DCEMRI.jl by David S. Smith (MIT licence); "
            "Smith et al., PeerJ 3:e909 (2015)."
        )
        slicer.app.connect("startupCompleted()", registerSampleData)


def registerSampleData():
    """Offer the sample examination in the Sample Data module; it needs no network."""
    try:
        import SampleData
    except ModuleNotFoundError:
        return
    SampleData.SampleDataLogic.registerCustomSampleDataSource(
        category="SpatioTemporal",
        sampleName="Breast DCE-MRI",
        thumbnailFileName=str(Path(__file__).parent / "Resources" / "Icons" / "SpatioTemporal.png"),
        uris=sample_file(SERIES).as_uri(),
        fileNames=SERIES,
        nodeNames="Breast DCE",
        checksums=f"SHA256:{SHA256[SERIES]}",
        loadFileType="SequenceFile",
        # With the flip angles and the plasma curve that go with the series.
        customDownloader=lambda source: [add_sample_data(slicer.mrmlScene)],
    )


@parameterNodeWrapper
class SpatioTemporalParameterNode:
    """What the panel keeps in the scene.

    series : the series of step 1. analysis : id. settings : JSON, id to the
    parameters that are not at their default. pins : JSON, positions in RAS mm.
    device : where to compute, "auto", "cpu" or "cuda".
    """

    series: slicer.vtkMRMLNode
    analysis: str = ""
    settings: str = "{}"
    pins: str = "[]"
    mode: str = "signal"
    device: str = "auto"


class SpatioTemporalWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """Puts the panel into the module's place and tells it of the scene."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = None
        self.panel = None

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        self.logic = SpatioTemporalLogic()
        self.panel = Panel(self.logic, self.logic.getParameterNode(), self.resourcePath)
        self.layout.addWidget(self.panel.widget)
        scene = slicer.mrmlScene
        self.addObserver(scene, scene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(scene, scene.EndCloseEvent, self.onSceneChanged)
        self.addObserver(scene, scene.EndImportEvent, self.onSceneChanged)

    def cleanup(self):
        self.removeObservers()
        if self.panel is not None:
            self.panel.close()
        if self.logic is not None:
            self.logic.close()

    def enter(self):
        self.panel.enter()

    def exit(self):
        self.panel.leave()

    def onSceneStartClose(self, caller, event):
        self.panel.scene_closed()

    def onSceneChanged(self, caller, event):
        self.panel.parameters = self.logic.getParameterNode()
        self.panel.restore()

    def onReload(self):
        for name in [m for m in sys.modules if m.split(".")[0] in PACKAGES]:
            del sys.modules[name]
        ScriptedLoadableModuleWidget.onReload(self)


class SpatioTemporalLogic(ScriptedLoadableModuleLogic):
    """Everything the panel does, for the Python console.

    >>> logic = slicer.util.getModuleLogic("SpatioTemporal")
    >>> logic.analyses()
    >>> result = logic.run("kinetics.extended_tofts", series="Breast DCE", hematocrit=0.4)
    >>> result["ktrans"]
    """

    def __init__(self):
        ScriptedLoadableModuleLogic.__init__(self)
        self.runs = Runs(slicer.mrmlScene, Worker(shutil.which("PythonSlicer") or sys.executable, paths=sys.path))

    def getParameterNode(self):
        return SpatioTemporalParameterNode(super().getParameterNode())

    def analyses(self):
        """Title of every analysis by its id."""
        return {id: analysis.title for id, analysis in st.analyses().items()}

    def run(self, name, **arguments):
        """Run an analysis and give back the nodes of its outputs.

        Parameters
        ----------
        name : str
            Id, as `analyses` lists it.
        **arguments
            Inputs (nodes, names of nodes, or values of the library) and parameters by name.

        Raises
        ------
        SpatioTemporalError
            When something does not fit, or the run failed.
        """
        inputs = {i.name for i in st.get(name).inputs}
        nodes = {n: self._node(value) for n, value in arguments.items() if n in inputs and value is not None}
        job = self.runs.start(name, nodes, {n: value for n, value in arguments.items() if n not in inputs})
        while job.state == "running":
            self.runs.poll()
            slicer.app.processEvents()
            time.sleep(0.01)
        if job.result is None:
            raise st.errors.SpatioTemporalError(job.text)
        return job.result

    def batch(self, name, cases, out, *, workers=0, **parameters):
        """Run an analysis for every row of a table, in processes outside of Slicer.

        Parameters
        ----------
        name : str
            Id, as `analyses` lists it, or a file with a pipeline (.json).
        cases, out : path
            A table with one row a case or a folder, BIDS or DICOM, and the folder for the results.
        workers : int
            Cases side by side; as memory and cores allow when 0.
        **parameters
            That hold for all cases.

        Returns
        -------
        dict
            ``computed``, ``already``, ``failures``, ``stopped`` and ``page``.
        """
        words = [word for key, value in parameters.items() for word in (flag(key), as_word(value))]
        words = [name, "--cases", str(cases), "--out", str(out), *words]
        words += ["--workers", str(workers)] if workers else []
        process = BatchProcess(words, self.runs.worker.python, paths=sys.path)
        outcome, told = process.outcome(slicer.app.processEvents)
        if outcome is None:
            raise st.errors.SpatioTemporalError(told or "the batch ended without a result")
        return outcome

    def pipeline(self, output, path):
        """Write the run behind an output, with the runs whose outputs it took, as a pipeline that `batch` takes.

        Parameters
        ----------
        output : node or name of one
            That a run gave.
        path : path
            Of the file (.json); also given back.
        """
        node = self._node(output)
        return write_pipeline(path, pipeline_of_run(slicer.mrmlScene, attributes.fact(node, "Run", node.GetName())))

    def curve(self, node, ras):
        """The curve of a series at a position in RAS mm; None outside of it."""
        return view_of(self._node(node)).curve(ras, "point")

    def convert(self, node, *, times=None, frame_interval=None, name=None):
        """A new sequence, indexed in seconds, of whatever holds the frames of a series.

        Parameters
        ----------
        node : sequence, browser, volume, multi-volume, name, or list of volumes
        times : sequence of float, s, optional
        frame_interval : float, s, optional
            Either is needed where nothing says when the frames were acquired.
        name : str, optional
        """
        node = [self._node(n) for n in node] if isinstance(node, (list, tuple)) else self._node(node)
        if times is None and frame_interval is None:
            series = series_of(node)
        else:
            series = series_from_node(node, times=times, frame_interval=frame_interval)
        return add_series(slicer.mrmlScene, series, name=name)[0]

    def close(self):
        """End the worker process."""
        self.runs.worker.close()

    def _node(self, node_or_name):
        if not isinstance(node_or_name, str):
            return node_or_name
        node = slicer.mrmlScene.GetFirstNodeByName(node_or_name)
        if node is None:
            raise st.InputError(
                "E-NODE", f"there is no node called {node_or_name!r}", fix="Look it up in the Data module."
            )
        return node


class SpatioTemporalTest(ScriptedLoadableModuleTest):
    """From the sample data to maps, as a user does it; runs in Slicer and on its stand-in."""

    def setUp(self):
        slicer.mrmlScene.Clear(0)

    def runTest(self):
        self.setUp()
        self.test_first_analysis_of_the_sample_data()

    def test_first_analysis_of_the_sample_data(self):
        self.delayDisplay("Load the sample data")
        panel = slicer.util.getModuleWidget("SpatioTemporal").panel
        panel.ui.dataButton.collapsed = False
        panel.data.ui.sampleButton.click()
        self.assertEqual(panel.data.view.frames.count, 25)
        self.delayDisplay("Choose an analysis and run it")
        panel.analyse.choose("kinetics.extended_tofts")
        panel.run.ui.startButton.click()
        end = time.monotonic() + 60
        while panel.run.job is not None and time.monotonic() < end:
            slicer.app.processEvents()
            time.sleep(0.02)
        self.assertIsNone(panel.run.job)
        self.assertTrue(panel.results.run, str(panel.run.ui.messageLabel.text))
        self.assertGreater(slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode"), 0)
        self.delayDisplay("Passed")
