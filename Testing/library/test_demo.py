"""The demo is the main job: everything it promises is there, and its numbers are right."""

import json

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib import cli


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "out"
    assert cli.main(["demo", "--out", str(folder)]) == 0
    return folder


def test_maps_tables_picture_and_scene_are_written(demo):
    maps = ("t1/t1", "concentration/concentration", "extended_tofts/ktrans", "enhancement/iauc60")
    for name in ("demo.png", "scene.mrb", *(f"{m}.nii.gz" for m in maps)):
        assert (demo / name).stat().st_size > 1000
    assert st.read_labels(demo / "enhancing_tissue" / "regions.nii.gz").volume_ml(1) > 1


def test_every_output_has_its_unit_and_provenance(demo):
    for summary in demo.glob("*/result.json"):
        content = json.loads(summary.read_text())
        assert content["provenance"]["inputs"]
        for output in content["outputs"].values():
            assert output["kind"] not in ("Map", "Series") or output["unit"]


def test_lesion_has_plausible_ktrans(demo):
    ktrans = st.read_map(demo / "extended_tofts" / "ktrans.nii.gz")
    assert ktrans.unit == "1/min"
    # Breast cancers are commonly reported between 0.05 and 0.5 1/min.
    assert 0.05 < np.nanmedian(ktrans.values) < 0.5


def test_phantom_estimates_are_close_to_the_truth(demo, worst_error):
    table = st.read_table(demo / "phantom.csv")
    for quantity, truth, median in zip(*(table.columns[name] for name in ("quantity", "truth", "median"))):
        error = abs(median - truth)
        worst_error(f"demo phantom: {quantity}, median against truth", error, 0.01)
        assert error <= 0.01


def test_second_demo_does_not_overwrite_the_first(demo, capsys):
    assert cli.main(["demo", "--out", str(demo)]) == 2
    assert "--overwrite" in capsys.readouterr().err
