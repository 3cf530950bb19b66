"""Networks are made by name, and a name that is not declared is never imported."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

import pytest

from SpatioTemporalLib.errors import MissingPackageError, ParameterError
from SpatioTemporalLib.networks.registry import build, networks
from SpatioTemporalLib.networks.systems.csfnet import CSFNet


def test_csfnet_is_found_by_name():
    assert isinstance(build("csfnet", arguments={"stages": [[4]], "width": 4}), CSFNet)


def test_every_network_has_a_citation_and_default_settings_that_json_can_hold():
    for declared in networks().values():
        assert declared.citation and "default" in declared.presets
        for preset in declared.presets.values():
            assert json.loads(json.dumps(asdict(preset)))


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("this.main",), "no network 'this.main'"),
        (("csfnet", "huge"), "no preset of csfnet 'huge'"),
        (("csfnet", "default", {"wdith": 8}), "no setting of csfnet 'wdith'"),
        (("csfnet", "default", {"temporal": "mamba"}), "no temporal 'mamba'"),
        (("csfnet", "default", {"cross_modal": "sum"}), "no cross_modal 'sum'"),
        (("csfnet", "default", {"levels": []}), "no covariates"),
        (("csfnet", "default", {"width": "wide"}), "the settings of csfnet make no network"),
        (("csfnet", "default", {"stages": [[8], [0.5]]}), "the settings of csfnet make no network"),
        (("scans", "default", {"slices": "all"}), "the settings of scans make no network"),
    ],
)
def test_unknown_names_are_refused_with_what_there_is(arguments, message):
    sys.modules.pop("this", None)
    with pytest.raises(ParameterError, match=message):
        build(*arguments)
    assert "this" not in sys.modules


@pytest.mark.parametrize("package", ["torch", "monai"])
def test_an_absent_package_is_named_with_the_way_to_install_it(package, monkeypatch):
    def absent(name):
        if name == package:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr("SpatioTemporalLib.system.packages.importlib.import_module", absent)
    with pytest.raises(MissingPackageError, match=rf"pip install {package} .*\[networks\]"):
        networks.__wrapped__()
