"""Consensus and agreement of readers: planted errors are found again, and what differs is told."""

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.numerics.spatial.consensus import lesion_groups, staple

SHAPE, SPACING = (12, 30, 34), (1.0, 1.0, 2.5)


def drawn(name, *masks, names=("lesion", "organ"), shape=SHAPE, spacing=SPACING):
    values = np.zeros(shape, np.uint8)
    for number, mask in enumerate(masks, start=1):
        values[mask] = number
    labels = {n: st.Label(text) for n, text in enumerate(names[: len(masks)], start=1)}
    return st.LabelMap(values, st.Geometry.from_spacing(shape, spacing), labels, name)


def box(k, j, i, size=6):
    mask = np.zeros(SHAPE, bool)
    mask[k : k + 3, j : j + size, i : i + size] = True
    return mask


def rows_of(table, *keys):
    names = list(table.columns)
    rows = [dict(zip(names, cells)) for cells in zip(*table.columns.values())]
    return {tuple(row[key] for key in keys): row for row in rows}


# All readers mark the first lesion, two of three the second, one the third; the organ is drawn by all.
BIG, MIDDLE, SMALL, ORGAN = box(1, 2, 2, 8), box(6, 2, 20, 5), box(8, 22, 4, 4), box(5, 14, 14, 12)
READERS = {
    "first": drawn("A", BIG | MIDDLE, ORGAN),
    "second": drawn("B", np.roll(BIG, 1, axis=2) | np.roll(MIDDLE, 1, axis=1), ORGAN),
    "third": drawn("C", BIG | SMALL, np.roll(ORGAN, 1, axis=2)),
}


def test_the_consensus_is_what_more_than_half_marked():
    result = st.run("segmentation.readers", **READERS)
    lesion = [labels.region(1) for labels in READERS.values()]
    assert np.array_equal(result["consensus"].region(1), np.sum(lesion, axis=0) >= 2)
    assert [label.name for label in result["consensus"].labels.values()] == ["lesion", "organ"]
    shares = result["agreement"].values
    assert set(np.unique(shares).round(2)) == {0.0, np.float32(33.33), np.float32(66.67), 100.0}
    two = st.run("segmentation.readers", first=READERS["first"], second=READERS["second"])
    assert np.array_equal(two["consensus"].region(1), lesion[0] & lesion[1])


def test_staple_recovers_planted_errors_of_readers(worst_error):
    random = np.random.default_rng(5)
    truth = np.zeros((20, 32, 32), bool)
    truth[4:16, 8:24, 8:24] = True
    planted = [(0.95, 0.99), (0.85, 0.98), (0.70, 0.995)]
    masks = np.stack(
        [np.where(truth, random.random(truth.shape) < p, random.random(truth.shape) > q) for p, q in planted]
    )
    found = staple(masks)
    for (p, q), own, other in zip(planted, found.sensitivity, found.specificity):
        worst_error("sensitivity of readers by STAPLE", abs(own - p), 0.03)
        assert own == pytest.approx(p, abs=0.03) and other == pytest.approx(q, abs=0.03)
    wrong = np.count_nonzero(masks != truth, axis=(1, 2, 3))
    assert np.count_nonzero((found.probability > 0.5) != truth) < wrong.min()


def test_staple_does_not_hang_on_how_much_lies_around():
    masks = np.stack([labels.region(1) for labels in READERS.values()])
    padded = np.pad(masks, ((0, 0), (20, 3), (9, 30), (14, 2)))
    assert staple(padded).sensitivity == pytest.approx(staple(masks).sensitivity, abs=0.02)


def test_lesions_are_listed_by_who_marked_them():
    result = st.run("segmentation.readers", **READERS)
    lesions = rows_of(result["lesions"], "region", "lesion")
    assert [lesions["lesion", n]["who"] for n in (1, 2, 3)] == ["A, B, C", "A, B", "C"]
    assert [lesions["lesion", n]["marked by"] for n in (1, 2, 3)] == ["all", "more than half", "one reader only"]
    assert lesions["lesion", 3]["mean volume"] == pytest.approx(SMALL.sum() * 2.5e-3)
    place = [lesions["lesion", 3][axis] for axis in "RAS"]
    assert place == pytest.approx([5.5, 23.5, 9 * 2.5])
    told = [str(finding) for finding in result.findings if finding.code == "N-DISCORDANT"]
    assert any("lesion 3" in text for text in told) and any("overlap by" in text for text in told)


