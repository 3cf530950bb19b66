"""``spatiotemporal bundle``: checks a bundle and says what it is."""

from __future__ import annotations

from ...errors import counted
from ...system.packages import require


def add_to(verbs) -> None:
    parser = verbs.add_parser("bundle", help="check a bundle of a trained network and say what it takes and gives")
    parser.add_argument("path", metavar="BUNDLE", help="folder or .zip; 'demo' for the one that is shipped")
    parser.set_defaults(function=bundle)


def bundle(arguments) -> None:
    require("torch", package="torch", extra="networks", purpose="A bundle")
    from ...networks.bundle.reading import read_bundle
    from ...networks.bundle.shipped import bundle_path
    from ...networks.bundle.writing import description_of

    found = read_bundle(bundle_path(arguments.path))
    weights = sum(p.numel() for p in found.networks[0].parameters())
    print(description_of(found.facts))
    print(
        f"{counted(len(found.networks), 'network')} of {weights:,} parameters; the bundle is whole and answers "
        f"as recorded."
    )
