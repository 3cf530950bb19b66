"""New and vanished lesions by a network: what it finds, where it lies, and what it refuses."""

from dataclasses import replace

import numpy as np
import pytest
from library.small.bundles import small_bundle
from library.small.pairs import SHAPE, simulated_visits, small_pair_bundle

import SpatioTemporalLib as st
from SpatioTemporalLib.data.follow_up import FollowUp, Visit
from SpatioTemporalLib.errors import InputError
from SpatioTemporalLib.networks.bundle.reading import read_bundle
from SpatioTemporalLib.networks.inference.change import log_probabilities
from SpatioTemporalLib.numerics.spatial.mask_overlap import dice
from SpatioTemporalLib.steps.follow_up.visit_pair import robust_scaled


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return small_pair_bundle(tmp_path_factory.mktemp("bundle") / "b")


@pytest.fixture(scope="module")
def shipped():
    """What the shipped network makes of a pair it has not seen, as it came and with its visits exchanged."""
    visits, pair = simulated_visits(seed=70, shape=(16, 48, 48))
    first, second = (visit.images["flair"] for visit in visits.visits)
    swapped = FollowUp("simulated", (Visit(0.0, {"flair": second}), Visit(pair.days, {"flair": first})))
    return found(visits, "change-demo"), found(swapped, "change-demo"), pair


def found(visits, bundle, **given):
    return st.run(
        "follow_up.change_by_network", visits=visits, bundle=str(bundle), context=st.Context(device="cpu"), **given
    )


def whole(visits):
    grid = visits.visits[-1].images["flair"].geometry
    return st.LabelMap(np.ones(grid.shape, np.uint8), grid)


def codes(result):
    return {finding.code for finding in result.findings}


def test_probabilities_are_those_of_the_network(bundle):
    visits, pair = simulated_visits()
    result = found(visits, bundle, region=whole(visits), overlap=0.5)
    images = np.stack([robust_scaled(image, "") for image in pair.images])
    scores = log_probabilities(read_bundle(bundle).networks, images, pair.days, (4, 8, 8))
    chances = np.exp(scores) / np.exp(scores).sum(axis=0)
    np.testing.assert_allclose(result.new.values, chances[1], atol=1e-5)
    np.testing.assert_allclose(result.vanished.values, chances[2], atol=1e-5)
    wanted = np.where(chances.max(axis=0) >= 0.3, chances.argmax(axis=0), 0)
    assert (result.changes.values != wanted).mean() < 1e-3
    np.testing.assert_allclose(result.difference.values, images[1] - images[0], atol=1e-5)
    assert "W-SIMULATED" in codes(result)


def test_the_shipped_network_finds_what_is_new_and_what_has_gone(shipped):
    result, swapped, pair = shipped
    assert pair.new.any() and pair.persistent.any()
    assert dice(result.changes.values == 1, pair.new) > 0.75
    assert not (result.changes.foreground & pair.persistent).any()
    assert dice(swapped.changes.values == 2, pair.new) > 0.75 and not (swapped.changes.values == 1)[pair.new].any()


def test_each_lesion_has_a_row_with_its_volume_and_place(shipped):
    result, _, pair = shipped
    rows = result.lesions
    assert rows.units["volume"] == "mL" and rows.columns["lesion"] == list(range(1, rows.row_count + 1))
    assert rows.columns["volume"] == sorted(rows.columns["volume"], reverse=True)
    assert sum(rows.columns["volume"]) == pytest.approx(np.count_nonzero(result.changes.values) / 1000)
    for state, *place in zip(*(rows.columns[name] for name in ("state", *"RAS"))):
        i, j, k = np.rint(place).astype(int)
        assert getattr(pair, state)[k, j, i]


def test_nothing_is_found_outside_the_region(shipped):
    result, _, pair = shipped
    visits, _ = simulated_visits(seed=70, shape=(16, 48, 48))
    region = np.zeros((16, 48, 48), np.uint8)
    region[:, :, :24] = 1
    left = found(visits, "change-demo", region=st.LabelMap(region, visits.visits[-1].images["flair"].geometry))
    assert not left.changes.values[:, :, 24:].any() and not left.new.values[:, :, 24:].any()
    assert (result.changes.values[:, :, 24:] > 0).any()


def test_small_lesions_are_left_out_on_request(shipped):
    result, _, _ = shipped
    visits, _ = simulated_visits(seed=70, shape=(16, 48, 48))
    volumes = result.lesions.columns["volume"]
    limit = (volumes[0] + volumes[-1]) / 2
    fewer = found(visits, "change-demo", smallest=limit).lesions.columns["volume"]
    assert fewer == [volume for volume in volumes if volume >= limit] and len(fewer) < len(volumes)


def test_maps_lie_on_the_grid_of_the_later_visit_whatever_its_axes(bundle):
    visits, _ = simulated_visits()
    turned, _ = simulated_visits(geometry=st.Geometry(SHAPE, np.diag([-1.0, -1.0, 1.0, 1.0])))
    result = found(turned, bundle, region=whole(turned))
    assert result.changes.geometry == turned.visits[-1].images["flair"].geometry
    flipped = FollowUp(
        "simulated",
        tuple(
            Visit(v.days, {"flair": replace(v.images["flair"], values=v.images["flair"].values[:, ::-1, ::-1])})
            for v in visits.visits
        ),
    )
    straight = found(flipped, bundle, region=whole(flipped)).new.values[:, ::-1, ::-1]
    np.testing.assert_allclose(result.new.values, straight, atol=1e-5)


def test_visits_far_apart_in_time_are_told(bundle):
    visits, _ = simulated_visits()
    later = FollowUp("simulated", (visits.visits[0], replace(visits.visits[1], days=4000.0)))
    assert "W-INTERVAL" in codes(found(later, bundle))


def test_an_empty_region_is_refused(bundle):
    visits, _ = simulated_visits()
    grid = visits.visits[-1].images["flair"].geometry
    with pytest.raises(InputError) as caught:
        found(visits, bundle, region=st.LabelMap(np.zeros(SHAPE, np.uint8), grid, name="brain"))
    assert caught.value.code.startswith("E-MASK")


def test_visits_that_show_different_places_are_refused(bundle):
    visits, _ = simulated_visits()
    first, second = visits.visits
    moved = replace(first.images["flair"], geometry=st.Geometry.from_spacing(SHAPE, origin=(0.0, 900.0, 0.0)))
    with pytest.raises(InputError, match="lie apart in the scanner"):
        found(FollowUp("simulated", (Visit(0.0, {"flair": moved}), second)), bundle)


def test_a_bundle_of_another_task_is_refused(tmp_path):
    visits, _ = simulated_visits()
    with pytest.raises(InputError, match="trained for classification, change is asked for"):
        found(visits, small_bundle(tmp_path / "b"))
