"""Assessment of many segmentations: the measures of each case, who is drawn together, and what tables may not hold."""

import tracemalloc

import numpy as np
import pytest
from scipy import ndimage, stats

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
SPACING, SHAPE = (0.9, 0.9, 3.0), (8, 24, 28)
DIAGONAL = float(np.linalg.norm(np.multiply(SHAPE, SPACING[::-1])))


def rows_of(table, *keys):
    """Rows of a table by the cells of some columns."""
    names = list(table.columns)
    rows = [dict(zip(names, cells)) for cells in zip(*table.columns.values())]
    return {tuple(row[key] for key in keys): row for row in rows}


def measures(columns=TABLE, **parameters):
    result = st.run("prediction.segmentation", table=st.Table(columns), **parameters)
    return result, rows_of(result.measures, "model", "region", "measure")


def box(k, j, i, size=6):
    mask = np.zeros(SHAPE, bool)
    mask[k : k + 3, j : j + size, i : i + size] = True
    return mask


def write(folder, name, *masks, names=("lesion", "organ"), shape=SHAPE):
    values = np.zeros(shape, np.uint8)
    for number, mask in enumerate(masks, start=1):
        values[mask] = number
    labels = {n: st.Label(text) for n, text in enumerate(names[: len(masks)], start=1)} if names else {}
    st.write_labels(folder / name, st.LabelMap(values, st.Geometry.from_spacing(shape, SPACING), labels, name[:4]))
    return name


@pytest.fixture
def files(tmp_path):
    """Three patients, the first with two cases; model a misses the lesion of the last one."""
    organ = box(3, 2, 2, 9)
    table = {"participant_id": ["p1", "p1", "p2", "p3"], "reference": [], "segmentation a": [], "segmentation b": []}
    for n, place in enumerate((10, 11, 12, 13)):
        lesion = box(2, 12, place)
        table["reference"].append(write(tmp_path, f"ref{n}.nii.gz", lesion, organ))
        shifted = np.roll(lesion, 2, axis=2)
        table["segmentation a"].append(write(tmp_path, f"a{n}.nii.gz", shifted & (n < 3), organ))
        table["segmentation b"].append(write(tmp_path, f"b{n}.nii.gz", shifted, organ))
    return tmp_path, table


def test_each_case_is_measured_as_segmentation_comparison_does(files):
    folder, table = files
    result, _ = measures(table, folder=str(folder))
    cases = rows_of(result["cases"], "model", "case", "region")
    for n, name in ((0, "segmentation a"), (3, "segmentation b")):
        single = st.run(
            "segmentation.comparison",
            segmentation=st.read_labels(folder / table[name][n]),
            reference=st.read_labels(folder / table["reference"][n]),
        )
        columns = single["statistics"].columns
        for region, measure, value in zip(columns["region"], columns["measure"], columns["value"]):
            if region in ("lesion", "organ"):
                own = cases[name.removeprefix("segmentation "), str(n + 1), region]
                assert own[measure] == pytest.approx(value, nan_ok=True), measure


def test_a_missed_structure_makes_every_mean_worse(files):
    folder, table = files
    _, found = measures(table, folder=str(folder))
    for measure in ("Dice", "IoU", "NSD", "lesion F1", "sensitivity"):
        assert found["a", "lesion", measure]["mean"] < found["b", "lesion", measure]["mean"]
        assert found["a", "lesion", measure]["cases"] == 4
    for measure in ("HD", "HD95", "ASSD", "absolute volume error"):
        assert found["a", "lesion", measure]["mean"] > found["b", "lesion", measure]["mean"]
    row = found["a", "lesion", "HD95"]
    assert (row["missed"], row["added"], row["patients"]) == (1, 0, 3)
    one = found["b", "lesion", "HD95"]["mean"]
    assert row["mean"] == pytest.approx((3 * one + DIAGONAL) / 4) and row["median"] == pytest.approx(one)
    # Half of what the reference has is drawn without a fault; background is in no mean.
    both = found["a", "mean of what the reference has", "Dice"]["mean"]
    assert both == pytest.approx((found["a", "lesion", "Dice"]["mean"] + 1) / 2)


