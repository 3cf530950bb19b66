"""Regions from tables and label maps: what comes out, over which image, and what is refused in words."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

import SpatioTemporalLib as st

SIDE, TILE = 6, 3


@cache
def image():
    """Thirty-six square regions in a plane, and one that touches none of them."""
    number = np.arange(1, SIDE * SIDE + 1).reshape(SIDE, SIDE)
    plane = np.kron(number, np.ones((TILE, TILE), int))
    values = np.zeros((3, *plane.shape), int)
    values[0], values[2, 0, 0] = plane, 99
    names = {int(n): st.Label(f"tile {n}") for n in number.ravel()} | {99: st.Label("islet")}
    return st.LabelMap(values, st.Geometry.from_spacing(values.shape, (1.0, 1.0, 1.0)), names, "regions")


def table(**columns):
    row, column = np.divmod(np.arange(SIDE * SIDE), SIDE)
    truth = np.append(row + column, 4) / 5
    value = truth + np.random.default_rng(0).normal(0, 0.3, len(truth))
    names = [f"tile {n}" for n in range(1, SIDE * SIDE + 1)] + ["islet"]
    return st.Table({"region": names, "value": value.tolist()} | columns, {"value": "mm"}, name="thickness")


@cache
def result():
    return st.run("spatial.regional_smoothing", regions=table(), labels=image(), threshold=1.0)


def test_maps_hold_the_value_of_each_region_and_nothing_outside():
    smoothed = dict(zip(result().smoothed.columns["region"], result().smoothed.columns["smoothed"]))
    values = result().smoothed_map.values
    for label in (1, 17, 99):
        here = values[image().values == label]
        np.testing.assert_allclose(here, smoothed[image().labels[label].name], rtol=1e-6)
    assert np.isnan(values[image().values == 0]).all()
    assert result().smoothed_map.unit == result().deviation_map.unit == "mm" and result().exceedance_map.unit == "1"


def test_rows_tell_neighbours_interval_and_exceedance():
    columns = result().smoothed.columns
    assert columns["neighbours"][0] == 2 and columns["neighbours"][7] == 4 and columns["neighbours"][36] == 0
    assert all(low < x < high for low, x, high in zip(columns["lower"], columns["smoothed"], columns["upper"]))
    order = np.argsort(columns["smoothed"])
    assert columns["probability above"][order[0]] < 0.05 and columns["probability above"][order[-1]] > 0.95
    assert any("islet" in finding.message for finding in result().findings)


def test_a_region_without_a_row_is_told_by_its_neighbours():
    few = table()
    without = replace(few, columns={name: cells[:7] + cells[8:] for name, cells in few.columns.items()})
    found = st.run("spatial.regional_smoothing", regions=without, labels=image())
    columns, before = found.smoothed.columns, result().smoothed.columns
    assert np.isnan(columns["measured"][7]) and columns["SD"][7] > before["SD"][7]
    assert abs(columns["smoothed"][7] - before["smoothed"][7]) < 0.4
    assert any("tile 8" in finding.message for finding in found.findings)


def test_pairs_of_neighbours_stand_for_an_image():
    pairs = []
    for n in range(1, SIDE * SIDE + 1):
        pairs += [(f"tile {n}", f"tile {n + 1}")] if n % SIDE else []
        pairs += [(f"tile {n}", f"tile {n + SIDE}")] if n + SIDE <= SIDE * SIDE else []
    edges = st.Table({"one": [a for a, _ in pairs], "other": [b for _, b in pairs]}, name="pairs")
    found = st.run("spatial.regional_smoothing", regions=table(), neighbours=edges, threshold=1.0)
    np.testing.assert_allclose(found.smoothed.columns["smoothed"], result().smoothed.columns["smoothed"], rtol=1e-3)
    assert "smoothed_map" not in found


def test_numbers_of_labels_name_regions_too():
    numbered = table(region=[*range(1, SIDE * SIDE + 1), 99])
    found = st.run("spatial.regional_smoothing", regions=numbered, labels=image(), threshold=1.0)
    assert found.smoothed.columns["smoothed"] == result().smoothed.columns["smoothed"]


def test_counts_become_ratios_with_their_exceedance_of_one():
    rng, expected = np.random.default_rng(1), np.full(37, 20.0)
    ratio = np.where(np.arange(37) < 18, 0.6, 1.6)
    counted = table(value=rng.poisson(expected * ratio).astype(float).tolist(), expected=expected.tolist())
    found = st.run("spatial.regional_smoothing", regions=counted, labels=image(), expected="expected")
    columns = found.smoothed.columns
    inside = slice(0, 36)
    assert np.abs(np.array(columns["smoothed"]) - ratio)[inside].mean() < 0.2
    assert np.mean(np.array(columns["probability above"])[inside].round() == (ratio[inside] > 1)) > 0.9
    assert found.smoothed_map.unit == "1" and "standard deviation of one value" not in found.spread.columns["quantity"]


def test_known_errors_decide_how_far_a_value_is_drawn():
    errors = [0.05] * 37
    errors[14] = 3.0
    value = list(table().columns["value"])
    value[14] = 9.0
    found = st.run("spatial.regional_smoothing", regions=table(value=value, se=errors), labels=image(), error="se")
    smoothed = np.array(found.smoothed.columns["smoothed"])
    assert smoothed[14] < 3.0
    np.testing.assert_allclose(np.delete(smoothed, 14), np.delete(value, 14), atol=0.2)


def with_cell(name, row, cell):
    def spoilt():
        whole = table()
        cells = list(whole.columns.get(name, [1.0] * 37))
        cells[row] = cell
        return replace(whole, columns=whole.columns | {name: cells})

    return spoilt


@pytest.mark.parametrize(
    ("make", "parameters", "code", "words"),
    [
        (with_cell("region", 3, "nowhere"), {}, "E-REGIONS-NAME", "nowhere"),
        (with_cell("region", 3, "tile 1"), {}, "E-REGIONS-TWICE", "rows .1 and 4"),
        (with_cell("value", 3, "thick"), {}, "E-TABLE", "'thick' in row 4"),
        (with_cell("n", 3, 0.0), {"size": "n"}, "E-REGIONS-VALUE", "row 4"),
        (with_cell("e", 3, 5.0), {"expected": "e"}, "E-REGIONS-VALUE", "whole number"),
        (lambda: table(value=[1.5] * 37), {}, "E-REGIONS-VALUE", "nothing to smooth"),
        (lambda: table(value=[1.0, 2.0] + [float("nan")] * 35), {}, "E-REGIONS-VALUE", "2 regions have a value"),
        (table, {"value": "volume"}, "E-TABLE", "volume"),
        (with_cell("value", 3, float("inf")), {}, "E-REGIONS-VALUE", "row 4"),
        (lambda: table(value=[0.0] * 37, e=[2.0] * 37), {"expected": "e"}, "E-REGIONS-VALUE", "above zero"),
    ],
)
def test_what_cannot_be_is_refused_in_words(make, parameters, code, words):
    with pytest.raises(st.InputError, match=words) as caught:
        st.run("spatial.regional_smoothing", regions=make(), labels=image(), **parameters)
    assert caught.value.code == code


def test_neighbours_have_to_come_from_somewhere():
    with pytest.raises(st.InputError, match="label map") as caught:
        st.run("spatial.regional_smoothing", regions=table())
    assert caught.value.code == "E-REGIONS-NEIGHBOURS"
    edges = st.Table({"a": ["tile 1"], "b": ["tile 77"]})
    with pytest.raises(st.InputError, match="tile 77"):
        st.run("spatial.regional_smoothing", regions=table(), neighbours=edges)
