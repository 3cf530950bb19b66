"""Measures of segmentations equal those of MONAI and SimpleITK, and what is missed never improves a mean."""

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import ndimage

import SpatioTemporalLib as st
from SpatioTemporalLib.numerics.spatial.lesion_match import matched_parts
from SpatioTemporalLib.numerics.spatial.surface_distance import surface_distances

SPACING = (0.9, 0.9, 5.0)
SHAPE = (14, 64, 70)
TUMOUR, CYST = 1, 2


def ball(centre, radius, shape=SHAPE, spacing=SPACING):
    """(K, J, I) bool of a ball, centre (I, J, K) and radius in mm."""
    k, j, i = np.indices(shape)
    away = sum(((axis * step - place) ** 2) for axis, step, place in zip((i, j, k), spacing, centre))
    return away <= radius**2


def labels(*masks, names=("tumour", "cyst"), spacing=SPACING):
    values = np.zeros(masks[0].shape, np.uint8)
    for number, mask in enumerate(masks, start=1):
        values[mask] = number
    named = {n: st.Label(name) for n, name in enumerate(names[: len(masks)], start=1)}
    return st.LabelMap(values, st.Geometry.from_spacing(values.shape, spacing), named, "drawn")


def measured(found, wanted, **more):
    result = st.run("segmentation.comparison", segmentation=found, reference=wanted, **more)
    table = result["statistics"].columns
    return result, {
        (region, name): value for region, name, value in zip(table["region"], table["measure"], table["value"])
    }


# Two balls of 20 mm radius, 2.7 mm apart, in voxels of 5 x 0.9 x 0.9 mm; and one inside another.
PAIRS = {
    "shifted": (ball((30.0, 28.0, 32.0), 20.0), ball((32.7, 28.0, 32.0), 20.0)),
    "inside": (ball((30.0, 28.0, 32.0), 9.0), ball((31.0, 28.0, 32.0), 19.0)),
    "scattered": (
        ball((20.0, 20.0, 30.0), 8.0) | ball((45.0, 40.0, 40.0), 6.0), ball((21.0, 22.0, 30.0), 7.0),
    ),
    "one voxel": (ball((27.0, 27.0, 30.0), 0.1), ball((27.9, 27.0, 30.0), 0.1)),
}  # fmt: skip


@pytest.mark.parametrize("case", PAIRS)
def test_measures_equal_those_of_other_packages(case, worst_error):
    monai = pytest.importorskip("monai.metrics")
    torch = pytest.importorskip("torch")
    found, wanted = PAIRS[case]
    _, own = measured(labels(found), labels(wanted), tolerance=2.0)
    theirs = [torch.from_numpy(mask[None, None].astype(np.float32)) for mask in (found, wanted)]
    spacing = SPACING[::-1]
    expected = {
        "HD": monai.compute_hausdorff_distance(*theirs, include_background=True, spacing=spacing),
        "HD95": monai.compute_hausdorff_distance(*theirs, include_background=True, percentile=95, spacing=spacing),
        "ASSD": monai.compute_average_surface_distance(
            *theirs, include_background=True, symmetric=True, spacing=spacing
        ),
        "NSD": monai.compute_surface_dice(*theirs, class_thresholds=[2.0], include_background=True, spacing=spacing),
        "Dice": monai.compute_dice(*theirs, include_background=True),
        "IoU": monai.compute_iou(*theirs, include_background=True),
    }
    for name, value in expected.items():
        error = abs(float(value) - own["tumour", name]) / max(abs(float(value)), 1.0)
        worst_error(f"{name} of segmentations against MONAI", error, 1e-6)
        assert error <= 1e-6, (name, float(value), own["tumour", name])
    overlap = sitk.LabelOverlapMeasuresImageFilter()
    overlap.Execute(*(sitk.GetImageFromArray(mask.astype(np.uint8)) for mask in (found, wanted)))
    assert own["tumour", "Dice"] == pytest.approx(overlap.GetDiceCoefficient(), abs=1e-12)
    assert own["tumour", "IoU"] == pytest.approx(overlap.GetJaccardCoefficient(), abs=1e-12)