def test_pairs_are_measured_as_segmentation_comparison_does():
    result = st.run("segmentation.readers", **READERS)
    pair = rows_of(result["pairs"], "region", "reader", "other")["lesion", "A", "B"]
    single = st.run("segmentation.comparison", segmentation=READERS["first"], reference=READERS["second"])
    table = rows_of(single["statistics"], "region", "measure")
    for name in ("Dice", "NSD", "HD95", "ASSD"):
        assert pair[name] == pytest.approx(table["lesion", name]["value"])


def test_a_model_is_compared_with_the_same_others_as_each_reader():
    result = st.run("segmentation.readers", **READERS, model=drawn("net", BIG | MIDDLE, ORGAN))
    rows = rows_of(result["readers"], "region", "reader")
    a, b, c = (labels.region(1) for labels in READERS.values())
    both = a & b
    assert rows["lesion", "C"]["Dice with the others"] == pytest.approx(2 * (both & c).sum() / (both.sum() + c.sum()))
    model = BIG | MIDDLE
    expected = 2 * (both & model).sum() / (both.sum() + model.sum())
    assert rows["lesion", "C"]["Dice of the model with them"] == pytest.approx(expected)
    # The model is nobody's equal in the consensus itself.
    assert np.array_equal(result["consensus"].values, st.run("segmentation.readers", **READERS)["consensus"].values)


def test_readers_who_agree_in_all_agree_by_every_measure():
    same = {name: drawn(name, BIG, ORGAN) for name in ("first", "second", "third")}
    summary = rows_of(st.run("segmentation.readers", **same)["summary"], "region", "measure")
    for measure in ("mean Dice of pairs", "Fleiss' kappa of voxels", "AC1 of voxels"):
        assert summary["lesion", measure]["value"] == pytest.approx(1.0)
    assert summary["lesion", "lesions that all marked"]["value"] == 1


def test_a_reader_who_found_nothing_counts():
    nothing = st.LabelMap(np.zeros(SHAPE, np.uint8), READERS["first"].geometry, {}, "C")
    result = st.run("segmentation.readers", **READERS | {"third": nothing})
    rows = rows_of(result["readers"], "region", "reader")
    assert rows["lesion", "C"]["volume"] == 0.0 and rows["lesion", "C"]["Dice with the others"] == 0.0
    assert rows_of(result["pairs"], "region", "reader", "other")["organ", "A", "C"]["Dice"] == 0.0


def test_other_grids_and_nothing_at_all_are_refused_in_words():
    moved = drawn("B", BIG, spacing=(1.0, 1.0, 3.0))
    with pytest.raises(st.GeometryError, match="B"):
        st.run("segmentation.readers", first=READERS["first"], second=moved)
    nothing = st.LabelMap(np.zeros(SHAPE, np.uint8), READERS["first"].geometry, {}, "empty")
    with pytest.raises(st.InputError, match="no reader drew a segment"):
        st.run("segmentation.readers", first=nothing, second=nothing)


def test_parts_that_are_the_same_by_way_of_a_third_reader_are_one_lesion():
    masks = np.stack([box(1, 2, 2, 8), np.roll(box(1, 2, 2, 8), 6, axis=2), np.roll(box(1, 2, 2, 8), 3, axis=2)])
    assert len(lesion_groups(masks[:2], 0.2).groups) == 2
    assert lesion_groups(masks, 0.2).marked.tolist() == [[True, True, True]]


def test_what_only_the_model_found_is_a_structure_without_marks():
    three = {name: drawn(name, BIG) for name in ("first", "second", "third")}
    result = st.run("segmentation.readers", **three, model=drawn("net", BIG, ORGAN))
    rows = rows_of(result["readers"], "region", "reader")
    assert rows["organ", "first"]["volume"] == 0.0 and rows["organ", "first"]["Dice of the model with them"] == 0.0
    summary = rows_of(result["summary"], "region", "measure")
    assert np.isnan(summary["organ", "Fleiss' kappa of voxels"]["value"]) and summary["organ", "lesions"]["value"] == 0
    assert summary["lesion", "mean Dice of pairs"]["value"] == 1.0
    assert not (result["consensus"].values == 2).any() and not (result["staple"].values == 2).any()


def test_readers_who_mark_all_there_is_agree():
    whole = np.ones((2, 3, 4, 5), bool)
    estimate = staple(whole)
    assert (estimate.probability == 1).all() and (estimate.sensitivity == 1).all()
    assert np.isnan(estimate.specificity).all()


def test_an_image_of_one_voxel_is_measured():
    one = {name: drawn(name, np.ones((1, 1, 1), bool), shape=(1, 1, 1)) for name in ("first", "second")}
    result = st.run("segmentation.readers", **one)
    assert result["staple"].values.all() and result["consensus"].values.all()
    assert rows_of(result["pairs"], "region")["lesion",]["HD95"] == 0.0
