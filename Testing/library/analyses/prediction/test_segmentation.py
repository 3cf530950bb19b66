"""Assessment of segmentations against formulas by hand and scipy."""

import numpy as np
import pytest
from scipy import stats

import SpatioTemporalLib as st
from SpatioTemporalLib.errors import InputError
from SpatioTemporalLib.numerics.statistics.proportion import wilson_interval

FIRST, SECOND = [0.8, 0.9, 0.7, 0.6], [0.7, 0.8, 0.75, 0.4]
TABLE = {
    "Dice a": FIRST,
    "Dice b": SECOND,
    "look-alikes": [1, 2, 0, 1],
    "look-alikes found a": [1, 0, 0, 0],
    "sex": ["F", "M", "F", "M"],
}


def measures(**parameters):
    result = st.run("prediction.segmentation", table=st.Table(TABLE), **parameters)
    columns = result.measures.columns
    rows = {(m, n): k for k, (m, n) in enumerate(zip(columns["model"], columns["measure"]))}
    return result, lambda model, name: [columns[c][rows[model, name]] for c in ("value", "lower", "upper", "of")]


def test_mean_dice_has_students_interval():
    _, row = measures(confidence=90.0)
    value, low, high, count = row("Dice a", "mean Dice")
    expected = stats.t.interval(0.9, 3, np.mean(FIRST), stats.sem(FIRST))
    assert (value, low, high, count) == (pytest.approx(0.75), *map(pytest.approx, expected), 4)
    assert row("Dice b", "median Dice")[0] == pytest.approx(0.725)


def test_look_alikes_are_counted_over_all_patients_where_they_were_told():
    result, row = measures()
    value, low, high, count = row("Dice a", "look-alikes found")
    assert (value, count) == (0.25, 4) and (low, high) == pytest.approx(wilson_interval(1, 4))
    assert ("Dice b", "look-alikes found") not in zip(*map(result.measures.columns.get, ("model", "measure")))


def test_models_are_compared_on_the_same_patients():
    comparison = measures()[0].comparison.columns
    assert comparison["difference of Dice"][0] == pytest.approx(np.mean(FIRST) - np.mean(SECOND))
    assert comparison["p"][0] == pytest.approx(stats.ttest_rel(FIRST, SECOND).pvalue)


def test_subgroups_are_measured_apart():
    groups = measures(subgroups=("sex",))[0].subgroups.columns
    found = {
        (i, m): v
        for i, m, n, v in zip(groups["is"], groups["model"], groups["measure"], groups["value"])
        if n == "mean Dice"
    }
    assert found["F", "Dice a"] == pytest.approx(0.75) and found["M", "Dice b"] == pytest.approx(0.6)


@pytest.mark.parametrize("columns", [{"overlap": [0.1, 0.2]}, {"Dice": [0.1, 1.2]}, {"Dice": [0.4]}])
def test_tables_without_overlaps_are_refused(columns):
    with pytest.raises(InputError, match="E-TABLE"):
        st.run("prediction.segmentation", table=st.Table(columns))
