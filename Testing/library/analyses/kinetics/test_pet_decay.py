"""Decay of PET tracers: what the files say, and what was chosen."""

import numpy as np
import pytest
from library.analyses.kinetics.tracer_tissue import EDGES, GRID, INPUT, LENGTHS, PLASMA, TIMES, tissue

import SpatioTemporalLib as st
from SpatioTemporalLib.errors import ParameterError

K1, K2, VB = 0.3, 0.2, 0.05
C11 = np.log(2) / 1221.8


def run(curve, plasma=INPUT, decay="corrected", isotope="auto", **facts):
    acquisition = st.Acquisition(modality="PT", **facts)
    series = st.Series.from_curves(TIMES, curve, unit="kBq/mL", name="pet", durations=LENGTHS, acquisition=acquisition)
    return st.run("kinetics.one_tissue", series=series, plasma=plasma, decay=decay, isotope=isotope)


def k1(result):
    return float(result.k1.values.reshape(-1)[0])


def decayed(rate):
    return tissue(K1, K2, vb=VB) * (np.exp(-rate * EDGES[:-1]) - np.exp(-rate * EDGES[1:])) / (rate * LENGTHS)


def test_the_isotope_of_the_files_corrects_uncorrected_activity():
    plasma = st.Curve(GRID, PLASMA * np.exp(-C11 * GRID), "kBq/mL", "plasma")
    result = run(decayed(C11), plasma, "uncorrected", half_life=1223.0, decay_corrected=False)
    assert k1(result) == pytest.approx(K1, rel=5e-3)


def test_activity_corrected_to_the_start_of_a_late_scan_is_brought_to_the_injection():
    to_start = tissue(K1, K2, vb=VB) * np.exp(-C11 * 600)
    result = run(to_start, half_life=1221.8, decay_corrected=True, decay_corrected_to=600.0)
    assert k1(result) == pytest.approx(K1, rel=1e-3)
    assert "R-DECAY-TIME" in {finding.code for finding in result.findings}


@pytest.mark.parametrize(("stated", "chosen"), [(False, "corrected"), (True, "uncorrected")])
def test_a_choice_that_contradicts_the_files_is_refused(stated, chosen):
    with pytest.raises(ParameterError, match="decay") as caught:
        run(tissue(K1, K2, vb=VB), decay=chosen, decay_corrected=stated)
    assert caught.value.code == "E-DECAY"


def test_another_isotope_than_that_of_the_files_is_refused():
    with pytest.raises(ParameterError, match="1221.8 s, the files of the series say 6586.2 s"):
        run(tissue(K1, K2, vb=VB), isotope="C-11", half_life=6586.2)


def test_an_isotope_that_is_only_assumed_is_told_where_decay_is_corrected_here():
    ga68 = np.log(2) / 4062.6
    plasma = st.Curve(GRID, PLASMA * np.exp(-ga68 * GRID), "kBq/mL", "plasma")
    assumed = {finding.code for finding in run(decayed(ga68), plasma, "uncorrected").findings}
    chosen = run(decayed(ga68), plasma, "uncorrected", isotope="Ga-68")
    assert "W-ISOTOPE" in assumed and "W-ISOTOPE" not in {finding.code for finding in chosen.findings}
    assert k1(chosen) == pytest.approx(K1, rel=5e-3)
    assert "W-ISOTOPE" not in {finding.code for finding in run(tissue(K1, K2, vb=VB)).findings}
