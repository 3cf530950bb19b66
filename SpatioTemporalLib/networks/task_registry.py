"""Tasks by name. Imports no torch."""

from __future__ import annotations

import functools

from ..errors import ParameterError
from ..system.declarations import declarations
from .task import Task

BEFORE_TASKS = "classification"
"""What a bundle was trained for that does not say it: there was one task only."""


@functools.cache
def known_tasks() -> dict[str, Task]:
    """All tasks by name, sorted; each lies in a module of `tasks`.

    Raises
    ------
    TypeError
        If two claim the same name.
    """
    return declarations(Task, f"{__package__}.tasks", what="task").declared


def task_named(name: str) -> Task:
    """The task of that name.

    Raises
    ------
    ParameterError
        ``E-TASK``: there is none.
    """
    if name not in known_tasks():
        raise ParameterError("E-TASK", f"there is no task {name!r}", fix=f"Choose one of {', '.join(known_tasks())}.")
    return known_tasks()[name]


def served_task(network, wanted: str = "") -> Task:
    """The task that a declared network is trained for: its first, or the wanted one of those it serves.

    Raises
    ------
    ParameterError
        ``E-TASK`` when it does not serve the wanted one.
    """
    if wanted and wanted not in network.tasks:
        raise ParameterError(
            "E-TASK",
            f"{network.name} does not serve the task {wanted!r}",
            fix=f"Choose one of {', '.join(network.tasks)}, or another network ('spatiotemporal networks').",
        )
    return task_named(wanted or network.tasks[0])
