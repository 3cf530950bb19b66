"""``spatiotemporal list``: every analysis with its title."""

from __future__ import annotations

import json

from .. import registry


def add_to(verbs) -> None:
    parser = verbs.add_parser("list", help="list the analyses")
    parser.add_argument("--json", action="store_true", help="print the declarations as JSON")
    parser.set_defaults(function=list_analyses)


def list_analyses(arguments) -> None:
    found = registry.analyses()
    if arguments.json:
        print(json.dumps([a.schema() for a in found.values()], indent=2))
        return
    print_analyses()


def print_analyses() -> None:
    """A line each, and those that cannot be used with the reason."""
    found = registry.analyses()
    width = max(map(len, found))
    for analysis in found.values():
        print(f"{analysis.id:<{width}}  {analysis.title}")
    for broken in registry.unavailable():
        print(f"{broken.module:<{width}}  cannot be used: {broken.reason}")
