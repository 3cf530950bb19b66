"""Values that are usual for an organ and an agent, taken together by a name."""

from dataclasses import replace

import numpy as np
import pytest
from library.command_line.commands import refused, run
from library.small.inputs import small_phantom

import SpatioTemporalLib as st

WITH_PRESETS = [a for a in st.analyses().values() if a.presets]


def series():
    phantom = small_phantom()
    return replace(phantom.series, acquisition=replace(phantom.series.acquisition, field_strength=3.0)), phantom


@pytest.mark.parametrize("analysis", WITH_PRESETS, ids=lambda a: a.id)
def test_every_preset_fits_the_parameters(analysis):
    for name, values in analysis.presets.items():
        checked = analysis.checked_parameters({"preset": name})
        assert all(getattr(checked, n) == v for n, v in values.items()), name


def test_a_preset_is_the_values_it_stands_for_and_can_be_varied():
    dynamic, phantom = series()
    arguments = {"series": dynamic, "mask": phantom.tissue, "aif_mask": phantom.artery}
    by_name = st.run("kinetics.tofts", preset="prostate, gadobutrol", **arguments)
    by_value = st.run("kinetics.tofts", tissue="prostate", agent="gadobutrol", dose=0.1, **arguments)
    np.testing.assert_array_equal(by_name.ktrans.values, by_value.ktrans.values)
    assert by_name.provenance.parameters == by_value.provenance.parameters
    varied = st.run("kinetics.tofts", preset="prostate, gadobutrol", agent="gadoterate", **arguments)
    assert varied.provenance.parameters["agent"] == "gadoterate"
    assert varied.provenance.parameters["tissue"] == "prostate"


def test_unknown_presets_are_answered_with_those_there_are():
    with pytest.raises(st.ParameterError, match="no preset 'nose'; |no preset 'nose'.*liver, gadoxetate"):
        st.get("kinetics.tofts").checked_parameters({"preset": "nose"})
    with pytest.raises(st.ParameterError, match="no parameter 'preset'"):
        st.get("kinetics.one_tissue").checked_parameters({"preset": "nose"})


def test_presets_are_on_the_command_line(capsys, tmp_path):
    path = st.write_series(tmp_path / "dce.seq.nrrd", series()[0])
    command = ["run", "kinetics.tofts", "--series", path, "--out", tmp_path / "out", "--preset"]
    assert "liver, gadoxetate" in refused(capsys, *command, "nose")
    code, out, err = run(capsys, *command, "muscle, gadopentetate")
    assert code == 0 and "gadopentetate at 3 T" in out, err
    assert "prostate, gadobutrol: tissue = prostate" in run(capsys, "describe", "kinetics.tofts")[1]