def test_what_neither_has_is_left_out_or_right_as_wanted(files):
    folder, table = files
    for column in ("reference", "segmentation a", "segmentation b"):
        table[column][1] = write(folder, f"{column[-1]}_empty.nii.gz", np.zeros(SHAPE, bool), box(3, 2, 2, 9))
    _, left_out = measures(table, folder=str(folder))
    _, right = measures(table, folder=str(folder), empty="right")
    overlap = left_out["b", "lesion", "Dice"]["mean"]
    assert left_out["b", "lesion", "Dice"]["cases"] == 3 and right["b", "lesion", "Dice"]["cases"] == 4
    assert right["b", "lesion", "Dice"]["mean"] == pytest.approx((3 * overlap + 1) / 4)
    assert left_out["b", "lesion", "HD"]["cases"] == right["b", "lesion", "HD"]["cases"] == 3
    # Right that nothing was found in the one case without a lesion; one of three lesions was missed by the other.
    assert left_out["b", "lesion", "specificity by case"]["mean"] == 1.0
    assert left_out["b", "lesion", "specificity by case"]["cases"] == 1
    assert left_out["a", "lesion", "sensitivity by case"]["mean"] == pytest.approx(2 / 3)


def test_what_is_found_where_nothing_is_counts_as_a_false_alarm(tmp_path):
    columns = {"reference": [], "segmentation": []}
    for n in range(3):
        empty = np.zeros(SHAPE, bool)
        lesion = box(2, 12, 10)
        columns["reference"].append(write(tmp_path, f"ref{n}.nii.gz", *([empty] if n == 2 else [lesion]), names=None))
        columns["segmentation"].append(write(tmp_path, f"own{n}.nii.gz", lesion, names=("Segment_1",)))
    _, found = measures(columns, folder=str(tmp_path))
    row = next(row for (_, _, measure), row in found.items() if measure == "Dice")
    assert (row["cases"], row["added"], row["mean"]) == (3, 1, pytest.approx(2 / 3))
    assert next(row for (_, _, m), row in found.items() if m == "specificity by case")["mean"] == 0.0


def test_files_that_name_no_labels_are_paired_by_their_numbers(tmp_path):
    masks = box(2, 12, 10), box(3, 2, 2, 9)
    columns = {
        "reference": [write(tmp_path, f"ref{n}.nii.gz", *masks) for n in range(2)],
        "segmentation": [write(tmp_path, f"own{n}.nii.gz", *masks, names=None) for n in range(2)],
    }
    _, found = measures(columns, folder=str(tmp_path))
    assert {key[1] for key in found} == {"lesion", "organ", "mean of what the reference has"}
    assert found["model", "organ", "Dice"]["mean"] == 1.0


def test_a_segmentation_on_another_grid_is_brought_onto_that_of_the_reference(tmp_path):
    lesion = box(2, 12, 10)
    half = st.LabelMap(
        np.repeat(lesion, 2, axis=0).astype(np.uint8),
        st.Geometry.from_spacing((16, 24, 28), (0.9, 0.9, 1.5), (0.0, 0.0, -0.75)),
        {1: st.Label("lesion")},
        "fine",
    )
    st.write_labels(tmp_path / "fine.nii.gz", half)
    reference = write(tmp_path, "ref.nii.gz", lesion)
    columns = {"reference": [reference] * 2, "segmentation": ["fine.nii.gz", reference]}
    result, found = measures(columns, folder=str(tmp_path))
    assert found["model", "lesion", "Dice"]["mean"] == 1.0
    assert any(finding.code == "R-MASK-GRID" for finding in result.findings)


def test_scores_give_a_free_response_curve(files):
    folder, table = files
    table["probability a"] = []
    for n, place in enumerate((10, 11, 12, 13)):
        score = 0.9 * box(2, 12, place) + 0.4 * box(2, 2, 20, 4) * (n < 2)
        name = f"score{n}.nii.gz"
        st.write_map(folder / name, st.Map(score, st.Geometry.from_spacing(SHAPE, SPACING), "1"))
        table["probability a"].append(name)
        table["reference"][n] = write(folder, f"lesion{n}.nii.gz", box(2, 12, place))
    result, found = measures(table, folder=str(folder))
    (curve,) = result["froc"]
    # All four lesions are found before the two false alarms, which lie in half of the cases.
    assert curve.times.tolist() == [0.0, 0.5] and curve.values.tolist() == [1.0, 1.0]
    assert found["a", "all", "FROC score"]["mean"] == 1.0


