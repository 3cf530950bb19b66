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


def grown(days, volumes, unit="mL", **parameters):
    table = st.Table({"days": days, "volume": volumes}, {"volume": unit}, "lesion")
    result = st.run("follow_up.growth", measurements=table, **parameters)
    return {name: cells[0] for name, cells in result.growth.columns.items()}, result.findings


@pytest.mark.parametrize("unit", ["mL", "ml", "ML", "cm3", "cm³", "cm^3", "cc", "mm3", "mm³", "uL", "L", "dL"])
def test_volumes_are_in_the_unit_of_the_heading(unit):
    per_ml = {"mm3": 1000, "mm³": 1000, "uL": 1000, "L": 1e-3, "dL": 1e-2}.get(unit, 1)
    row, _ = grown([0, 100], [2.0 * per_ml, 4.0 * per_ml], unit)
    assert (row["first volume"], row["last volume"]) == pytest.approx((2, 4))


@pytest.mark.parametrize("unit, per_mm", [("mm", 1), ("cm", 0.1)])
def test_diameters_are_those_of_spheres_and_that_is_told(unit, per_mm):
    table = st.Table({"days": [0, 100], "diameter": [10 * per_mm, 20 * per_mm]}, {"diameter": unit})
    result = st.run("follow_up.growth", measurements=table)
    assert result.growth.columns["last diameter"][0] == pytest.approx(20)
    assert result.growth.columns["first volume"][0] == pytest.approx(np.pi / 6)
    assert result.growth.columns["doubling time"][0] == pytest.approx(100 / 3)
    assert "N-GROWTH-SPHERE" in [f.code for f in result.findings]


def test_dates_and_months_give_the_same_as_days():
    volume = {"volume": [200.0, 400.0]}
    tables = (
        st.Table({"date": ["2023-01-01", "2024-01-01"], **volume}, {"volume": "mm3"}),
        st.Table({"days": [0, 365], **volume}, {"volume": "mm3"}),
        st.Table({"days": [0, 365 / 30.4375], **volume}, {"volume": "mm3", "days": "months"}),
        st.Table({"months": [0, 365 / 30.4375], **volume}, {"volume": "mm3"}),
    )
    for table in tables:
        assert st.run("follow_up.growth", measurements=table).growth.columns["doubling time"][0] == pytest.approx(365)


@pytest.mark.parametrize(
    "volumes, course, growth, doubling",
    [
        ([2.0, 1.0, 0.0], "gone", -100.0, np.nan),
        ([2.0, 0.0, 0.0], "gone", -100.0, np.nan),
        ([0.0, 1.0, 0.0], "gone", np.nan, np.nan),
        ([0.0, 0.0, 1.0], "new", np.nan, np.nan),
        ([0.0, 1.0, 2.0], "new", np.nan, 50.0),
        ([2.0, 0.0, 1.0], "returned", -50.0, np.nan),
        ([2.0, 2.0, 2.0], "within error", 0.0, np.inf),
        ([0.1, 0.1, 0.1], "within error", 0.0, np.inf),
    ],
)
def test_lesion_that_goes_comes_or_stays_has_a_course_and_no_number_that_is_none(volumes, course, growth, doubling):
    row, findings = grown([0, 50, 100], volumes)
    assert row["course"] == course
    assert row["growth"] == pytest.approx(growth, nan_ok=True)
    assert row["doubling time"] == pytest.approx(doubling, nan_ok=True)
    assert ("N-GROWTH-COURSE" in [f.code for f in findings]) == (course in ("gone", "new", "returned"))


@pytest.mark.parametrize("error", [0.0, 9.0])
@pytest.mark.parametrize("volume", [200.0, 0.3, 1e-7, 12345.678])
@pytest.mark.parametrize("days", [[0, 365], [3, 91, 180], [0.1, 0.2, 0.7, 33.3]])
def test_unchanged_volume_never_has_a_finite_doubling_time(days, volume, error):
    row, _ = grown(days, [volume] * len(days), "mm3", measurement_error=error)
    assert row["doubling time"] == np.inf and row["upper"] == np.inf and row["course"] == "within error"


def test_several_volumes_of_one_day_are_told_and_their_mean_is_shown():
    row, findings = grown([100, 0, 100, 0], [4.0, 1.0, 2.0, 3.0])
    assert (row["visits"], row["first volume"], row["last volume"]) == (2, 2.0, 3.0)
    assert "W-GROWTH-REPEATED" in [f.code for f in findings]


def test_empty_cells_are_no_visits():
    row, _ = grown(["0", "50", "100", ""], ["1.0", "n/a", "2.0", "5"])
    assert row["visits"] == 2 and row["doubling time"] == pytest.approx(100)


def test_lesion_never_seen_is_left_out_and_told():
    table = measured(volume=[*MEASURED["volume"][:5], 0.0, 0.0, 0.0])
    result = st.run("follow_up.growth", measurements=table)
    (finding,) = [f for f in result.findings if f.code == "W-GROWTH"]
    assert "b 1" in finding.message and result.growth.columns["lesion"] == ["a 1", "a 2"]


def test_headings_in_capitals_are_the_usual_ones():
    table = st.Table(
        {"Participant_ID": ["a", "b"] * 2, "Date": ["2024-01-01"] * 2 + ["2025-01-01"] * 2, "Volume": [1.0, 2, 2, 2]},
        {"Volume": "CC"},
    )
    columns = st.run("follow_up.growth", measurements=table).growth.columns
    assert columns["lesion"] == ["a", "b"] and columns["doubling time"] == [pytest.approx(366), np.inf]


def test_command_line_reads_a_table_and_writes_one(tmp_path):
    st.write_table(tmp_path / "lesions.csv", measured())
    arguments = ["run", "follow_up.growth", "--measurements", tmp_path / "lesions.csv", "--out", tmp_path / "out"]
    assert main([str(a) for a in arguments]) == 0
    (written,) = (tmp_path / "out").rglob("*growth*.csv")
    assert st.read_table(written).columns["doubling time"][0] == pytest.approx(150.0)


@pytest.mark.parametrize(
    "table, code",
    [
        (measured("kg"), "E-INPUT-UNIT"),
        (st.Table({"days": [0, 1], "size": [1, 2]}), "E-TABLE"),
        (measured(volume=["big"] * 8), "E-TABLE"),
        (measured(volume=[0.0] * 8), "E-GROWTH"),
        (measured(volume=[-1.0, *MEASURED["volume"][1:]]), "E-GROWTH"),
        (measured(volume=[np.inf, *MEASURED["volume"][1:]]), "E-GROWTH"),
        (measured(days=[0] * 8), "E-GROWTH"),
    ],
)
def test_tables_that_cannot_be_used_are_refused(table, code):
    with pytest.raises(st.InputError) as caught:
        st.run("follow_up.growth", measurements=table)
    assert caught.value.code == code
