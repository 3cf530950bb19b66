"""The page about one patient's prognosis: the risk, the curve, and what adds to it."""

from __future__ import annotations

from dataclasses import dataclass

from ...data.curve import Curve, Table
from ...data.report import Report
from ...errors import Finding, MissingPackageError, Severity
from ...pictures.figures import draw_curves, new_figure
from ...pictures.report_page import heading, page, paragraph, picture, table_of
from ..bundle.reading import Bundle
from ..registry import networks

MOST_BARS = 16
FOR, AGAINST = "#d6262a", "#2b59b8"


@dataclass(frozen=True, eq=False)
class RecurrencePage:
    """What the page tells."""

    bundle: Bundle
    prediction: Table
    contributions: Table
    curves: tuple[Curve, ...]
    findings: tuple[Finding, ...]


def recurrence_report(content: RecurrencePage) -> Report:
    """One page; pictures where matplotlib is there, a sentence that says how to get them where it is not."""
    facts = content.bundle.facts
    title = f"Prognosis: {', '.join(facts.shown.endpoints)}"
    parts = [paragraph("For research only, not for clinical use.", "warning")]
    parts += [paragraph(finding.message.capitalize() + ".", "warning") for finding in content.bundle.warnings]
    parts += [heading("Prediction"), table_of(_told(content.prediction)), *_pictures(content)]
    parts += [heading("What adds to the risk"), table_of(content.contributions)]
    text = (
        "Each row: how far the log hazard falls when this alone is left out, and the hazard ratio that is. "
        "Parts that tell the same add little each; they need not add up."
    )
    parts.append(paragraph(text, "small"))
    odd = [f for f in content.findings if f.severity is not Severity.NOTE and f not in content.bundle.warnings]
    parts += [heading("To be considered"), *(paragraph(str(finding), "warning") for finding in odd)] if odd else []
    card = networks()[facts.architecture.name]
    made = (
        f"Network: {facts.architecture.name} ({card.citation}), bundle {content.bundle.name}. Trained on: "
        f"{facts.training.data}, {facts.training.patients} cases. Bands: dropout, over all networks of the bundle."
    )
    parts += [heading("How this was made"), paragraph(made, "small")]
    return Report(title, page(title, parts))


def _told(prediction: Table) -> Table:
    """The table without where the network is from, which stands below."""
    columns = {name: prediction.columns[name] for name in ("endpoint", "quantity", "value", "lower", "upper", "unit")}
    return Table(columns, name=prediction.name)


def _pictures(content: RecurrencePage) -> list[str]:
    try:
        figure = prognosis_figure(content.curves, content.contributions)
    except MissingPackageError as error:
        return [paragraph(f"No pictures: {error}", "small")]
    return [picture(figure, "survival and contributions")]


def prognosis_figure(curves: tuple[Curve, ...], contributions: Table):
    """The curve of survival, and a bar for each part that adds most to the risk or takes most from it."""
    figure = new_figure(11, 4.2)
    left, right = figure.subplots(1, 2)
    draw_curves(left, curves, "Chance of being without it")
    columns = contributions.columns
    order = sorted(range(contributions.row_count), key=lambda n: -abs(columns["adds"][n]))[:MOST_BARS][::-1]
    values = [columns["adds"][n] for n in order]
    right.barh(range(len(order)), values, color=[FOR if value > 0 else AGAINST for value in values])
    right.set_yticks(range(len(order)), [columns["part"][n] for n in order], fontsize="small")
    right.axvline(0, color="#999999", linewidth=0.6)
    right.set_xlabel("adds to the log hazard [1]")
    return figure
