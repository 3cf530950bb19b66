import numpy as np
import pytest

import SpatioTemporalLib as st

TIMES = np.arange(0, 300, 10.0)


def blobs():
    """Tissue of signal 100 with a large and a small square that rise threefold after 60 s."""
    values = np.full((len(TIMES), 1, 40, 40), 100.0)
    rise = np.interp(TIMES, [60, 120], [0, 200])[:, None, None]
    values[:, 0, 5:20, 5:20] += rise
    values[:, 0, 28:34, 28:34] += rise
    values[:, 0, 36, :] += rise[:, 0]
    return st.Series(values, TIMES, st.Geometry.from_spacing(values.shape[1:], (1, 1, 5)), name="dce")


def test_regions_are_ranked_by_volume_and_have_terminology():
    regions = st.run("segmentation.enhancing_tissue", series=blobs()).regions
    assert list(regions.labels) == [1, 2]
    assert regions.volume_ml(1) == pytest.approx(15 * 15 * 5 / 1000)
    assert regions.volume_ml(2) == pytest.approx(6 * 6 * 5 / 1000)
    assert regions.labels[1].type.scheme == "SCT"


def test_thin_strands_are_opened_away_only_when_asked():
    thin = st.run("segmentation.enhancing_tissue", series=blobs(), opening=0).regions
    assert 40 * 5 / 1000 in [pytest.approx(thin.volume_ml(v)) for v in thin.labels]


def test_nothing_that_enhances_is_said_with_the_threshold():
    with pytest.raises(st.InputError, match="enhances by 500 %") as caught:
        st.run("segmentation.enhancing_tissue", series=blobs(), threshold=500)
    assert caught.value.code == "E-NO-REGION"


def test_concentration_is_refused():
    series = blobs()
    concentration = st.Series(series.values, TIMES, series.geometry, unit="mmol/L")
    with pytest.raises(st.InputError, match="needs the signal"):
        st.run("segmentation.enhancing_tissue", series=concentration)
