"""What stands beside the probability: maps, growth, and a page that says all of it."""

from dataclasses import replace

import numpy as np
import pytest
from library.analyses.follow_up.malignancy.assessed_patient import (
    assessed,
    batch_by_hand,
    codes_of,
    difference,
    probability,
)

from SpatioTemporalLib.context import Context
from SpatioTemporalLib.networks.bundle.reading import read_bundle
from SpatioTemporalLib.networks.bundle.writing import write_bundle
from SpatioTemporalLib.networks.explanation.baselines import baseline_images
from SpatioTemporalLib.networks.inference.follow_up_report import visits_figure
from SpatioTemporalLib.networks.inference.patient import Wishes, assess
from SpatioTemporalLib.numerics.statistics.growth import lesion_volume
from SpatioTemporalLib.steps.follow_up.visit_crops import centres_of


def test_maps_lie_where_the_nodule_is_in_each_visit(result, visits):
    for n, centre in enumerate(centres_of(visits), start=1):
        for name in ("layer_cam", "grad_cam", "integrated_gradients"):
            found = result[f"{name}_{n}"]
            assert found.geometry.shape == (8, 16, 16) and np.isfinite(found.values).all()
            np.testing.assert_allclose(found.geometry.spacing, (1.5, 1.5, 2.0), rtol=1e-6)
            np.testing.assert_allclose(found.geometry.ijk_to_ras((7.5, 7.5, 3.5)), centre, atol=1e-4)
    assert not result["grad_cam_1"].geometry.matches(result["grad_cam_2"].geometry)


def test_integrated_gradients_add_up_to_the_change_of_the_log_odds(result, visits, ensemble):
    bundle = read_bundle(ensemble)
    batch = batch_by_hand(bundle, visits)
    start = replace(batch, images=baseline_images(batch, "carry_forward"))
    change = np.mean([difference(net, batch) - difference(net, start) for net in bundle.networks])
    total = sum(result[f"integrated_gradients_{n}"].values.sum(dtype=float) for n in (1, 2))
    assert abs(change) > 0.01
    assert total == pytest.approx(change, rel=0.01)
    assert "W-COMPLETENESS" not in codes_of(result)


def test_growth_is_that_of_the_masks(result, visits):
    volumes = [lesion_volume(v.masks["nodule"].foreground, v.masks["nodule"].geometry) for v in visits.visits]
    table = result.growth
    assert table.columns["volume"] == pytest.approx(volumes) and table.units["volume"] == "mL"
    assert table.columns["day"] == visits.days.tolist()
    assert table.columns["growth"] == pytest.approx([0, 100 * (volumes[1] / volumes[0] - 1)])
    doubling = visits.days[1] * np.log(2) / np.log(volumes[1] / volumes[0])
    assert table.columns["doubling time"][0] == pytest.approx(doubling, rel=1e-6)


def test_growth_without_a_second_mask_is_told(visits, trained_bundle):
    first = replace(visits.visits[0], masks={})
    found = assessed(replace(visits, visits=(first, visits.visits[1])), trained_bundle)
    assert "growth" not in found and "N-GROWTH" in codes_of(found) and "Not measured" in found.report.html


def test_simulated_training_data_are_told_wherever_the_answer_is(result):
    assert "W-SIMULATED" in codes_of(result)
    assert "SIMULATED DATA" in result.prediction.columns["trained on"][0]
    assert "trained on simulated data" in result.report.html and "not for clinical use" in result.report.html


def test_the_report_is_one_page_that_fetches_nothing(result):
    html = result.report.html
    assert html.count("<html") == html.count("</html>") == html.count("<body>") == 1
    assert "http:" not in html and "https:" not in html and "<script" not in html and "<link" not in html
    assert html.count('src="') == html.count('src="data:image/png;base64,') == 1
    assert f"{100 * probability(result):.0f} %" in html


def test_names_in_the_report_are_words_and_never_markup(visits, trained_bundle, tmp_path):
    bundle = read_bundle(trained_bundle)
    evil = "<script>alert(1)</script>"
    training = replace(bundle.facts.training, data=evil, outcome="a<b>", simulated=False)
    folder = write_bundle(tmp_path / "evil<i>", replace(bundle.facts, training=training), bundle.networks)
    html = assessed(visits, folder).report.html
    assert evil not in html and "&lt;script&gt;alert(1)" in html
    assert "a<b>" not in html and "a&lt;b&gt;" in html and "evil<i>" not in html


def test_pictures_show_the_right_of_the_patient_on_the_left(visits, ensemble):
    found = assess(read_bundle(ensemble), visits, centres_of(visits), {}, Wishes(device="cpu"), Context())
    figure = visits_figure(found)
    pictures = [axes for axes in figure.axes if len(axes.texts) == 3]
    assert len(pictures) == 2 * (1 + len(found.maps))
    for axes in pictures:
        # Columns of a region run to the patient's right, rows to the front.
        (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
        assert left > right and bottom < top
        assert {text.get_text(): text.get_position()[0] < 0.5 for text in axes.texts if text.get_text() in "RL"} == {
            "R": True,
            "L": False,
        }
