"""``spatiotemporal networks``: what there is, and what was chosen in it."""

from __future__ import annotations

from SpatioTemporalLib import cli
from SpatioTemporalLib.networks.registry import networks


def test_lists_every_preset_with_its_size(capsys):
    assert cli.main(["networks"]) == 0
    printed = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [line[:2] for line in printed] == [[n, p] for n, declared in networks().items() for p in declared.presets]
    assert ["csfnet", "paper", "43.23", "million", "parameters"] in printed


def test_tells_of_one_network_its_source_its_card_and_its_settings(capsys):
    assert cli.main(["networks", "scans"]) == 0
    printed = capsys.readouterr().out
    declared = networks()["scans"]
    assert declared.citation in printed and declared.card.strip() in printed
    assert "slices = 9" in printed and "    paper: 64, 128, 256, 512" in printed


def test_an_unknown_network_is_refused_with_what_there_is(capsys):
    assert cli.main(["networks", "resnet"]) == cli.USER_ERROR
    assert "no network 'resnet'. Choose one of conv_transformer, csfnet," in capsys.readouterr().err


def test_every_card_says_what_is_open_and_what_was_chosen():
    for declared in networks().values():
        assert len(declared.card.split()) > 60, declared.name
        assert '"paper"' in declared.card and "default" in declared.presets and "paper" in declared.presets