def test_the_distance_of_shifted_balls_is_simpleitks_and_hangs_on_the_order_of_spacings():
    found, wanted = PAIRS["shifted"]
    images = [sitk.GetImageFromArray(mask.astype(np.uint8)) for mask in (found, wanted)]
    for image in images:
        image.SetSpacing(SPACING)
    peer = sitk.HausdorffDistanceImageFilter()
    peer.Execute(*images)
    own = surface_distances(found, wanted, SPACING[::-1])
    assert own.hausdorff() == pytest.approx(peer.GetHausdorffDistance(), abs=1e-6)
    assert surface_distances(found, wanted, SPACING).hausdorff() != pytest.approx(own.hausdorff(), rel=0.05)


def test_cropping_changes_nothing():
    found, wanted = PAIRS["scattered"]
    padded = [np.pad(mask, ((9, 9), (30, 10), (5, 40))) for mask in (found, wanted)]
    own, large = surface_distances(found, wanted, SPACING[::-1]), surface_distances(*padded, SPACING[::-1])
    assert np.array_equal(np.sort(own.first), np.sort(large.first))
    assert np.array_equal(np.sort(own.second), np.sort(large.second))


DIAGONAL = float(np.linalg.norm(np.multiply(SHAPE, SPACING[::-1])))
NOTHING = np.zeros(SHAPE, bool)
SOMETHING = PAIRS["shifted"][0]
SPECIAL = {
    "both empty": (NOTHING, NOTHING, np.nan, np.nan, np.nan, "in neither"),
    "missed": (NOTHING, SOMETHING, 0.0, DIAGONAL, 0.0, "missed"),
    "false alarm": (SOMETHING, NOTHING, 0.0, DIAGONAL, 0.0, "not in the reference"),
}


@pytest.mark.parametrize("case", SPECIAL)
def test_special_cases_are_counted_as_the_table_says(case):
    found, wanted, overlap, distance, near, said = SPECIAL[case]
    other = ball((30.0, 28.0, 32.0), 5.0)
    result, own = measured(labels(found & ~other, other), labels(wanted & ~other, other))
    for name in ("Dice", "IoU"):
        assert own["tumour", name] == pytest.approx(overlap, nan_ok=True)
    for name in ("HD", "HD95", "ASSD"):
        assert own["tumour", name] == pytest.approx(distance, nan_ok=True)
    assert own["tumour", "NSD"] == pytest.approx(near, nan_ok=True)
    assert any(said in str(finding) for finding in result.findings)
    assert own["cyst", "Dice"] == 1 and own["cyst", "HD"] == 0


def test_missing_a_structure_never_improves_the_mean():
    tumour, cyst = PAIRS["shifted"][0], ball((50.0, 50.0, 60.0), 4.0)
    reference = labels(tumour & ~cyst, cyst)
    poor = labels(PAIRS["shifted"][1] & ~cyst, np.roll(cyst, 2, axis=2))
    missing = labels(PAIRS["shifted"][1] & ~cyst, NOTHING)
    (_, with_it), (_, without) = (measured(found, reference) for found in (poor, missing))
    mean = "mean of what the reference has"
    assert without[mean, "Dice"] < with_it[mean, "Dice"] and without[mean, "HD95"] > with_it[mean, "HD95"]
    # Background would have made it look good.
    assert with_it[mean, "Dice"] == pytest.approx(np.mean([with_it[r, "Dice"] for r in ("tumour", "cyst")]))


def test_lesions_are_found_missed_and_added():
    places = [(12.0, 12.0, 30.0), (30.0, 30.0, 30.0), (50.0, 15.0, 30.0)]
    wanted = np.any([ball(p, 5.0) for p in places], axis=0)
    found = ball((12.9, 12.0, 30.0), 5.0) | ball((30.0, 30.0, 30.0), 1.0) | ball((50.0, 45.0, 30.0), 6.0)
    result, own = measured(labels(found), labels(wanted))
    lesions = result["lesions"].columns
    # A speck in the middle of the second is no finding of it: it overlaps by less than a tenth.
    assert lesions["state"] == ["found", "missed", "missed", "added", "added"]
    assert own["tumour", "lesion recall"] == pytest.approx(1 / 3)
    assert own["tumour", "lesion precision"] == pytest.approx(1 / 3)
    assert own["tumour", "lesion F1"] == pytest.approx(1 / 3)
    assert (lesions["R"][3], lesions["A"][3], lesions["S"][3]) == pytest.approx((50.0, 45.0, 30.0), abs=0.5)
    _, lenient = measured(labels(found), labels(wanted), overlap=0.001)
    assert lenient["tumour", "lesion recall"] == pytest.approx(2 / 3)


