"""Structures as they are drawn: overlapping, flipped, in parts, on grids of their own; matched over visits."""

from __future__ import annotations

import numpy as np
import pytest
from library.small.inputs import drawn_liver

import SpatioTemporalLib as st
from SpatioTemporalLib.steps.structures.drawn import drawn_structures
from SpatioTemporalLib.steps.structures.matching import matched, tracks
from SpatioTemporalLib.steps.structures.roles import role_of
from SpatioTemporalLib.steps.structures.structure_graph import neighbours, structure_graph

GRID = st.Geometry.from_spacing((24, 30, 30), (2.0, 2.0, 3.0), (-30.0, -30.0, -36.0))


def box(low, high, grid=GRID) -> np.ndarray:
    """Voxels whose centres lie in a box of RAS mm."""
    ras = grid.ijk_to_ras(np.stack(np.indices(grid.shape)[::-1], axis=-1))
    return ((ras >= low) & (ras <= high)).all(axis=-1)


def labels(mask, name, grid=GRID) -> st.LabelMap:
    return st.LabelMap(np.asarray(mask).astype(np.uint8), grid, name=name)


def visit(masks: dict, day: float = 0.0) -> st.Visit:
    drawn = {name: labels(mask, name) for name, mask in masks.items()}
    return st.Visit(day, {"ct": st.Map(np.indices(GRID.shape)[0] + 60.0, GRID, "HU")}, drawn)


def rows_of(visits: st.FollowUp) -> tuple[dict, tuple]:
    found = st.run("prognosis.structures", visits=visits)
    table = found["structures"].columns
    return {name: {c: table[c][n] for c in table} for n, name in enumerate(table["node"])}, found.findings


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Liver", "liver"),
        ("Liver Remnant", "remnant"),
        ("FLR", "remnant"),
        ("Hepatic", "hepatic"),
        ("Portal", "portal"),
        ("Tumor_1", "tumour"),
        ("liver-metastasis 3", "tumour"),
        ("hepatic tumour", "tumour"),
        ("Spleen", ""),
        ("Import", ""),
    ],
)
def test_segments_are_known_by_their_names(name, role):
    assert role_of(name) == role


def test_distances_are_from_surface_to_surface():
    masks = {"tumour": box((-9, -9, -9), (-1, 9, 9)), "portal": box((11, -9, -9), (15, 9, 9))}
    rows, _ = rows_of(st.FollowUp("p", (visit(masks),)))
    # Voxels of 2 mm: the last of the tumour ends at 1 mm beyond its centre, the first of the vein 1 mm before its own.
    ras = GRID.ijk_to_ras(np.stack(np.indices(GRID.shape)[::-1], axis=-1))
    gap = ras[masks["portal"]][:, 0].min() - ras[masks["tumour"]][:, 0].max() - 2.0
    assert rows["lesion 1, day 0"]["distance to portal"] == pytest.approx(gap)
    touching = {
        "tumour": box((-9, -9, -9), (0, 9, 9)),
        "portal": box((0, -9, -9), (9, 9, 9)) & ~box((-9, -9, -9), (0, 9, 9)),
    }
    rows, _ = rows_of(st.FollowUp("p", (visit(touching),)))
    assert rows["lesion 1, day 0"]["distance to portal"] == 0.0
    assert rows["lesion 1, day 0"]["contact with portal"] > 100


def test_a_ball_is_measured_as_one():
    grid = st.Geometry.from_spacing((40, 40, 40), (1.0, 1.0, 1.0), (-20.0, -20.0, -20.0))
    ras = grid.ijk_to_ras(np.stack(np.indices(grid.shape)[::-1], axis=-1))
    ball = labels(np.linalg.norm(ras, axis=-1) < 12, "tumour", grid)
    image = st.Map(np.where(ball.foreground, ras[..., 0], np.nan), grid, "HU")
    rows, _ = rows_of(st.FollowUp("p", (st.Visit(0.0, {"ct": image}, {"tumour": ball}),)))
    row = rows["lesion 1, day 0"]
    assert row["volume"] == pytest.approx(4 / 3 * np.pi * 12**3 / 1000, rel=0.02)
    assert row["surface"] == pytest.approx(4 * np.pi * 12**2, rel=0.03)
    assert row["sphericity"] == pytest.approx(1.0, abs=0.03)
    assert row["longest diameter"] == pytest.approx(24, abs=1.5)
    # Of a coordinate over a ball of radius r: mean 0, standard deviation r / sqrt(5).
    assert row["mean"] == pytest.approx(0.0, abs=0.1)
    assert row["standard deviation"] == pytest.approx(12 / np.sqrt(5), rel=0.03)
    assert row["skewness"] == pytest.approx(0.0, abs=0.01)


def test_lesions_that_overlap_keep_all_their_voxels():
    first, second = box((-9, -9, -9), (3, 9, 9)), box((-3, -9, -9), (9, 9, 9))
    rows, _ = rows_of(
        st.FollowUp("p", (visit({"Tumor_1": first, "Tumor_2": second, "Liver": box((-25,) * 3, (25,) * 3)}),))
    )
    voxel = GRID.voxel_volume_ml
    assert sorted(rows[f"lesion {n}, day 0"]["volume"] for n in (1, 2)) == pytest.approx(
        sorted([first.sum() * voxel, second.sum() * voxel])
    )


