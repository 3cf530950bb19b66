"""An image whose file says no unit: the refusal names the option that gives it, and the option is obeyed."""

import nibabel
import numpy as np
import pytest
from library.small.inputs import small_phantom

import SpatioTemporalLib as st
from SpatioTemporalLib import cli


@pytest.fixture
def given(tmp_path):
    series = small_phantom().series
    st.write_series(tmp_path / "dce.nii.gz", series)
    for name, value in {"t1_map": 1.4, "b1_map": 1.0}.items():
        values = np.full(series.geometry.shape[::-1], value, np.float32)
        nibabel.save(nibabel.Nifti1Image(values, series.geometry.affine), tmp_path / f"{name}.nii.gz")
    return tmp_path


def run(folder, *arguments):
    words = ["run", "kinetics.concentration", "--series", folder / "dce.nii.gz", "--out", folder / "out", *arguments]
    return cli.main([str(word) for word in words])


@pytest.mark.parametrize("name, unit", [("t1_map", "s"), ("b1_map", "1")])
def test_refusal_names_the_option_of_the_command_line(given, capsys, name, unit):
    image = [f"--{name.replace('_', '-')}", given / f"{name}.nii.gz"]
    assert run(given, *image) == 2
    said = capsys.readouterr().err
    assert f"--unit {name}={unit}" in said and f"{name}.nii.gz" in said and "E-UNIT" in said
    assert run(given, *image, "--unit", f"{name}={unit}") == 0


def test_refusal_in_python_names_both(given):
    with pytest.raises(st.InputError, match='unit="1/min" .*--unit'):
        st.read_map(given / "t1_map.nii.gz")