def test_visits_of_a_patient_are_followed_over_time(tmp_path):
    organ, columns = box(3, 2, 2, 9), {"participant_id": ["p"] * 4, "days": [30, 0, 60, 90]}
    columns |= {"reference": [], "segmentation": []}
    for n in (1, 0, 2, 3):
        lesion = box(2, 12, 10) if n > 1 else np.zeros(SHAPE, bool)
        late = lesion & (n > 2)
        larger = box(3, 2, 2, 9 + 2 * (n == 1))
        columns["reference"].append(write(tmp_path, f"ref{n}.nii.gz", lesion, organ))
        columns["segmentation"].append(write(tmp_path, f"own{n}.nii.gz", late, larger))
    result, found = measures(columns, folder=str(tmp_path))
    rows = rows_of(result["over_time"], "region")
    # Rows are put in order: the volume is 121/81 of the organ's once, a triangle of a third of the time.
    assert rows[("organ",)]["volume-curve error"] == pytest.approx((40 / 81) / 3)
    mean = (3 * 81 + 121) / 4
    assert rows[("organ",)]["flicker"] == pytest.approx((80 + 40) / 2 / mean)
    assert rows[("organ",)]["warped distance"] == pytest.approx(40 / 81 / 4)
    # The new lesion was found a visit late: a miss, and then a false alarm.
    assert rows[("lesion",)]["new lesion F1"] == 0.0 and np.isnan(rows[("organ",)]["new lesion F1"])
    assert found["model", "organ", "volume-curve error over time"]["patients"] == 1


def test_overlaps_that_are_given_have_intervals_by_patient():
    _, row = measures(TABLE | {"participant_id": ["p1", "p1", "p2", "p3"]}, confidence=90.0)
    found = row["a", "structure", "Dice"]
    assert found["mean"] == pytest.approx(0.75) and found["patients"] == 3 and found["cases"] == 4
    # Drawn three times, the best and the worst patient set the limits: 0.6 (1 of 27) and 0.85 (1 of 27), within 90 %.
    assert found["lower"] == pytest.approx(0.6 + 0.1 / 3, abs=0.05) and found["upper"] <= 0.85
    assert row["b", "structure", "Dice"]["median"] == pytest.approx(0.725)


def test_look_alikes_are_counted_over_all_patients_where_they_were_told():
    _, row = measures()
    found = row["a", "structure", "look-alikes found"]
    assert (found["mean"], found["cases"]) == (0.25, 4)
    assert (found["lower"], found["upper"]) == pytest.approx(wilson_interval(1, 4))
    assert ("b", "structure", "look-alikes found") not in row


def test_models_are_compared_on_the_same_cases(files):
    comparison = rows_of(measures()[0].comparison, "measure")[("Dice",)]
    assert comparison["difference"] == pytest.approx(np.mean(FIRST) - np.mean(SECOND))
    differences = np.round(np.subtract(FIRST, SECOND), 12)
    assert comparison["p (Wilcoxon)"] == pytest.approx(stats.wilcoxon(differences).pvalue)
    folder, table = files
    rows = rows_of(measures(table, folder=str(folder))[0].comparison, "region", "measure")
    assert rows["lesion", "Dice"]["difference"] < 0 and rows["lesion", "HD95"]["difference"] > 0
    assert rows["organ", "Dice"]["difference"] == 0 and np.isnan(rows["organ", "Dice"]["p (Wilcoxon)"])


def test_measures_that_are_called_otherwise_are_told(files):
    folder, table = files
    result = measures(table, folder=str(folder), compared="dice, HD95", resamples=100)[0]
    (told,) = [finding.message for finding in result.findings if finding.code == "W-MEASURE"]
    assert "not compared in dice, which no measure is called; there are Dice, " in told
    assert set(result.comparison.columns["measure"]) == {"HD95"}


def test_subgroups_are_measured_apart():
    groups = rows_of(measures(subgroups=("sex",))[0].subgroups, "is", "model", "measure")
    assert groups["F", "a", "Dice"]["mean"] == pytest.approx(0.75)
    assert groups["M", "b", "Dice"]["mean"] == pytest.approx(0.6)


