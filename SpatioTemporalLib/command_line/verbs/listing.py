"""``spatiotemporal list``: every analysis with its title."""

from __future__ import annotations

import json

from ... import registry
from ...analysis_search import search
from ...data.examination import in_words
from ...declare import Analysis
from ...errors import ParameterError
from ...io import read_series
from ...suitability import Suits, series_facts, suitability
from ..options.series import add_time_options, time_arguments

HEADINGS = {Suits.MADE_FOR_IT: "made for it", Suits.POSSIBLE: "possible", Suits.NOT: "not for it"}


def add_to(verbs) -> None:
    parser = verbs.add_parser("list", help="list the analyses")
    parser.add_argument("--json", action="store_true", help="print the declarations as JSON")
    parser.add_argument("--search", default="", metavar="WORDS", help="only those in which these words occur")
    parser.add_argument(
        "--for", dest="series", nargs="+", metavar="FILE", help="how well each suits this series, the best first"
    )
    add_time_options(parser)
    parser.set_defaults(function=list_analyses)


def list_analyses(arguments) -> None:
    found = sorted(search(arguments.search), key=lambda a: a.id)
    if arguments.series:
        _print_suitable(found, arguments)
    elif arguments.json:
        print(json.dumps([a.schema() for a in found], indent=2))
    elif found:
        print_analyses(found)
    else:
        raise ParameterError(
            "E-ANALYSIS", f"no analysis has the words {arguments.search!r}", fix="Use fewer or other words."
        )


def _print_suitable(found: list[Analysis], arguments) -> None:
    paths = arguments.series
    series = read_series(paths[0] if len(paths) == 1 else paths, **time_arguments(arguments))
    facts = series_facts(series)
    judged = sorted(((suitability(a, facts), a) for a in found), key=lambda pair: (pair[0].suits, pair[1].id))
    if arguments.json:
        listed = [{"id": a.id, "suits": s.suits.name.lower(), "reason": s.reason} for s, a in judged]
        print(json.dumps(listed, indent=2))
        return
    what = f"seems to be {in_words(facts.examinations)}" if facts.guessed else in_words(facts.examinations)
    print(f"{series}\n{what if facts.examinations else 'its files do not say what it is'}")
    width = max((len(a.id) for a in found), default=0)
    for level, heading in HEADINGS.items():
        of_level = [(s, a) for s, a in judged if s.suits is level]
        if of_level:
            print(f"\n{heading}")
        for suits, analysis in of_level:
            why = "" if level is Suits.MADE_FOR_IT else f"  ({suits.reason})"
            print(f"  {analysis.id:<{width}}  {analysis.title}{why}")


def print_analyses(found: list[Analysis] | None = None) -> None:
    """A line each, and those that cannot be used with the reason."""
    found = list(registry.analyses().values()) if found is None else found
    width = max(len(analysis.id) for analysis in found)
    for analysis in found:
        print(f"{analysis.id:<{width}}  {analysis.title}")
    for broken in registry.unavailable():
        print(f"{broken.module:<{width}}  cannot be used: {broken.reason}")
