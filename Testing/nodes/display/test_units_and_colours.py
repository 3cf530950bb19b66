"""Units as UCUM, colours for every map."""

from __future__ import annotations

import numpy as np
import pytest
from SpatioTemporalNodes.display.colours import CONTROL_POINTS, categorical_colour, colour_node, colour_table
from SpatioTemporalNodes.values.units import units_entry

from SpatioTemporalLib.data.units import ucum


@pytest.mark.parametrize(
    ("unit", "code"),
    [
        ("1/min", "/min"),
        ("1/s", "/s"),
        ("mmol/L", "mmol/L"),
        ("mM", "mmol/L"),
        ("mmol/L/s", "mmol/L/s"),
        ("mmol/L s", "mmol/L.s"),
        ("s", "s"),
        ("1", "1"),
        ("%", "%"),
        ("%/s", "%/s"),
        ("mm^2/s", "mm2/s"),
        ("mm²", "mm2"),
        ("µm", "um"),
        ("HU", "[hnsf'U]"),
        ("a.u.", "[arb'U]"),
        ("a.u.*s", "[arb'U].s"),
        ("HU/s", "[hnsf'U]/s"),
        ("mL/100mL/min", "mL/(100.mL)/min"),
        ("°", "deg"),
    ],
)
def test_units_are_written_as_ucum(unit, code):
    assert ucum(unit) == code
    entry = units_entry(unit)
    assert (entry.GetCodeValue(), entry.GetCodingSchemeDesignator(), entry.GetCodeMeaning()) == (code, "UCUM", unit)


DIVERGING = {"coolwarm"}


def test_diverging_colours_are_lightest_in_the_middle():
    for name in DIVERGING:
        lightness = (colour_table(name) ** 2.2) @ (0.2126, 0.7152, 0.0722)
        assert abs(lightness.argmax() / len(lightness) - 0.5) < 0.05


@pytest.mark.parametrize("name", sorted(set(CONTROL_POINTS) - DIVERGING))
def test_colours_rise_evenly_in_lightness(name):
    # Lightness weights of sRGB: what makes a map readable in print and for colour-blind readers.
    lightness = (colour_table(name) ** 2.2) @ (0.2126, 0.7152, 0.0722)
    assert (np.diff(lightness) > -1e-3).all()


@pytest.mark.parametrize("name", ["viridis", "Inferno", "gray", "no such map"])
def test_colour_node_is_never_none_and_made_once(scene, name):
    first = colour_node(scene, name)
    assert first is not None and first.GetScene() is scene
    assert colour_node(scene, name) is first


def test_colours_of_the_application_are_used_where_it_has_them(scene):
    own = scene.CreateNodeByClass("vtkMRMLColorTableNode")
    own.UnRegister(None)
    own.SetName("Viridis")
    scene.AddNode(own)
    assert colour_node(scene, "viridis") is own


def test_categorical_colours_differ():
    assert len({categorical_colour(i) for i in range(7)}) == 7
    assert categorical_colour(7) == categorical_colour(0)
