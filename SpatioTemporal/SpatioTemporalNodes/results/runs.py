"""Runs in the worker process: nodes go in, result nodes come out, the caller never waits."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np

import SpatioTemporalLib as st
from SpatioTemporalLib.declare import Analysis
from SpatioTemporalLib.errors import InputError, SpatioTemporalError
from SpatioTemporalLib.inputs.checks import check_inputs, on_common_grid
from SpatioTemporalLib.system.packages import packages_with
from SpatioTemporalLib.workers.worker_client import FINAL, Event, Worker

from ..series.series_view import series_of
from .input_nodes import value_from_node
from .result_nodes import ResultNodes, adding_result
from .run_nodes import remember_inputs


@dataclass
class Job:
    """A run under way.

    nodes : input name to node id; ids, because a node may go before the run ends.
    packages : what has to be installed for it. result : its nodes, when it has ended well.
    analysis : None for a check of the installation.
    about : the part of the images it is about; None for a run on all of them, whose result goes into the scene.
    outcome : result of a run on a part, when it has ended well.
    """

    number: str
    analysis: Analysis | None
    nodes: dict[str, str]
    parameters: dict[str, object]
    replace: ResultNodes | None = None
    started: float = field(default_factory=time.monotonic)
    fraction: float = 0.0
    state: str = "running"
    text: str = ""
    packages: tuple[str, ...] = ()
    result: ResultNodes | None = None
    about: object = None
    outcome: st.Result | None = None

    @property
    def seconds_left(self) -> float | None:
        """By the part that is done; None until that says anything."""
        passed = time.monotonic() - self.started
        return passed * (1 - self.fraction) / self.fraction if self.fraction > 0.02 and passed > 0.5 else None


class Runs:
    """Starts runs, hears of them and puts their results into the scene.

    Parameters
    ----------
    scene : vtkMRMLScene
    worker : Worker
    """

    def __init__(self, scene, worker: Worker):
        self.scene, self.worker = scene, worker
        self.jobs: dict[str, Job] = {}
        self._showing: dict[str, tuple] = {}

    def start(
        self, id: str, nodes: dict, parameters: dict, *, replace: ResultNodes | None = None, device: str = "auto"
    ) -> Job:
        """Hand a run to the worker.

        Parameters
        ----------
        id : str
        nodes : dict
            Input name to a node, or to a value of the library.
        parameters : dict
        replace : ResultNodes, optional
            Of the run whose nodes are filled anew.
        device : str
            See `SpatioTemporalLib.context.Context`.

        Raises
        ------
        InputError
            When an input or a parameter does not fit, before anything is computed.
        """
        analysis = st.get(id)
        inputs = values_of(analysis, nodes)
        check_presence(analysis, inputs)
        analysis.checked_parameters(parameters)
        identifiers = {name: node.GetID() for name, node in nodes.items() if hasattr(node, "GetID")}
        number = self.worker.submit(analysis.id, inputs, parameters, device=device)
        self.jobs[number] = Job(number, analysis, identifiers, dict(parameters), replace)
        return self.jobs[number]

    def start_aside(self, id: str, inputs: dict[str, object], parameters: dict, about: object) -> Job:
        """Run an analysis on a part of the images; its result comes with the job, nothing goes into the scene.

        Parameters
        ----------
        inputs : dict of input name to value of the library
        about
            Which part; kept with the job.

        Raises
        ------
        InputError
            As `start`.
        """
        analysis = st.get(id)
        check_presence(analysis, inputs)
        analysis.checked_parameters(parameters)
        number = self.worker.submit(analysis.id, inputs, parameters)
        self.jobs[number] = Job(number, analysis, {}, dict(parameters), about=about)
        return self.jobs[number]

    def start_check(self, domain: str, about: object) -> Job:
        """Compare this installation with published references; the table comes with the job."""
        number = self.worker.submit_check(domain)
        self.jobs[number] = Job(number, None, {}, {}, about=about)
        return self.jobs[number]

    def poll(self) -> list[tuple[Job, Event]]:
        """What was said of the runs since the last call; results are in the scene by then."""
        heard = []
        for event in self.worker.poll():
            job = self.jobs.get(event.job)
            if job is not None:
                self._hear(job, event)
                heard.append((job, event))
        heard += self._go_on_showing()
        return heard

    @property
    def busy(self) -> bool:
        """Whether `poll` has to be called: a stopped run may have to be ended though nobody waits for it."""
        return bool(self.jobs or self.worker.jobs)

    def cancel(self, job: Job) -> None:
        self.worker.cancel(job.number)

    def forget_all(self) -> None:
        """Stop all runs and drop what they give; for a scene that is closed."""
        for job in self.jobs.values():
            self.worker.cancel(job.number)
        self.jobs.clear()
        self._showing.clear()

    def _hear(self, job: Job, event: Event) -> None:
        if event.kind == "progress":
            job.fraction, job.text = event.fraction, event.text
        elif event.kind == "result":
            self._start_showing(job, event)
        elif event.kind in FINAL:
            job.text = event.text
            job.packages = packages_with(event.package, event.extra) if event.package else ()
            self._end(job, "failed" if event.kind == "error" else event.kind)

    def _start_showing(self, job: Job, event: Event) -> None:
        if job.about is not None:
            job.outcome = event.result
            self._end(job, "done")
            return
        nodes = {name: self.scene.GetNodeByID(identifier) for name, identifier in job.nodes.items()}
        gone = [name for name, node in nodes.items() if node is None]
        if gone:
            job.text = (
                f"{job.analysis.title} is done, but {', '.join(gone)} was removed from the scene meanwhile; "
                "the result was dropped. Load it again and run again."
            )
            self._end(job, "failed")
            return
        job.text = f"{job.analysis.title}: done in {event.result.provenance.seconds:.1f} s"
        series = next((nodes[i.name] for i in job.analysis.inputs if i.name in nodes), None)
        steps = adding_result(self.scene, event.result, series=series, replace=job.replace)
        self._showing[job.number] = (steps, nodes, event)

    def _go_on_showing(self) -> list[tuple[Job, Event]]:
        """Add one more output of each result that has come; many at once would hold up the caller."""
        ended = []
        for number, (steps, nodes, event) in list(self._showing.items()):
            job = self.jobs[number]
            try:
                next(steps)
                continue
            except StopIteration as done:
                job.result = done.value
                remember_inputs(job.result, nodes)
                self._end(job, "done")
            except Exception as error:  # noqa: BLE001 - the run is over for the panel whatever the scene says
                job.text = in_words(error)
                self._end(job, "failed")
            del self._showing[number]
            ended.append((job, event))
        return ended

    def _end(self, job: Job, state: str) -> None:
        del self.jobs[job.number]
        job.state = state


def values_of(analysis: Analysis, nodes: dict) -> dict[str, object]:
    """The library's values of input nodes; label maps on the grid of the other images unless on their own."""
    values: dict[str, object] = {}
    empty: dict[str, InputError] = {}
    for declared in sorted(analysis.inputs, key=lambda i: i.kind is st.LabelMap):
        node = nodes.get(declared.name)
        if node is None or not hasattr(node, "IsA"):
            values[declared.name] = node
        elif declared.kind is st.Series:
            values[declared.name] = series_of(node)
        else:
            grid = next((v.geometry for v in on_common_grid(analysis, values).values()), None)
            try:
                values[declared.name] = value_from_node(declared.kind, node, None if declared.own_grid else grid)
            except InputError as error:
                if error.code != "E-MASK-EMPTY" or not declared.may_be_empty:
                    raise
                empty[declared.name] = error
    for name, error in empty.items():
        values[name] = _nothing_drawn(analysis, values, nodes[name], error)
    return values


def _nothing_drawn(analysis: Analysis, values: dict[str, object], node, error: InputError) -> st.LabelMap:
    """A segmentation in which nothing was found, on the grid of the other inputs; the error where there is none."""
    grid = next((v.geometry for v in on_common_grid(analysis, values).values()), None)
    if grid is None:
        raise error
    return st.LabelMap(np.zeros(grid.shape, np.uint8), grid, {}, node.GetName())


def check_presence(analysis: Analysis, inputs: dict[str, object]) -> None:
    """Refuse at once what the worker would refuse; reading all voxels is left to it."""
    missing = [i for i in analysis.inputs if not i.optional and inputs.get(i.name) is None]
    if missing:
        check_inputs(analysis, {missing[0].name: None})


def in_words(error: Exception) -> str:
    """An error as a sentence for the user."""
    if isinstance(error, (InputError, SpatioTemporalError)):
        return str(error)
    return f"{type(error).__name__}: {error}. This is a fault of the software; please report it."
