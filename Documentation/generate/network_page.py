"""The page of a network, from its card."""

from __future__ import annotations

from dataclasses import asdict

from SpatioTemporalLib.networks.registry import Network, parameter_counts

from .markdown import fenced, page, plain, table


def network_page(network: Network) -> str:
    """Markdown: what the source says and leaves open, sizes, settings, and how it is trained."""
    settings = {preset: asdict(values) for preset, values in network.presets.items()}
    return page(
        f"# {plain(network.name)}",
        plain(network.citation),
        plain(network.card.strip()),
        "## Sizes",
        table(("preset", "parameters"), _sizes(network)),
        "## Settings",
        f"`--set NAME=VALUE` changes one, `--preset` all of them{_presets(settings)}.",
        table(("setting", *settings), _setting_rows(settings)),
        "## Use",
        f"`spatiotemporal train {network.name} --cohort FOLDER --out BUNDLE` trains it on a "
        "[cohort](../formats/cohorts.md); what comes of it is a [bundle](../formats/bundles.md).",
        fenced("sh", f"spatiotemporal networks {network.name}"),
    )


def _presets(settings: dict[str, dict]) -> str:
    return f" ({', '.join(f'`{name}`' for name in settings)})" if len(settings) > 1 else ""


def _sizes(network: Network) -> list[tuple[str, str]]:
    counts = parameter_counts(network.name)
    return [(f"`{preset}`", f"{count:,}".replace(",", " ")) for preset, count in counts.items()]


def _setting_rows(settings: dict[str, dict]) -> list[tuple[str, ...]]:
    return [
        (f"`{name}`", *(plain(_text(values[name])) for values in settings.values())) for name in settings["default"]
    ]


def _text(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(f"({_text(v)})" if isinstance(v, (list, tuple)) else str(v) for v in value)
    return str(value)