BAD = {
    "no overlaps": ({"overlap": [0.1, 0.2]}, "no column is called segmentation or Dice"),
    "impossible overlaps": ({"Dice": [0.1, 1.2]}, "from 0.1 to 1.2"),
    "one overlap": ({"Dice": [0.4]}, "1 values"),
    "no reference": ({"segmentation": ["a.nii.gz"]}, "no column 'reference'"),
    "no file": ({"segmentation": ["a.nii.gz"], "reference": ["b.nii.gz"]}, "no file 'b.nii.gz', which row 1"),
    "nobody": ({"Dice": [0.1, 0.2], "participant_id": ["p", ""]}, "row 2 has no participant_id"),
    "two at once": (
        {"Dice": [0.1, 0.2], "participant_id": ["p", "p"], "days": [3, 3]}, "rows 1 and 2 are of p at the same days",
    ),
    "empty cells": ({"segmentation": ["", "n/a"], "reference": ["", ""]}, "no case has a segmentation"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_tables_that_cannot_be_are_refused_in_words(case, tmp_path):
    columns, said = BAD[case]
    with pytest.raises(InputError, match=said):
        st.run("prediction.segmentation", table=st.Table(columns), folder=str(tmp_path))


def test_an_empty_cell_is_left_out_and_told(files):
    folder, table = files
    table["segmentation a"][2] = ""
    result, found = measures(table, folder=str(folder))
    assert found["a", "organ", "Dice"]["cases"] == 3 and found["b", "organ", "Dice"]["cases"] == 4
    assert any("1 of segmentation a" in str(finding) for finding in result.findings)


def test_surfaces_equal_those_of_another_package(files, worst_error):
    peer = pytest.importorskip("surface_distance")
    folder, table = files
    result, _ = measures(table, folder=str(folder), tolerance=1.0)
    cases = rows_of(result["cases"], "model", "case", "region")
    found, wanted = (st.read_labels(folder / table[name][0]).region(1) for name in ("segmentation a", "reference"))
    theirs = peer.compute_surface_distances(wanted, found, SPACING[::-1])
    # That package weighs surfaces by their area; of boxes in the middle of voxels HD and percentiles are the same.
    hausdorff = peer.compute_robust_hausdorff(theirs, 100.0)
    worst_error("HD against surface-distance", abs(cases["a", "1", "lesion"]["HD"] - hausdorff), 1e-6, "mm")
    assert cases["a", "1", "lesion"]["HD"] == pytest.approx(hausdorff, abs=1e-6)
    edges = [mask & ~ndimage.binary_erosion(mask) for mask in (found, wanted)]
    away = [ndimage.distance_transform_edt(~edge, sampling=SPACING[::-1]) for edge in edges]
    expected = (away[1][edges[0]].sum() + away[0][edges[1]].sum()) / sum(edge.sum() for edge in edges)
    assert cases["a", "1", "lesion"]["ASSD"] == pytest.approx(expected, abs=1e-9)


def test_memory_does_not_grow_with_the_number_of_cases(tmp_path):
    shape = (24, 60, 60)
    mask = np.zeros(shape, bool)
    mask[8:14, 20:40, 20:40] = True
    names = [write(tmp_path, f"case{n}.nii.gz", mask, shape=shape) for n in range(6)]

    def peak(count):
        table = st.Table({"reference": names[:count], "segmentation": names[:count]})
        tracemalloc.start()
        st.run("prediction.segmentation", table=table, folder=str(tmp_path), resamples=100)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(2)
    assert peak(6) < 1.3 * peak(2)


def test_of_many_files_the_one_that_is_wrong_is_named(files):
    folder, table = files
    (folder / "a2.nii.gz").write_bytes(b"no image")
    with pytest.raises(InputError, match=r"row 3, segmentation a \(a2.nii.gz\)"):
        measures(table, folder=str(folder))
    far = st.LabelMap(box(2, 12, 10).astype(np.uint8), st.Geometry.from_spacing(SHAPE, SPACING, (900.0, 0.0, 0.0)))
    st.write_labels(folder / "a2.nii.gz", far)
    with pytest.raises(st.GeometryError, match=r"row 3, segmentation a .*lies wholly outside"):
        measures(table, folder=str(folder))
