"""``spatiotemporal networks``: the networks, their presets and sizes; what is chosen in one of them."""

from __future__ import annotations

from dataclasses import asdict

from ...errors import ParameterError


def add_to(verbs) -> None:
    parser = verbs.add_parser("networks", help="list the networks, or say what one of them is")
    parser.add_argument("name", metavar="NAME", nargs="?", help="a network, to see its card and its settings")
    parser.set_defaults(function=show_networks)


def show_networks(arguments) -> None:
    # Imported here: the other verbs need no torch.
    from ...networks.registry import networks

    found = networks()
    if arguments.name is None:
        print("\n".join(line for declared in found.values() for line in preset_lines(declared)))
    elif arguments.name in found:
        print(card_text(found[arguments.name]))
    else:
        raise ParameterError(
            "E-NETWORK", f"there is no network {arguments.name!r}", fix=f"Choose one of {', '.join(found)}."
        )


def preset_lines(declared) -> list[str]:
    """A line a preset: network, preset, and its size in millions of parameters."""
    from ...networks.registry import parameter_counts

    counts = parameter_counts(declared.name)
    return [
        f"{declared.name:<12} {preset:<10} {count / 1e6:7.2f} million parameters" for preset, count in counts.items()
    ]


def card_text(declared) -> str:
    """Citation, card, and the settings of every preset side by side."""
    lines = [f"{declared.name} — {declared.citation}", "", declared.card.strip(), "", *preset_lines(declared), ""]
    settings = {preset: asdict(values) for preset, values in declared.presets.items()}
    for name, value in settings["default"].items():
        lines.append(f"{name} = {_text(value)}")
        others = {preset: values[name] for preset, values in settings.items() if values[name] != value}
        lines += [f"    {preset}: {_text(other)}" for preset, other in others.items()]
    return "\n".join(lines)


def _text(value) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(f"({_text(v)})" if isinstance(v, (list, tuple)) else str(v) for v in value)
    return str(value)
