"""The five steps together, many cases and the check below them, and what one tells the others."""

from __future__ import annotations

import logging

import qt
import slicer
from slicer.i18n import tr as _
from SpatioTemporalNodes.results.runs import in_words

from SpatioTemporalLib.workers.worker_client import FINAL

from . import remembered
from .steps.analyse_step import AnalyseStep
from .steps.check_step import CheckStep
from .steps.cohort_step import CohortStep
from .steps.data_step import DataStep
from .steps.look_step import LookStep
from .steps.results_step import ResultsStep
from .steps.run_step import RunStep

POLL_INTERVAL, QUICK_POLL_INTERVAL = 50, 10  # ms
STEPS = ("data", "look", "analyse", "run", "results", "cohort", "check")


class Panel:
    """The panel's steps on one logic.

    Parameters
    ----------
    logic : SpatioTemporalLogic
    parameters : typed parameter node
    resource : callable(name) -> path
    """

    def __init__(self, logic, parameters, resource):
        self.logic, self.parameters, self.resource = logic, parameters, resource
        self.here = True
        # The function whose error is shown: when it succeeds, that is over.
        self.complaint = None
        self.widget = slicer.util.loadUI(resource("UI/SpatioTemporal.ui"))
        self.ui = slicer.util.childWidgetVariables(self.widget)
        self.look = LookStep(self)
        self.analyse = AnalyseStep(self)
        self.run = RunStep(self)
        self.results = ResultsStep(self)
        self.cohort = CohortStep(self)
        self.check = CheckStep(self)
        self.data = DataStep(self)
        for name in STEPS:
            getattr(self.ui, f"{name}Button").layout().addWidget(getattr(self, name).widget)
        self.timer = qt.QTimer()
        self.timer.connect("timeout()", self.guarded(self.poll))
        self.restore()

    @property
    def steps(self) -> list:
        return [getattr(self, name) for name in STEPS]

    def series_changed(self) -> None:
        """The data step understood another series, or other times of it."""
        if self.data.view is not None:
            # Started now, it is warm when the first run is asked for.
            self.logic.runs.worker.start()
        self.look.show_series(self.data.view)
        self.analyse.show_series(self.data.view)
        self.run.check()

    def analysis_changed(self) -> None:
        self.look.redraw()
        self.run.check()

    def run_started(self) -> None:
        if self.analyse.analysis is not None:
            remembered.remember_run(self.analyse.analysis.id)
            self.analyse.fill_tree()
        self.timer.setInterval(POLL_INTERVAL)
        self.timer.start()

    def preview_started(self) -> None:
        self.timer.setInterval(QUICK_POLL_INTERVAL)
        self.timer.start()

    def poll(self) -> None:
        """Hear of the runs; called by a timer while there are any."""
        for job, event in self.logic.runs.poll():
            if self.analyse.preview.hear(job) or self.check.hear(job):
                continue
            self.run.hear(job, event)
            if event.kind in FINAL:
                self.look.hear(job)
                if job.result is not None:
                    self.results.show_new(job)
                    self.analyse.refresh_offers()
        if not self.logic.runs.busy:
            self.timer.stop()

    def guarded(self, function):
        """The function with its errors shown where the user looks, in words."""

        def call(*given):
            try:
                done = function()
            except Exception as error:  # noqa: BLE001 - whatever goes wrong is said, and the panel lives on
                logging.getLogger("SpatioTemporal").debug("guarded", exc_info=True)
                self.say(in_words(error), wrong=True)
                self.complaint = function
                return None
            if self.complaint == function:
                # What was wrong is mended.
                self.say("")
            return done

        return call

    def say(self, text: str, *, wrong: bool = False) -> None:
        self.run.say(text, wrong=wrong)

    def enter(self) -> None:
        """The user has come to the module: take up what `leave` left."""
        self.here = True
        self.data.look_again()
        self.look.start_listening()
        self.analyse.preview.go_on()
        self.results.refresh()

    def leave(self) -> None:
        """The user has gone to another module: no curves, no previews; runs go on."""
        self.here = False
        self.look.stop_listening()
        self.analyse.preview.pause()

    def restore(self) -> None:
        """Show what the parameter node of this scene says."""
        self.data.restore()
        self.analyse.restore()
        self.look.restore()
        self.run.restore()
        self.results.refresh()

    def scene_closed(self) -> None:
        """Stop what runs and forget the nodes."""
        running = bool(self.logic.runs.jobs)
        self.logic.runs.forget_all()
        for step in self.steps:
            step.scene_closed()
        self.say(_("The scene was closed; the run was stopped.") if running else "")

    def close(self) -> None:
        """Let go of the scene; called before the panel is destroyed."""
        self.timer.stop()
        self.cohort.close()
        self.analyse.preview.stop()
        self.logic.runs.forget_all()
        self.look.stop_listening()
