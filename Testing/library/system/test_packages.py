"""What is not installed is asked for once, all of it, with what brings it."""

import sys
import tomllib
from pathlib import Path

import pytest
from library.command_line.commands import refused, run

import SpatioTemporalLib as st
from SpatioTemporalLib.command_line.verbs import doctor
from SpatioTemporalLib.system import packages
from SpatioTemporalLib.version import DISTRIBUTION, __version__

PROJECT = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def name_of(requirement):
    return requirement.split(">")[0].split("[")[0]


@pytest.fixture
def absent(monkeypatch):
    """Make packages be as if they were not installed."""

    def hide(*names):
        class Absent:
            def find_spec(self, name, path=None, target=None):
                if name.split(".")[0] in names:
                    raise ModuleNotFoundError(f"No module named {name!r}", name=name)

        for name in list(sys.modules):
            if name.split(".")[0] in names:
                monkeypatch.delitem(sys.modules, name)
        monkeypatch.setattr(sys, "meta_path", [Absent(), *sys.meta_path])

    return hide


def test_extras_are_those_of_the_distribution():
    offered = PROJECT["optional-dependencies"]
    assert PROJECT["name"] == DISTRIBUTION
    for_users = {name: tuple(map(name_of, needs)) for name, needs in offered.items() if name in packages.EXTRAS}
    assert for_users == packages.EXTRAS
    assert set(offered) - set(packages.EXTRAS) == {"dev", "benchmarks", "docs"}
    assert any(need.startswith(f"{DISTRIBUTION}[") for need in offered["dev"])


def test_everything_of_an_extra_is_asked_for_at_once(absent):
    absent("torch", "monai", "safetensors")
    with pytest.raises(st.MissingPackageError) as caught:
        packages.require("torch", package="torch", extra="networks", purpose="A network")
    text = str(caught.value)
    assert caught.value.packages == ("torch", "monai", "safetensors")
    assert "torch, monai and safetensors, which are not installed" in text
    assert "pip install torch monai safetensors" in text and f"{DISTRIBUTION}[networks]" in text


def test_what_is_installed_is_not_asked_for(absent):
    absent("monai")
    with pytest.raises(st.MissingPackageError, match="the package monai, which is not") as caught:
        packages.require("monai", package="monai", extra="networks", purpose="A network")
    assert caught.value.packages == ("monai",)


def test_packages_of_several_options_are_asked_for_together(capsys, absent, tmp_path):
    absent("slicer", "highdicom")
    told = refused(
        capsys, "run", "kinetics.tofts", "--series", "x.nii", "--out", tmp_path, "--dicom", "--scene", "s.mrb"
    )
    assert "slicer-core and highdicom" in told and f"{DISTRIBUTION}[slicer,dicom]" in told


def test_what_every_installation_has_is_no_extra(absent):
    absent("pydicom")
    with pytest.raises(st.MissingPackageError) as caught:
        packages.require("pydicom", package="pydicom", purpose="Reading DICOM")
    assert "pip install pydicom" in str(caught.value) and "extra" not in str(caught.value)


def test_doctor_lists_every_package_with_what_it_serves(capsys, monkeypatch):
    real = doctor._version
    monkeypatch.setattr(doctor, "_version", lambda name: doctor.ABSENT if name == "highdicom" else real(name))
    _, out, _ = run(capsys, "doctor")
    assert out.startswith(f"{DISTRIBUTION} {__version__}")
    for package in map(name_of, PROJECT["dependencies"]):
        assert f"  {package} " in out
    for extra, names in packages.EXTRAS.items():
        for package in names:
            (line,) = [line for line in out.splitlines() if line.startswith(f"  {package} ")]
            assert packages.SERVES[package] in line and f"[{extra}]" in line
    assert "pip install highdicom" in out


def test_version_is_told_under_the_name_of_the_distribution():
    from SpatioTemporalLib.run import software_versions

    assert software_versions()[DISTRIBUTION] == __version__ == st.__version__
