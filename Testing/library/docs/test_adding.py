"""What the manual says is one new file, is: written into a folder of its own, it is found and used, nothing touched."""

import subprocess
import sys

import numpy as np
import pytest
from library.docs.manual_blocks import ROOT, the_file
from library.other_packages import installed
from library.small.cohort import BRIEF, REGION

import SpatioTemporalLib as st
from Documentation.generate.analysis_page import analysis_page
from Documentation.generate.format_page import format_page
from Documentation.generate.network_page import network_page
from SpatioTemporalLib import cli, registry
from SpatioTemporalLib.io import formats
from SpatioTemporalLib.io.images.format_registry import found_formats, image_formats
from SpatioTemporalLib.networks import registry as network_registry
from SpatioTemporalLib.networks import systems


@pytest.fixture
def new_domain(tmp_path, monkeypatch):
    """Another folder in which analyses are looked for, with what the manual shows in a domain of its own."""
    folder = tmp_path / "features"
    folder.mkdir()
    (folder / "temporal_cnr.py").write_text(the_file("analysis.md"), encoding="utf-8")
    monkeypatch.setattr(registry.built_in, "__path__", [*registry.built_in.__path__, str(tmp_path)])
    registry.discover.cache_clear()
    yield "features.temporal_cnr"
    registry.discover.cache_clear()
    forget("SpatioTemporalLib.analyses.features", monkeypatch)


def forget(prefix, monkeypatch):
    for name in [name for name in sys.modules if name.startswith(prefix)]:
        monkeypatch.delitem(sys.modules, name)


def test_analysis_in_a_new_folder_runs_and_is_described(new_domain, capsys):
    values = np.array([1.0, 3.0, 2.0, 2.0, 2.0, 9.0])
    result = st.run(new_domain, series=st.Series.from_curves(np.arange(6.0), values))
    assert result.cnr.values.item() == pytest.approx((9 - 2) / np.sqrt(0.5), rel=1e-6)
    assert cli.main(["describe", new_domain]) == 0
    assert "baseline_frames = 5, 2 to 50" in capsys.readouterr().out


def test_analysis_in_a_new_folder_has_its_page_with_calls(new_domain):
    page = analysis_page(st.get(new_domain))
    assert "# Temporal contrast-to-noise ratio" in page and "| `baseline_frames` | 5 |" in page
    assert f"spatiotemporal run {new_domain} --series" in page


def test_analysis_of_another_package_is_listed_by_the_command(tmp_path):
    installed(tmp_path, "temporal_cnr", the_file("analysis.md"))
    command = [sys.executable, "-m", "SpatioTemporalLib", "list"]
    paths = {"PYTHONPATH": f"{tmp_path}:{ROOT}", "PATH": ""}
    listed = subprocess.run(command, capture_output=True, text=True, check=True, env=paths)
    assert "features.temporal_cnr" in listed.stdout


@pytest.fixture
def new_network(tmp_path, monkeypatch):
    """Another folder in which networks are looked for, with what the manual shows."""
    (tmp_path / "mean_intensity.py").write_text(the_file("network.md"), encoding="utf-8")
    monkeypatch.setattr(systems, "__path__", [*systems.__path__, str(tmp_path)])
    network_registry.networks.cache_clear()
    yield "mean-intensity"
    network_registry.networks.cache_clear()
    forget("SpatioTemporalLib.networks.systems.mean_intensity", monkeypatch)


def test_network_in_a_new_file_is_trained_and_its_bundle_asked(
    new_network, cohort_folder, other_cohort_folder, tmp_path, capsys
):
    bundle = tmp_path / "bundle"
    options = ["--cohort", str(cohort_folder), "--out", str(bundle), *REGION, *BRIEF, "--simulated"]
    assert cli.main(["train", new_network, *options]) == 0, capsys.readouterr().err
    capsys.readouterr()
    assert cli.main(["bundle", str(bundle)]) == 0
    assert new_network in capsys.readouterr().out
    evaluated = ["--cohort", str(other_cohort_folder), "--split", "all", "--out", str(tmp_path / "evaluation")]
    assert cli.main(["evaluate", str(bundle), *evaluated]) == 0


