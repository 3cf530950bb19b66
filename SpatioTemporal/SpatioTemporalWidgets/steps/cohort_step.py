"""Many cases: the analysis of step 3 for every row of a table, in processes outside of Slicer."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import qt
import slicer
from slicer.i18n import tr as _
from SpatioTemporalNodes.results.chain import pipeline_of_run

from SpatioTemporalLib.batch.client import BatchProcess
from SpatioTemporalLib.batch.table.chain import columns_of
from SpatioTemporalLib.batch.table.pipeline import read_pipeline, write_pipeline
from SpatioTemporalLib.batch.table.words import parameter_words
from SpatioTemporalLib.data import Table
from SpatioTemporalLib.errors import InputError

from ..narrow import breakable
from ..tables.table_view import fill, prepare
from ..theme import text_style
from .step import Step

POLL_INTERVAL = 100  # ms
STEPS_OF_BAR = 1000
STATES = {
    "runs": _("will run"),
    "is done": _("done"),
    "was done otherwise": _("done with other files or settings"),
    "cannot run": _("cannot run"),
}


class CohortStep(Step):
    """A table of cases, what would become of each, and a batch that can be stopped and goes on."""

    file = "CohortStep.ui"

    def set_up(self) -> None:
        self.process: BatchProcess | None = None
        self.page: Path | None = None
        # Rows of the table that are cases: those behind were left out.
        self.count = 0
        prepare(self.ui.casesTable)
        guarded = self.panel.guarded
        self.ui.casesTable.hide()
        self.ui.casesButton.connect("clicked()", guarded(self.choose_cases))
        self.ui.bidsButton.connect("clicked()", guarded(self.choose_folder))
        self.ui.pipelineButton.connect("clicked()", guarded(self.take_pipeline))
        self.ui.fromResultButton.connect("clicked()", guarded(self.write_pipeline))
        self.ui.resultsFolderButton.connect("clicked()", guarded(self.choose_results))
        self.ui.previewButton.connect("clicked()", guarded(self.preview))
        self.ui.startBatchButton.connect("clicked()", guarded(self.start))
        self.ui.pageButton.connect("clicked()", guarded(self.open_page))
        self.timer = qt.QTimer()
        self.timer.setInterval(POLL_INTERVAL)
        self.timer.connect("timeout()", guarded(self.poll))
        self._rest()

    def choose_cases(self) -> None:
        kinds = _("Tables of cases (*.csv *.tsv)")
        self._take(self.ui.casesEdit, qt.QFileDialog.getOpenFileName(self.widget, _("Table of cases"), "", kinds))

    def choose_folder(self) -> None:
        self._take(self.ui.casesEdit, qt.QFileDialog.getExistingDirectory(self.widget, _("Folder of BIDS or DICOM")))

    def take_pipeline(self) -> None:
        path = qt.QFileDialog.getOpenFileName(self.widget, _("Pipeline"), "", _("Pipelines (*.json)"))
        if path:
            self._take_pipeline(path)

    def write_pipeline(self) -> None:
        """Write the chain behind the run that is chosen in step 5, and take it."""
        run = self.panel.results.run
        if not run:
            raise InputError("E-NO-RUN", _("no run is chosen"), fix=_("Click one in step 5."))
        pipeline = pipeline_of_run(slicer.mrmlScene, run)
        path = qt.QFileDialog.getSaveFileName(self.widget, _("Pipeline"), "pipeline.json", _("Pipelines (*.json)"))
        if path:
            path = path if path.lower().endswith(".json") else f"{path}.json"
            self._take_pipeline(write_pipeline(path, pipeline))

    def _take_pipeline(self, path) -> None:
        pipeline = read_pipeline(path)
        needed, possible = columns_of(pipeline)
        text = _("{title}. Columns of the table: {names}").format(title=pipeline.title, names=", ".join(needed))
        text += _("; if wanted: {names}.").format(names=", ".join(possible)) if possible else "."
        self.ui.pipelineEdit.setText(str(path))
        self.say(text)

    def choose_results(self) -> None:
        self._take(self.ui.resultsEdit, qt.QFileDialog.getExistingDirectory(self.widget, _("Folder for results")))

    def preview(self) -> None:
        """Say what would run and what is missing."""
        self._launch("--preview")

    def start(self) -> None:
        """Run what is not done yet, or stop what runs."""
        if self.process is not None:
            self.process.stop()
            self.say(_("Stopping..."))
            return
        workers = int(self.ui.workersBox.value)
        self._launch(*(["--workers", str(workers)] if workers else []))

    def open_page(self) -> None:
        qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(self.page)))

    def poll(self) -> None:
        """Hear of the batch; called by a timer while there is one."""
        for event in self.process.poll() if self.process is not None else ():
            getattr(self, f"_hear_{event['event']}")(event)

    def scene_closed(self) -> None:
        """A batch works on files: it goes on."""

    def close(self) -> None:
        """Stop with the panel; what is done stays done."""
        self.timer.stop()
        if self.process is not None:
            self.process.close()
            self.process = None

    def say(self, text: str, *, wrong: bool = False) -> None:
        self.ui.cohortLabel.setText(breakable(text))
        self.ui.cohortLabel.setStyleSheet(text_style("wrong", self.widget) if wrong else "")

    def words(self) -> list[str]:
        """The words of the command, after ``batch``."""
        analysis = self.panel.analyse.analysis
        lines = (self.ui.casesEdit, self.ui.resultsEdit, self.ui.pipelineEdit)
        cases, out, pipeline = (str(line.text).strip() for line in lines)
        missing = {
            _("an analysis in step 3, or a pipeline"): analysis is None and not pipeline,
            _("a table of cases"): not cases,
            _("a folder for results"): not out,
        }
        lacking = [what for what, lacks in missing.items() if lacks]
        if lacking:
            raise InputError("E-BATCH-CASES", _("still missing: {what}").format(what=", ".join(lacking)))
        if pipeline:
            # Before it is taken for the name of an analysis, as a file without the ending would be.
            read_pipeline(pipeline)
            return [pipeline, "--cases", cases, "--out", out]
        common = parameter_words(analysis, self.panel.analyse.values())
        return [analysis.id, "--cases", cases, "--out", out, *common]

    def _launch(self, *more: str) -> None:
        if self.process is not None:
            return
        python = shutil.which("PythonSlicer") or sys.executable
        self.process = BatchProcess([*self.words(), *more], python, paths=sys.path)
        self.ui.startBatchButton.setText(_("Stop"))
        self.ui.previewButton.setEnabled(False)
        self.say(_("Looking at the cases..."))
        self.timer.start()

    def _hear_plan(self, event: dict) -> None:
        rows = event["cases"]
        beside = [f"{STATES[row['state']]}{': ' if row['problem'] else ''}{row['problem']}" for row in rows]
        self.count, left_out = len(rows), event["left_out"]
        names = [*(row["case"] for row in rows), *(what for what, why in left_out)]
        beside += [_("left out: {why}").format(why=why) for what, why in left_out]
        fill(self.ui.casesTable, Table({"case": names, "state": beside}, name="cases"))
        self.ui.casesTable.show()
        counts = [f"{sum(row['state'] == state for row in rows)} {STATES[state]}" for state in STATES]
        told = ", ".join(text for text in counts if not text.startswith("0 "))
        unused = _(" Carried on only: {names}.").format(names=", ".join(event["unused"])) if event["unused"] else ""
        self.say(_("{title}, {count} cases: {told}.").format(title=event["title"], count=len(rows), told=told) + unused)

    def _hear_progress(self, event: dict) -> None:
        self.ui.cohortBar.setValue(int(STEPS_OF_BAR * event["fraction"]))
        self.ui.cohortBar.setFormat(event["message"])

    def _hear_outcome(self, event: dict) -> None:
        self.page = Path(event["page"])
        failed = {failure["case"]: failure["message"] for failure in event["failures"]}
        for row in range(self.count):
            case = str(self.ui.casesTable.item(row, 0).text())
            item = self.ui.casesTable.item(row, 1)
            item.setText(_("failed: {why}").format(why=failed[case]) if case in failed else _("done"))
            item.setToolTip(item.text())
        text = _("{computed} computed, {already} done before, {failed} failed.")
        told = text.format(computed=event["computed"], already=event["already"], failed=len(failed))
        self.say(f"{told} {event['stopped']}".strip(), wrong=bool(failed) or bool(event["stopped"]))

    def _hear_ended(self, event: dict) -> None:
        stopped = self.process.stopping
        self.process = None
        self.timer.stop()
        if stopped:
            self.say(_("Stopped. What is done stays; run it again to go on."))
        elif event["text"]:
            self.say(event["text"], wrong=True)
        self._rest()

    def _rest(self) -> None:
        self.ui.startBatchButton.setText(_("Run all"))
        self.ui.previewButton.setEnabled(True)
        self.ui.cohortBar.setValue(0)
        self.ui.cohortBar.setFormat("")
        self.ui.pageButton.setEnabled(self.page is not None)

    @staticmethod
    def _take(line, path: str) -> None:
        if path:
            line.setText(path)
