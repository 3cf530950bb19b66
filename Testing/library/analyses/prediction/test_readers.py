"""Readers over many cases: correlations of volumes, pooled counts, and a model beside the reader who is left out."""

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.numerics.statistics.agreement import absolute_agreement, cohen_kappa

SHAPE, SPACING = (6, 22, 22), (1.0, 1.0, 2.0)


def box(size, shift=0):
    mask = np.zeros(SHAPE, bool)
    mask[1:4, 3 : 3 + size, 3 + shift : 3 + shift + size] = True
    return mask


def write(folder, name, mask, label="lesion", spacing=SPACING):
    labels = {1: st.Label(label)} if mask.any() else {}
    image = st.LabelMap(mask.astype(np.uint8), st.Geometry.from_spacing(SHAPE, spacing), labels, name)
    st.write_labels(folder / f"{name}.nii.gz", image)
    return f"{name}.nii.gz"


SIZES = (4, 6, 8, 10, 12)
MORE = {"A": 0, "B": 1, "C": 0}


@pytest.fixture
def study(tmp_path):
    """Five cases of four patients; reader B draws everything a voxel larger, C as A but shifted; the model as A."""
    columns = {"participant_id": ["p1", "p1", "p2", "p3", "p4"]}
    for reader, more in MORE.items():
        columns[f"reader {reader}"] = [
            write(tmp_path, f"{reader}{n}", box(size + more, shift=int(reader == "C"))) for n, size in enumerate(SIZES)
        ]
    columns["model"] = [write(tmp_path, f"m{n}", box(size)) for n, size in enumerate(SIZES)]
    return tmp_path, columns


def assess(folder, columns, **more):
    result = st.run("prediction.readers", table=st.Table(columns), folder=str(folder), **more)
    table = result["agreement"].columns
    names = ("value", "lower", "upper", "cases", "patients")
    rows = zip(table["region"], table["measure"], *(table[name] for name in names))
    return result, {(region, measure): dict(zip(names, rest)) for region, measure, *rest in rows}


def test_the_volumes_correlate_as_the_table_of_them_does(study):
    result, found = assess(*study)
    volumes = np.array([[3 * (size + more) ** 2 * 2e-3 for more in MORE.values()] for size in SIZES])
    columns = result["volumes"].columns
    assert np.transpose([columns[reader] for reader in MORE]) == pytest.approx(volumes)
    expected = absolute_agreement(volumes)
    row = found["lesion", "ICC(2,1) of the volumes"]
    assert (row["value"], row["lower"], row["upper"]) == pytest.approx(tuple(expected))
    assert (row["cases"], row["patients"]) == (5, 4)
    pairs = result["pairs"].columns
    assert pairs["volume difference"][0] == pytest.approx((volumes[:, 0] - volumes[:, 1]).mean())


def test_kappa_is_over_the_voxels_of_all_cases(study):
    result, _ = assess(*study)
    counts = np.zeros(4)
    for size in SIZES:
        a, b, c = box(size), box(size + 1), box(size, 1)
        _, j, i = np.nonzero(a | b | c)
        rows = slice(max(j.min() - 3, 0), j.max() + 4), slice(max(i.min() - 3, 0), i.max() + 4)
        one, other = a[(slice(None), *rows)], b[(slice(None), *rows)]
        counts += [(one & other).sum(), (one & ~other).sum(), (other & ~one).sum(), (~one & ~other).sum()]
    assert result["pairs"].columns["kappa"][0] == pytest.approx(cohen_kappa(*counts))


def test_the_model_is_told_apart_from_the_readers_or_not(study):
    folder, columns = study
    _, found = assess(folder, columns)
    nearer = found["lesion", "Dice of the model less that of the reader left out"]
    assert nearer["value"] > 0
    columns["model"] = columns["reader A"]
    columns["reader B"] = columns["reader C"] = columns["reader A"]
    _, same = assess(folder, columns)
    assert same["lesion", "Dice of the model less that of the reader left out"]["value"] == 0.0
    assert same["lesion", "Dice of pairs"]["value"] == same["lesion", "ICC(2,1) of the volumes"]["value"] == 1.0


def test_lesions_that_one_reader_missed_lower_kappa(study):
    folder, columns = study
    columns["reader B"][0] = write(folder, "none", np.zeros(SHAPE, bool))
    _, found = assess(folder, columns)
    # Fourteen of fifteen readings mark: by hand, 4 of 5 lesions agree in all pairs and one in a third of them.
    agreed, share = (4 + 1 / 3) / 5, 14 / 15
    expected = (agreed - share**2 - (1 - share) ** 2) / (2 * share * (1 - share))
    assert found["lesion", "Fleiss' kappa of lesions"]["value"] == pytest.approx(expected)


def test_rows_without_a_reading_are_left_out_and_told(study):
    folder, columns = study
    columns["reader C"][1] = "n/a"
    result, found = assess(folder, columns)
    assert found["lesion", "Dice of pairs"]["cases"] == 4
    assert any("1 row left out" in str(finding) for finding in result.findings)


def test_other_grids_and_too_few_readers_are_refused_in_words(study):
    folder, columns = study
    with pytest.raises(st.InputError, match="two columns or more called reader"):
        assess(folder, {"reader A": columns["reader A"]})
    columns["reader B"][2] = write(folder, "coarse", box(5), spacing=(1.0, 1.0, 3.0))
    with pytest.raises(st.GeometryError, match="row 3, reader B"):
        assess(folder, columns)
