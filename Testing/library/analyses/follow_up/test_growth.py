"""Growth of lesions from a table of measurements."""

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.cli import main

DAYS = [0, 100, 250, 0, 90, 0, 120, 10]
MEASURED = {
    "participant_id": ["a", "a", "a", "a", "a", "b", "b", "c"],
    "lesion": [1.0, 1.0, 1.0, 2.0, 2.0, 1.0, 1.0, 1.0],
    "days": DAYS,
    "volume": [*(500 * 2 ** (np.array(DAYS[:3]) / 150.0)), 400.0, 410.0, 900.0, 450.0, 70.0],
}


def measured(unit="mm3", **change):
    return st.Table({**MEASURED, **change}, {"volume": unit}, "lesions")


def test_each_lesion_has_its_doubling_time_and_course():
    result = st.run("follow_up.growth", measurements=measured())
    columns = result.growth.columns
    assert columns["lesion"] == ["a 1", "a 2", "b 1"]
    assert columns["doubling time"][0] == pytest.approx(150.0)
    assert columns["doubling time"][2] == pytest.approx(-120.0)
    assert columns["lower"][0] < 150 < columns["upper"][0]
    assert columns["course"] == ["grows", "within error", "shrinks"]
    assert columns["upper"][1] == np.inf
    assert columns["growth"] == pytest.approx([100 * (2 ** (250 / 150) - 1), 2.5, -50.0])
    assert columns["first volume"] == pytest.approx([0.5, 0.4, 0.9])
    assert columns["first diameter"][0] == pytest.approx((6 * 500 / np.pi) ** (1 / 3))
    assert (columns["visits"], columns["interval"]) == ([3, 2, 2], [250, 90, 120])
    assert result.growth.units["doubling time"] == "d"


def test_lesion_seen_once_is_left_out_and_told():
    result = st.run("follow_up.growth", measurements=measured())
    (finding,) = [f for f in result.findings if f.code == "W-GROWTH"]
    assert "c 1" in finding.message and "a 1" not in finding.message


def test_growth_is_certain_beyond_what_the_help_says():
    def course(last):
        table = st.Table({"days": [0, 90], "volume": [1.0, last]}, {"volume": "mL"})
        return st.run("follow_up.growth", measurements=table).growth.columns["course"][0]

    # The limits are exp(±1.96 √2 0.09), 1.283 and 0.779.
    assert (course(1.27), course(1.29), course(0.79), course(0.77)) == (
        "within error",
        "grows",
        "within error",
        "shrinks",
    )


def test_order_of_rows_and_unit_do_not_matter():
    turned = {name: values[::-1] for name, values in MEASURED.items()}
    turned["volume"] = [v / 1000 for v in turned["volume"]]
    there, back = (
        st.run("follow_up.growth", measurements=t).growth.columns for t in (measured(), measured("mL", **turned))
    )
    assert sorted(there["lesion"]) == sorted(back["lesion"])
    assert sorted(there["doubling time"]) == pytest.approx(sorted(back["doubling time"]))


def test_command_line_reads_a_table_and_writes_one(tmp_path):
    st.write_table(tmp_path / "lesions.csv", measured())
    arguments = ["run", "follow_up.growth", "--measurements", tmp_path / "lesions.csv", "--out", tmp_path / "out"]
    assert main([str(a) for a in arguments]) == 0
    (written,) = (tmp_path / "out").rglob("*growth*.csv")
    assert st.read_table(written).columns["doubling time"][0] == pytest.approx(150.0)


@pytest.mark.parametrize(
    "table, code",
    [
        (measured("L"), "E-INPUT-UNIT"),
        (st.Table({"days": [0, 1], "size": [1, 2]}), "E-TABLE"),
        (measured(volume=["big"] * 8), "E-TABLE"),
        (measured(volume=[0.0] * 8), "E-GROWTH"),
    ],
)
def test_tables_that_cannot_be_used_are_refused(table, code):
    with pytest.raises(st.InputError) as caught:
        st.run("follow_up.growth", measurements=table)
    assert caught.value.code == code
