import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib import cli


def lesions():
    rng = np.random.default_rng(1)
    malignant = np.repeat([True, False], [40, 60])
    slope = rng.normal(size=100) + 1.5 * malignant
    return st.Table(
        {
            "case": [f"lesion {n}" for n in range(100)],
            "label": ["malignant" if m else "benign" for m in malignant],
            "30 s": (slope + 2 * rng.normal(size=100)).tolist(),
            "60 s": (slope + 0.5 * rng.normal(size=100)).tolist(),
            "120 s": slope.tolist(),
        },
        name="lesions",
    )


def test_each_duration_has_its_area_and_is_compared_with_the_last():
    result = st.run("prediction.roc", table=lesions(), positive="malignant")
    areas = result.areas.columns
    assert areas["measurement"] == ["30 s", "60 s", "120 s"]
    assert areas["positive"] == [40] * 3 and areas["negative"] == [60] * 3
    assert areas["AUC"][0] < areas["AUC"][1]
    assert areas["compared with"] == ["120 s", "120 s", ""]
    assert areas["p"][0] < 0.01
    assert all(low < auc < high for low, auc, high in zip(areas["lower"], areas["AUC"], areas["upper"]))


def test_points_start_and_end_in_the_corners():
    points = st.run("prediction.roc", table=lesions(), positive="malignant", columns="60 s").points.columns
    assert (points["false positive rate"][0], points["sensitivity"][0]) == (0, 0)
    assert (points["false positive rate"][-1], points["sensitivity"][-1]) == (1, 1)


def test_low_values_can_speak_for_a_positive_case():
    high = st.run("prediction.roc", table=lesions(), positive="malignant").areas.columns["AUC"]
    low = st.run("prediction.roc", table=lesions(), positive="malignant", higher_is_positive=False)
    np.testing.assert_allclose(low.areas.columns["AUC"], 1 - np.array(high))
    thresholds = low.points.columns["threshold"]
    assert thresholds[0] == -np.inf and thresholds[1] < thresholds[2]


def test_missing_values_are_left_out_of_their_column_only():
    table = lesions()
    table.columns["30 s"][0] = float("nan")
    result = st.run("prediction.roc", table=table, positive="malignant")
    assert result.areas.columns["positive"] == [39, 40, 40]
    assert "1 of 30 s" in str(result.findings[0])


def test_command_line_reads_a_table_and_writes_the_areas(tmp_path, capsys):
    st.write_table(tmp_path / "lesions.csv", lesions())
    arguments = ["run", "prediction.roc", "--table", tmp_path / "lesions.csv", "--positive", "malignant"]
    assert cli.main([str(a) for a in (*arguments, "--columns", "30 s,120 s", "--out", tmp_path / "roc")]) == 0
    assert "120 s" in capsys.readouterr().out
    areas = st.read_table(tmp_path / "roc" / "areas.csv").columns
    assert areas["measurement"] == ["30 s", "120 s"]
    assert areas["AUC"] == st.run("prediction.roc", table=lesions(), positive="malignant").areas.columns["AUC"][::2]


@pytest.mark.parametrize(
    "change, message",
    [
        ({"positive": "cancer"}, "0 of 100 cases have label = cancer.*benign, malignant"),
        ({"label": "truth"}, "no column 'truth'"),
        ({"columns": "case"}, "holds more than numbers"),
    ],
)
def test_wrong_names_are_answered_with_what_there_is(change, message):
    with pytest.raises(st.InputError, match=message):
        st.run("prediction.roc", **{"table": lesions(), "positive": "malignant", **change})