def test_network_in_a_new_file_has_its_page(new_network):
    page = network_page(network_registry.networks()[new_network])
    assert "# mean-intensity" in page and "| `default` | 4 |" in page and "Logistic regression" in page


TEXT = "TEXT VOLUME\n1 1 2\n3 2 2\n0 2.5 7\n1 10 2 20 3 30\n"


@pytest.fixture
def new_format(tmp_path, monkeypatch):
    """Another folder in which formats are looked for, with what the manual shows."""
    folder = tmp_path / "formats"
    folder.mkdir()
    (folder / "text_volume.py").write_text(the_file("format.md"), encoding="utf-8")
    monkeypatch.setattr(formats, "__path__", [*formats.__path__, str(folder)])
    found_formats.cache_clear()
    yield
    found_formats.cache_clear()
    forget("SpatioTemporalLib.io.formats.text_volume", monkeypatch)


@pytest.mark.parametrize("name", ["dce.txv", "told by its first bytes"])
def test_format_in_a_new_file_is_read(new_format, tmp_path, name):
    (tmp_path / name).write_text(TEXT)
    series = st.read_series(tmp_path / name)
    assert series.times.tolist() == [0, 2.5, 7] and series.time_source == "the text volume's line of times"
    assert series.values[:, 0, 0].tolist() == [[1, 10], [2, 20], [3, 30]]
    assert series.name == name.removesuffix(".txv")


def test_format_in_a_new_file_is_one_for_maps_cohorts_and_the_command(new_format, tmp_path, capsys):
    (tmp_path / "dce.txv").write_text(TEXT)
    (tmp_path / "ct.txv").write_text("TEXT VOLUME\n1 1 2\n3 2 2\n0\n1 10\n")
    assert st.read_map(tmp_path / "ct.txv").values.ravel().tolist() == [1, 10]
    (tmp_path / "participants.csv").write_text("participant_id\na\n")
    (tmp_path / "timepoints.csv").write_text("participant_id,days,image:ct [HU]\na,0,ct.txv\n")
    assert st.read_participant(tmp_path, "a").visits[0].images["ct"].values.ravel().tolist() == [1, 10]
    assert cli.main(["convert", str(tmp_path / "dce.txv"), str(tmp_path / "dce.nii.gz")]) == 0
    assert st.read_series(tmp_path / "dce.nii.gz").times.tolist() == [0, 2.5, 7]
    (tmp_path / "cut.txv").write_text(TEXT[:-4])
    capsys.readouterr()
    assert cli.main(["convert", str(tmp_path / "cut.txv"), str(tmp_path / "cut.nii.gz")]) != 0
    assert "E-FILE-CORRUPT" in capsys.readouterr().err


def test_format_in_a_new_file_stands_in_messages_and_on_the_page(new_format, tmp_path):
    assert "| Text volume | `.txv` | series, maps, label maps | – |" in format_page(image_formats().values())
    (tmp_path / "picture.png").write_bytes(b"PNG")
    with pytest.raises(st.InputError, match=r"Text volume \(\.txv\)"):
        st.read_series(tmp_path / "picture.png")


def test_format_of_another_package_is_read_by_the_command(tmp_path):
    installed(tmp_path, "text_volume", the_file("format.md"), groups=("formats",))
    (tmp_path / "dce.txv").write_text(TEXT)
    command = [sys.executable, "-m", "SpatioTemporalLib", "convert", str(tmp_path / "dce.txv"), str(tmp_path / "a.nii")]
    paths = {"PYTHONPATH": f"{tmp_path}:{ROOT}", "PATH": ""}
    subprocess.run(command, capture_output=True, text=True, check=True, env=paths)
    assert st.read_series(tmp_path / "a.nii").times.tolist() == [0, 2.5, 7]
