"""Few clicks, the Python console, and analyses that nobody told the panel of."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import slicer
from gui.user import User
from SpatioTemporalNodes.display.overlay import overlaid_map

import SpatioTemporalLib as st

MODULE = Path(__file__).resolve().parents[2] / "SpatioTemporal"


@pytest.fixture
def logic(module, panel):
    return slicer.util.getModuleLogic("SpatioTemporal")


def test_from_sample_data_to_ktrans_in_five_clicks_or_fewer(panel, wait):
    user = User(panel)
    user.press(panel.data.ui.sampleButton)
    user.click_item(panel.analyse.ui.analysisTree, "Kinetics", "Extended Tofts")
    user.press(panel.run.ui.startButton)
    wait(lambda: panel.run.job is None)
    assert overlaid_map(slicer.mrmlScene).GetName() == "Breast DCE Ktrans"
    assert user.clicks == 3


def test_module_says_once_that_it_is_not_for_clinical_use(module):
    assert module.parent.helpText.count("not for clinical use") == 1
    assert module.parent.categories == ["Quantification"] and "Sequences" in module.parent.dependencies


def test_sample_data_are_registered_with_a_checksum(panel, monkeypatch):
    import hashlib
    import types
    from urllib.parse import urlparse

    from SpatioTemporal import registerSampleData

    registered = []
    stand_in = types.ModuleType("SampleData")
    stand_in.SampleDataLogic = types.SimpleNamespace(
        registerCustomSampleDataSource=lambda **facts: registered.append(facts)
    )
    registerSampleData()
    monkeypatch.setitem(sys.modules, "SampleData", stand_in)
    registerSampleData()
    (source,) = registered
    file = Path(urlparse(source["uris"]).path)
    assert source["checksums"] == f"SHA256:{hashlib.sha256(file.read_bytes()).hexdigest()}"
    assert file.name == source["fileNames"] and source["loadFileType"] == "SequenceFile"
    assert Path(source["thumbnailFileName"]).is_file()
    (node,) = source["customDownloader"](source)
    assert node.GetName() == "Breast DCE"


def test_modules_own_test_passes_here_too(panel):
    from SpatioTemporal import SpatioTemporalTest

    SpatioTemporalTest().runTest()
    assert overlaid_map(slicer.mrmlScene).GetName() == "Breast DCE Ktrans"


def test_console_runs_with_names_and_nodes(panel, logic):
    panel.data.ui.sampleButton.click()
    assert logic.analyses()["kinetics.extended_tofts"] == "Extended Tofts model"
    made = logic.run("kinetics.extended_tofts", series="Breast DCE", aif="Breast plasma", curve_is="plasma")
    assert made["ktrans"].GetName() == "Breast DCE Ktrans"
    t1 = logic.run("kinetics.variable_flip_angle_t1", stack="Breast flip angles")
    again = logic.run("kinetics.extended_tofts", series=slicer.util.getNode("Breast DCE"), t1_map=t1["t1"])
    assert again["ktrans"].GetName() != made["ktrans"].GetName()


def test_console_says_what_is_wrong(panel, logic):
    panel.data.ui.sampleButton.click()
    with pytest.raises(st.InputError, match="there is no node called 'nothing'"):
        logic.run("kinetics.tofts", series="nothing")
    with pytest.raises(st.ParameterError, match="outside 0..0.7"):
        logic.run("kinetics.tofts", series="Breast DCE", hematocrit=3)
    with pytest.raises(st.InputError, match="E-INPUT-MISSING"):
        logic.run("kinetics.tofts")
    with pytest.raises(st.errors.SpatioTemporalError, match="no aif was given"):
        logic.run("kinetics.tofts", series="Breast DCE", input_function="curve")


def test_console_gives_curves_and_converts(panel, logic):
    panel.data.ui.sampleButton.click()
    curve = logic.curve("Breast DCE", panel.data.view.probe.geometry.ijk_to_ras((80, 90, 0)))
    assert len(curve.times) == 25 and curve.unit == "a.u."
    volumes = []
    for number in range(3):
        volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", f"visit {number}")
        from SpatioTemporalNodes.values.voxels import set_node_values

        set_node_values(volume, np.full((2, 2, 2), number, np.float32))
        volumes.append(volume)
    sequence = logic.convert(volumes, times=[0, 10, 30], name="joined")
    assert [sequence.GetNthIndexValue(n) for n in range(3)] == ["0.0", "10.0", "30.0"]
    assert sequence.GetIndexUnit() == "s"


def test_new_analysis_appears_everywhere(panel, logic, dummy_package):
    assert logic.analyses()["dummy.slow_mean"] == "Slow mean"
    panel.analyse.choose("dummy.slow_mean")
    fields = panel.analyse.form.fields
    assert [type(f.editor).__name__ for f in fields.values()] == [
        "QLineEdit",
        "QLineEdit",
        "QComboBox",
        "QCheckBox",
        "QLineEdit",
    ]
    assert panel.analyse.ui.advancedButton.visible and fields["offset"].editor.placeholderText == "automatic"
    assert "From 0 to 60 s" in fields["duration"].editor.toolTip
    listed = subprocess.run(
        [sys.executable, "-m", "SpatioTemporalLib", "list"],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": f"{dummy_package}:{MODULE.parent}", "PATH": ""},
    )
    assert "dummy.slow_mean" in listed.stdout


def test_parameters_survive_a_change_of_analysis_and_reset(panel):
    panel.analyse.choose("dummy.slow_mean")
    panel.analyse.form.set({"duration": 5.0, "kind": "square", "quick": True, "offset": 1.5})
    panel.analyse.choose("kinetics.tofts")
    panel.analyse.choose("dummy.slow_mean")
    assert panel.analyse.values() == {"duration": 5.0, "size": 3, "kind": "square", "quick": True, "offset": 1.5}
    panel.analyse.ui.resetButton.click()
    assert panel.analyse.values() == {"duration": 20.0, "size": 3, "kind": "round", "quick": False, "offset": None}
    panel.analyse.form.fields["size"].editor.setText("2.5")
    assert "whole number" in panel.analyse.form.fields["size"].reason.text


def test_search_finds_by_name_summary_and_reference(panel):
    def found():
        tree = panel.analyse.ui.analysisTree
        domains = [tree.topLevelItem(n) for n in range(tree.topLevelItemCount)]
        return [domain.child(n).text(0) for domain in domains for n in range(domain.childCount())]

    everything = found()
    panel.analyse.ui.searchEdit.setText("slow mean")
    assert found() == ["Slow mean"]
    panel.analyse.ui.searchEdit.setText("j magn reson tofts")
    assert "Extended Tofts model" in found() and "Slow mean" not in found()
    panel.analyse.ui.searchEdit.setText("")
    assert found() == everything


def test_every_analysis_has_a_form(panel):
    for id, analysis in st.analyses().items():
        panel.analyse.choose(id)
        assert set(panel.analyse.form.fields) == {p.name for p in analysis.parameters}, id
        assert panel.analyse.form.faults() == [], id


def test_no_widget_names_an_analysis():
    files = [*(MODULE / "SpatioTemporalWidgets").rglob("*.py"), *(MODULE / "Resources" / "UI").glob("*.ui")]
    # Words that mean something else too, a kind of node among them.
    ordinary = ("concentration", "conversion", "enhancement", "segmentation")
    words = {id: [id, *({id.split(".")[1]} - {*ordinary})] for id in st.analyses()}
    named = [
        f"{file.name}: {id}"
        for file in files
        for id, names in words.items()
        if re.search("|".join(rf"{re.escape(name)}\b" for name in names), file.read_text())
    ]
    assert not named and files


def groups(panel):
    tree = panel.analyse.ui.analysisTree
    tops = [tree.topLevelItem(n) for n in range(tree.topLevelItemCount)]
    return {top.text(0): [top.child(n).text(0) for n in range(top.childCount())] for top in tops}


def test_what_is_made_for_the_series_comes_first(panel):
    assert next(iter(groups(panel))) != "Made for this series"
    panel.data.ui.sampleButton.click()
    found = groups(panel)
    assert next(iter(found)) == "Made for this series" and "Extended Tofts model" in found["Made for this series"]
    assert "Logan plot (PET)" not in found["Made for this series"] and "Logan plot (PET)" in found["Kinetics"]


def test_why_an_analysis_does_not_suit_is_said_and_the_examination_can_be_chosen(panel):
    panel.data.ui.sampleButton.click()
    panel.analyse.choose("kinetics.logan_plot")
    assert "Made for dynamic PET" in panel.analyse.ui.suitabilityLabel.text
    assert panel.analyse.ui.suitabilityLabel.visible
    box = panel.data.ui.examinationBox
    box.setCurrentIndex(box.findData("bold"))
    made = groups(panel)["Made for this series"]
    assert "Task activation (linear model)" in made and "Extended Tofts model" not in made
    panel.analyse.choose("kinetics.tofts")
    assert "the series is BOLD fMRI" in panel.analyse.ui.suitabilityLabel.text
    box.setCurrentIndex(0)
    assert "Extended Tofts model" in groups(panel)["Made for this series"]
    assert not panel.analyse.ui.suitabilityLabel.visible


def test_favourites_and_what_was_used_last_stand_above_the_domains(panel):
    panel.analyse.choose("kinetics.patlak")
    panel.analyse.ui.favouriteBox.click()
    assert groups(panel)["Favourites"] == ["Patlak model"]
    panel.analyse.choose("kinetics.tofts")
    assert not panel.analyse.ui.favouriteBox.checked
    panel.run_started()
    assert groups(panel)["Used last"][0] == "Tofts model"
    panel.analyse.choose("kinetics.patlak")
    assert panel.analyse.ui.favouriteBox.checked
    panel.analyse.ui.favouriteBox.click()
    assert "Favourites" not in groups(panel)


def test_results_of_earlier_runs_are_offered_as_inputs(panel, logic):
    panel.data.ui.sampleButton.click()
    panel.analyse.choose("kinetics.tofts")
    assert not any(offer.button.visible for offer in panel.analyse.offers)
    stack = next(n for n in slicer.util.getNodesByClass("vtkMRMLSequenceNode") if "flip" in n.GetName().lower())
    logic.run("kinetics.variable_flip_angle_t1", stack=stack)
    panel.analyse.refresh_offers()
    (offer,) = [offer for offer in panel.analyse.offers if offer.node is not None]
    assert offer.declared.name == "t1_map" and offer.button.text.startswith("Use T1")
    offer.button.click()
    chosen = panel.analyse.nodes()["t1_map"]
    assert chosen.GetName() == offer.button.text.removeprefix("Use ").split(" of ")[0] or chosen.GetName()
    assert not offer.button.visible
    panel.analyse.choose("kinetics.patlak")
    assert [o.declared.name for o in panel.analyse.offers if o.node is not None] == ["t1_map"]


def test_a_preset_fills_the_form(panel):
    panel.analyse.choose("kinetics.tofts")
    box = panel.analyse.form.preset_box
    box.setCurrentIndex(box.findData("liver, gadoxetate"))
    found = panel.analyse.values()
    assert (found["tissue"], found["agent"], found["dose"]) == ("liver", "gadoxetate", 0.025)
    panel.analyse.ui.resetButton.click()
    assert panel.analyse.values()["agent"] == "custom"
    panel.analyse.choose("dummy.slow_mean")
    assert panel.analyse.form.preset_box is None