def test_a_grid_that_is_flipped_or_cropped_gives_the_same():
    plain = drawn_liver().visits[0]
    turned = {}
    for name, mask in plain.masks.items():
        flip = np.diag([-1.0, -1.0, 1.0, 1.0])
        flip[:2, 3] = np.array(mask.geometry.shape[:0:-1]) - 1
        values = mask.values[5:, ::-1, ::-1] if name != "Liver" else mask.values[:, ::-1, ::-1]
        move = np.eye(4)
        move[2, 3] = 5 if name != "Liver" else 0
        grid = st.Geometry(values.shape, mask.geometry.affine @ flip @ move)
        turned[name] = st.LabelMap(values, grid, mask.labels, name)
    one, _ = rows_of(st.FollowUp("p", (plain,)))
    other, _ = rows_of(st.FollowUp("p", (st.Visit(0.0, plain.images, turned),)))
    for name in one:
        for column in ("volume", "R", "A", "S", "distance to portal", "distance to capsule", "mean"):
            if name.startswith("lesion"):
                assert other[name][column] == pytest.approx(one[name][column], abs=1e-6), (name, column)


def test_one_mask_of_many_lesions_is_many_lesions_and_strays_are_told():
    mask = box((-20, -20, -20), (-10, -10, -10)) | box((5, 5, 5), (12, 12, 12))
    mask[0, 0, 0] = True
    rows, findings = rows_of(st.FollowUp("p", (visit({"lesion": mask}),)))
    assert set(rows) == {"lesion 1, day 0", "lesion 2, day 0"}
    assert any(f.code == "W-STRAY" and "1 part" in f.message for f in findings)


def test_a_vessel_of_many_parts_outside_the_liver_is_one_structure():
    rng = np.random.default_rng(0)
    portal = rng.random(GRID.shape) > 0.995
    rows, _ = rows_of(
        st.FollowUp(
            "p", (visit({"portal": portal, "liver": box((-5,) * 3, (5,) * 3), "tumour": box((-4,) * 3, (0,) * 3)}),)
        )
    )
    assert rows["portal, day 0"]["volume"] == pytest.approx(portal.sum() * GRID.voxel_volume_ml)


def test_lesions_are_matched_by_the_least_sum_within_the_gate():
    before = np.array([[0.0, 0, 0], [10.0, 0, 0]])
    assert matched(before, np.array([[9.0, 0, 0], [1.0, 0, 0]])).tolist() == [1, 0]
    assert matched(before, np.array([[50.0, 0, 0]])).tolist() == [-1]
    # Greedy would take 0-1 (4 mm) and leave the other alone; together they lie nearer.
    assert matched(np.array([[0.0, 0, 0], [15.0, 0, 0]]), np.array([[4.0, 0, 0], [-15.0, 0, 0]])).tolist() == [1, 0]
    assert matched(np.empty((0, 3)), before).tolist() == [-1, -1]


def test_a_lesion_that_was_not_seen_in_between_is_found_again():
    places = [np.array([[0.0, 0, 0], [40.0, 0, 0]]), np.array([[41.0, 0, 0]]), np.array([[1.0, 0, 0], [80.0, 0, 0]])]
    assert [t.tolist() for t in tracks(places)] == [[1, 2], [2], [1, 3]]


def test_relations_of_a_patient():
    table = st.run("prognosis.structures", visits=drawn_liver())["structures"]
    graph = structure_graph(table)
    relations = graph.edges.columns["relation"]
    assert {r: relations.count(r) for r in set(relations)} == {"near": 4, "at": 4, "in": 4, "next": 2}
    grown = [g for g, r in zip(graph.edges.columns["growth"], relations) if r == "next"]
    assert grown[0] == pytest.approx(np.log(3.648 / 1.728) / (90 / (365.25 / 12)), rel=1e-3)
    assert graph.pairs.max() < graph.nodes.row_count


def test_only_the_four_nearest_within_60_mm_are_neighbours():
    line = np.array([[10.0 * n, 0, 0] for n in range(8)] + [[500.0, 0, 0]])
    near = neighbours(line)
    assert near.sum(axis=1).tolist() == [4] * 8 + [0]
    assert near[0].tolist() == [False, True, True, True, True] + [False] * 4


def test_nothing_drawn_or_no_lesion_is_told():
    with pytest.raises(st.InputError, match="Spleen"):
        rows_of(st.FollowUp("p", (visit({"Spleen": box((-5,) * 3, (5,) * 3)}),)))
    with pytest.raises(st.InputError, match="no visit has a lesion"):
        rows_of(st.FollowUp("p", (visit({"Liver": box((-5,) * 3, (5,) * 3)}),)))


def test_two_masks_of_one_structure_are_told():
    found, findings = drawn_structures(
        visit({"liver": box((-5,) * 3, (5,) * 3), "liver parenchyma": box((-3,) * 3, (5,) * 3)})
    )
    assert [drawn.name for drawn in found] == ["liver"]
    assert findings[0].code == "W-STRUCTURE"
