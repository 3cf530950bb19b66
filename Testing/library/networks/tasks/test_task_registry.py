"""Tasks are found by name; networks say which they serve, bundles for which they were trained."""

import ast
import json
from pathlib import Path

import pytest
from library.small.bundles import small_bundle, small_facts

import SpatioTemporalLib as st
from SpatioTemporalLib.errors import InputError, ParameterError
from SpatioTemporalLib.networks.bundle.facts import facts_as_json, facts_from_json
from SpatioTemporalLib.networks.bundle.reading import read_bundle
from SpatioTemporalLib.networks.bundle.shipped import bundle_path
from SpatioTemporalLib.networks.registry import network_named, networks
from SpatioTemporalLib.networks.task_registry import known_tasks, served_task, task_named

LIBRARY = Path(st.__file__).parent


def test_every_task_says_what_it_must():
    for name, task in known_tasks().items():
        assert name == task.name and task.help and task.truths and task.answers and task.monitors
        assert task.analysis in st.analyses()
        shown = task.settings()
        # What is shown whole, as a graph, has no size of its own.
        assert shown.unit and (len(shown.shape) == 3 and shown.spacings or task.inference == "whole")
        assert {direction for _, direction in task.monitors.values()} <= {1, -1}
        assert all(column.startswith("validation ") for column, _ in task.monitors.values())


def test_every_network_serves_tasks_that_exist():
    for declared in networks().values():
        assert declared.tasks and set(declared.tasks) <= set(known_tasks())


def test_a_network_is_trained_only_for_what_it_serves():
    assert served_task(network_named("csfnet")).name == "classification"
    with pytest.raises(ParameterError, match=r"csfnet does not serve the task 'sorting'.*classification.*E-TASK"):
        served_task(network_named("csfnet"), "sorting")
    with pytest.raises(ParameterError, match="no task 'sorting'"):
        task_named("sorting")


@pytest.mark.parametrize("folder", ["networks/training", "networks/bundle", "command_line"])
def test_what_serves_every_task_imports_none(folder):
    for path in sorted((LIBRARY / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and "tasks" in (node.module or "").split("."):
                raise AssertionError(f"{path.name} imports {node.module}")


def test_a_bundle_that_names_no_task_is_one_of_classification():
    metadata = json.loads((bundle_path("demo") / "configs" / "metadata.json").read_text(encoding="utf-8"))
    assert "task" not in metadata["spatiotemporal"]
    assert read_bundle(bundle_path("demo"), "classification").facts.task == "classification"


def test_the_task_is_written_and_read_again():
    described = facts_as_json(small_facts())
    assert described["task"] == "classification"
    assert facts_from_json(described, "b") == small_facts()


@pytest.mark.parametrize("task, words", [("sorting", "sorting.*classification"), (7, "task is"), ("a\nb", "no name")])
def test_a_bundle_of_an_unknown_task_is_refused(task, words):
    with pytest.raises(InputError, match=rf"(?s){words}.*E-BUNDLE"):
        facts_from_json({**facts_as_json(small_facts()), "task": task}, "b")


def test_a_bundle_of_another_task_than_is_asked_for_is_refused(tmp_path):
    path = small_bundle(tmp_path / "b")
    with pytest.raises(InputError, match=r"trained for classification, sorting is asked for.*E-BUNDLE-TASK"):
        read_bundle(path, "sorting")
