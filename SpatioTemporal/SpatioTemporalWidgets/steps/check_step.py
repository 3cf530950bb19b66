"""Compares this installation with published reference values, in the worker process."""

from __future__ import annotations

from dataclasses import dataclass

import qt
from slicer.i18n import tr as _

from SpatioTemporalLib.validation.checks import FAILED, RESULT

from ..tables.table_view import fill, prepare
from ..theme import ink, text_style
from .step import Step

DOMAIN = "kinetics"


@dataclass(frozen=True)
class Check:
    """What a check is about."""

    domain: str


class CheckStep(Step):
    """A button that starts the check and a table of estimates beside their references."""

    file = "CheckStep.ui"

    def set_up(self) -> None:
        self.job = None
        prepare(self.ui.checkTable)
        self.ui.checkTable.hide()
        self.ui.startCheckButton.connect("clicked()", self.panel.guarded(self.start))

    def start(self) -> None:
        """Start the check, or stop the one that runs."""
        if self.job is not None:
            self.panel.logic.runs.cancel(self.job)
            return
        self.job = self.panel.logic.runs.start_check(DOMAIN, Check(DOMAIN))
        self.ui.startCheckButton.setText(_("Stop"))
        self._say(_("Checking..."))
        self.panel.run_started()

    def hear(self, job) -> bool:
        """Show how far the check is and what it found; whether the job was a check."""
        if not isinstance(job.about, Check):
            return False
        if job is self.job:
            self._say(f"{job.text} {100 * job.fraction:.0f} %")
            if job.state != "running":
                self._end(job)
        return True

    def scene_closed(self) -> None:
        self._rest()

    def _end(self, job) -> None:
        self._rest()
        if job.outcome is None:
            self._say(job.text, wrong=job.state == "failed")
            return
        table = job.outcome["comparisons"]
        fill(self.ui.checkTable, table)
        self.ui.checkTable.show()
        failed = [row for row, result in enumerate(table.columns[RESULT]) if result == FAILED]
        wrong = qt.QBrush(qt.QColor(ink("wrong row", self.widget.palette)))
        for row in failed:
            for column in range(len(table.columns)):
                self.ui.checkTable.item(row, column).setBackground(wrong)
        text = _("{fine} of {all} within their tolerance, {seconds:.0f} s.")
        seconds = job.outcome.provenance.seconds
        self._say(
            text.format(fine=table.row_count - len(failed), all=table.row_count, seconds=seconds), wrong=bool(failed)
        )

    def _rest(self) -> None:
        self.job = None
        self.ui.startCheckButton.setText(_("Check the numbers"))

    def _say(self, text: str, *, wrong: bool = False) -> None:
        self.ui.checkLabel.setText(text)
        self.ui.checkLabel.setStyleSheet(text_style("wrong", self.widget) if wrong else "")