def test_segments_are_compared_by_name_whatever_their_numbers():
    tumour, cyst = PAIRS["shifted"][0], ball((50.0, 50.0, 60.0), 4.0)
    reference = labels(tumour & ~cyst, cyst)
    turned = labels(cyst, tumour & ~cyst, names=("Cyst ", "TUMOUR"))
    _, own = measured(turned, reference)
    assert own["tumour", "Dice"] == own["cyst", "Dice"] == 1
    result, own = measured(labels(tumour, names=("Segment_1",)), labels(tumour, names=("lesion",)))
    assert own["lesion", "Dice"] == 1 and "only segment" in str(result.findings[0])


def test_errors_show_what_only_one_of_both_has():
    found, wanted = PAIRS["shifted"]
    result, own = measured(labels(found), labels(wanted))
    counts = np.bincount(result["errors"].values.ravel(), minlength=4)
    assert counts[1:].tolist() == [(found & wanted).sum(), (wanted & ~found).sum(), (found & ~wanted).sum()]
    assert own["tumour", "volume error"] == pytest.approx((found.sum() - wanted.sum()) * np.prod(SPACING) / 1000)


def test_another_grid_is_refused():
    found, wanted = PAIRS["shifted"]
    with pytest.raises(st.GeometryError):
        measured(labels(found, spacing=(0.9, 0.9, 4.0)), labels(wanted))


def test_a_mask_at_the_border_is_told():
    mask = np.zeros(SHAPE, bool)
    mask[:3, :5, :5] = True
    result, own = measured(labels(mask), labels(mask))
    assert own["tumour", "HD"] == 0 and any(finding.code == "N-BORDER" for finding in result.findings)


def test_in_one_slice_surfaces_are_outlines():
    one, other = (ball((30.0, 28.0, 0.0), radius, (1, 64, 70)) for radius in (12.0, 9.0))
    _, own = measured(labels(one), labels(other), tolerance=1.0)
    edges = [mask[0] & ~ndimage.binary_erosion(mask[0]) for mask in (one, other)]
    away = [ndimage.distance_transform_edt(~edge, sampling=SPACING[:2]) for edge in edges]
    distances = np.concatenate([away[1][edges[0]], away[0][edges[1]]])
    assert own["tumour", "ASSD"] == pytest.approx(distances.mean()) and distances.mean() > 2
    assert own["tumour", "NSD"] == pytest.approx(np.mean(distances <= 1.0))
    result, _ = measured(labels(one), labels(other))
    # The diagonal of a pixel: the thickness of the only slice says nothing of its outlines.
    assert "1 (within 1.27 mm)" in result["statistics"].columns["unit"]


def test_a_segmentation_that_found_nothing_at_all_is_measured():
    for found, wanted, said in ((NOTHING, SOMETHING, "missed"), (SOMETHING, NOTHING, "not in the reference")):
        empty = st.LabelMap(np.zeros(SHAPE, np.uint8), labels(SOMETHING).geometry, {}, "empty")
        given = [empty if mask is NOTHING else labels(mask) for mask in (found, wanted)]
        result, own = measured(*given)
        assert own["tumour", "Dice"] == 0 and own["tumour", "HD95"] == pytest.approx(DIAGONAL)
        assert any(said in str(finding) for finding in result.findings)


def test_two_segments_of_one_name_are_one_and_it_is_told():
    first, second = ball((15.0, 15.0, 30.0), 5.0), ball((45.0, 40.0, 30.0), 8.0)
    twice = labels(first, second, names=("Tumour", "tumour"))
    result, own = measured(labels(first | second), twice)
    assert own["Tumour", "Dice"] == 1.0
    assert any("2 segments" in str(finding) for finding in result.findings)


def test_thousands_of_specks_need_no_table_of_each_with_each():
    random = np.random.default_rng(3)
    first, second = (random.random((60, 200, 200)) < 0.02 for _ in range(2))
    first[::2] = second[::2] = False
    parts = matched_parts(first, second, 0.1)
    assert len(parts.sizes[0]) > 10_000 and len(parts.overlap) == len(parts.pairs)
    for (a, b), overlap in list(zip(parts.pairs, parts.overlap))[:20]:
        one, other = parts.first == a, parts.second == b
        assert overlap == pytest.approx((one & other).sum() / (one | other).sum())
    assert all(len(set(side.tolist())) == len(side) for side in parts.pairs.T)
