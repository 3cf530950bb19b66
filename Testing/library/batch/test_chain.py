"""What was run one after another becomes a pipeline whose columns are the data that came from no run."""

import pytest
from library.batch.toy import write_cases

from SpatioTemporalLib.batch import plan_batch, run_batch
from SpatioTemporalLib.batch.table.chain import Ran, columns_of, pipeline_of
from SpatioTemporalLib.batch.table.pipeline import read_pipeline, write_pipeline


def ran(run, toy, *, factor=1.0, numbers):
    return Ran(run, toy, {"factor": factor, "harm": "none", "diary": None}, {"numbers": numbers})


def test_a_chain_is_computed_as_it_was_for_each_case(toy, tmp_path):
    runs = [ran("r1", toy, factor=2.0, numbers=("", "node")), ran("r2", toy, numbers=("r1", "statistics"))]
    pipeline = pipeline_of(runs)
    first, second = pipeline.steps
    assert (first.name, first.inputs, first.parameters) == ("sum", {}, {"factor": 2.0})
    assert (second.name, second.inputs, second.parameters) == ("sum_2", {"numbers": "sum:statistics"}, {})
    assert columns_of(pipeline) == (["numbers"], [])
    assert read_pipeline(write_pipeline(tmp_path / "p.json", pipeline)) == pipeline
    run_batch(plan_batch(tmp_path / "p.json", write_cases(tmp_path, 1), tmp_path / "out"))
    # 0 + 0 + 1, doubled, and the sum of that.
    assert (tmp_path / "out/tables/sum_2.statistics.csv").read_text().endswith("c000,sum,1,2.0\n")


def test_other_data_get_columns_of_their_own(toy):
    runs = [ran("r1", toy, numbers=("", "a")), ran("r2", toy, numbers=("", "b")), ran("r3", toy, numbers=("", "a"))]
    pipeline = pipeline_of(runs)
    assert [dict(step.inputs) for step in pipeline.steps] == [{}, {"numbers": "numbers_2"}, {}]
    assert columns_of(pipeline) == (["numbers", "numbers_2"], [])


def test_no_step_is_called_as_a_column():
    runs = [Ran("r1", "preprocessing.motion", {}, {"series": ("", "a")})]
    runs.append(Ran("r2", "preprocessing.denoise", {}, {"series": ("r1", "realigned"), "motion": ("", "b")}))
    pipeline = pipeline_of(runs)
    assert pipeline.steps[0].name == "motion_2" and "motion" not in pipeline.steps[1].inputs
    assert columns_of(pipeline)[0] == ["series"] and "motion" in columns_of(pipeline)[1]


@pytest.mark.parametrize("parameters", [{"of_an_older_version": 3}, {"smoothing": None}])
def test_parameters_that_are_not_there_any_more_or_empty_are_left_out(parameters):
    (step,) = pipeline_of([Ran("r", "preprocessing.smooth", parameters, {"series": ("", "a")})]).steps
    assert step.parameters == {}
