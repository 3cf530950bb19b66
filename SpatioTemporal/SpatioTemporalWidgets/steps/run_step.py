"""Step 4: run in the worker process, see how far it is, stop it."""

from __future__ import annotations

from slicer.i18n import tr as _

from ..narrow import breakable, in_lines
from ..package_install import button_text, install, listed
from ..theme import text_style
from .step import Step

STEPS_OF_BAR = 1000
DEVICES = {"auto": _("Automatic"), "cpu": _("CPU"), "cuda": _("GPU (CUDA)")}


class RunStep(Step):
    """Starts, shows and cancels a run; one at a time."""

    file = "RunStep.ui"

    def set_up(self) -> None:
        self.job = None
        self.told_faults = False
        self.packages: tuple[str, ...] = ()
        for device, text in DEVICES.items():
            self.ui.deviceBox.addItem(text, device)
        self.ui.deviceBox.connect("currentIndexChanged(int)", self.panel.guarded(self._device_chosen))
        guarded = self.panel.guarded
        self.ui.startButton.connect("clicked()", guarded(self.start))
        self.ui.cancelButton.connect("clicked()", guarded(self.cancel))
        self.ui.installButton.connect("clicked()", guarded(self.install))

    @property
    def device(self) -> str:
        """Where to compute, as `Context` names it."""
        return str(self.ui.deviceBox.itemData(self.ui.deviceBox.currentIndex) or "auto")

    def check(self) -> None:
        """Let the button be pressed when everything is there; else its tooltip says what is missing."""
        faults = self.panel.analyse.faults()
        busy = self.job is not None
        self.ui.startButton.setEnabled(not faults and not busy)
        ready = _("Run {title}.").format(title=getattr(self.panel.analyse.analysis, "title", ""))
        self.ui.startButton.setToolTip("\n".join(faults) if faults else ready)
        self.ui.cancelButton.setEnabled(busy)

        if self.told_faults and not faults:
            self.panel.say("")

    def start(self) -> None:
        """Run what step 3 shows."""
        analyse = self.panel.analyse
        if analyse.faults():
            self.panel.say(" ".join(analyse.faults()), wrong=True)
            self.told_faults = True
        else:
            self.launch(analyse.analysis.id, analyse.nodes(), analyse.values())

    def launch(self, id: str, nodes: dict, parameters: dict, replace=None) -> None:
        """Hand a run to the worker, unless one is under way."""
        if self.job is not None:
            return
        self.ui.startButton.setEnabled(False)
        self.ui.installButton.setVisible(False)
        try:
            self.job = self.panel.logic.runs.start(id, nodes, parameters, replace=replace, device=self.device)
            self.say(_("{title} is running.").format(title=self.job.analysis.title))
            self.panel.run_started()
        finally:
            self.check()

    def cancel(self) -> None:
        if self.job is not None:
            self.ui.cancelButton.setEnabled(False)
            self.say(_("Stopping..."))
            self.panel.logic.runs.cancel(self.job)

    def hear(self, job, event) -> None:
        """Show what was said of a run."""
        if event.kind in ("log", "warning"):
            self.log(event.text)
        if job is not self.job:
            return
        self.ui.progressBar.setValue(int(STEPS_OF_BAR * job.fraction))
        self.ui.progressBar.setFormat(_progress_text(job))
        if job.state != "running":
            self._end(job)

    def say(self, text: str, *, wrong: bool = False) -> None:
        """Show a sentence below the buttons, and keep it in the log."""
        self.told_faults, self.panel.complaint = False, None
        self.ui.messageLabel.setText(breakable(text))
        self.ui.messageLabel.setStyleSheet(text_style("wrong", self.widget) if wrong else "")
        self.log(text)

    def log(self, text: str) -> None:
        if text:
            self.ui.logEdit.appendPlainText(text)

    def install(self) -> None:
        """Install the packages the last run missed, after asking."""
        if not install(self.packages):
            return
        self.ui.installButton.setVisible(False)
        self.panel.logic.runs.worker.kill()
        self.say(_("Installed: {names}. Run again.").format(names=listed(self.packages)))

    def restore(self) -> None:
        box = self.ui.deviceBox
        box.blockSignals(True)
        box.setCurrentIndex(max(box.findData(self.panel.parameters.device), 0))
        box.blockSignals(False)

    def _device_chosen(self) -> None:
        self.panel.parameters.device = self.device

    def scene_closed(self) -> None:
        self.job = None
        self._empty_bar()
        self.check()

    def _end(self, job) -> None:
        self.job, self.packages = None, job.packages
        self._empty_bar()
        self.say(job.text, wrong=job.state == "failed")
        self.show_install()
        self.check()

    def show_install(self) -> None:
        """Offer to install what the last run missed, if anything."""
        if self.packages:
            self.ui.installButton.setText(in_lines(button_text(self.packages)))
        self.ui.installButton.setVisible(bool(self.packages))

    def _empty_bar(self) -> None:
        self.ui.progressBar.setValue(0)
        self.ui.progressBar.setFormat("")


def _progress_text(job) -> str:
    percent = f"{100 * job.fraction:.0f} %"
    left = job.seconds_left
    if left is None:
        return f"{job.text} {percent}"
    return _("{what} {percent}, {left:.0f} s left").format(what=job.text, percent=percent, left=left)
