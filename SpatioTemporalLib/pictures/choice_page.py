"""The page about a choice among ways to prepare a run: all that were tried, in a picture and a table."""

from __future__ import annotations

from ..data.curve import Table
from ..data.report import Report
from ..errors import Finding, MissingPackageError, Severity
from ..steps.bold.preprocessing.pipeline_choice import Tried
from .figures import CURVE_COLOURS, new_figure
from .report_page import heading, page, paragraph, picture, table_of

REJECTED = "#bbbbbb"


def choice_report(results: list[Tried], chosen: Tried, table: Table, limit: float, findings: list[Finding]) -> Report:
    """One page; pictures where matplotlib is there, a sentence that says how to get them where it is not."""
    title = "Choice of a preparation"
    ways = len({each.candidate for each in results})
    rejected = sum(each.rejected(limit) for each in results)
    text = (
        f"{ways} ways to prepare the run were tried, each with several numbers of principal components, {len(results)} "
        f"in all; {rejected} were rejected since their map follows edges or motion. Chosen: {chosen.candidate}, "
        f"{chosen.components} components, reproducibility {chosen.found.reproducibility:.3f}, prediction "
        f"{chosen.found.prediction:.3f}."
    )
    parts = [paragraph("For research only, not for clinical use.", "warning")]
    parts += [paragraph(str(f), "warning") for f in findings if f.severity is not Severity.NOTE]
    parts += [heading("What was chosen"), paragraph(text, "")]
    try:
        parts.append(picture(choice_figure(results, chosen, limit), "prediction against reproducibility"))
    except MissingPackageError as error:
        parts.append(paragraph(f"No pictures: {error}", "small"))
    parts += [heading("All that were tried"), table_of(table)]
    return Report(title, page(title, parts))


def choice_figure(results: list[Tried], chosen: Tried, limit: float):
    """Prediction against reproducibility of all, and both against the number of components for the chosen way."""
    figure = new_figure(9.5, 4.2)
    left, right = figure.subplots(1, 2)
    kept = [each.found for each in results if not each.rejected(limit)]
    rejected = [each.found for each in results if each.rejected(limit)]
    dots = {"linestyle": "", "marker": "o", "markersize": 4}
    for found, colour, label in ((rejected, REJECTED, "rejected"), (kept, CURVE_COLOURS[0], "tried")):
        left.plot([f.reproducibility for f in found], [f.prediction for f in found], color=colour, label=label, **dots)
    star = {"color": CURVE_COLOURS[1], "markersize": 14, "label": "chosen"}
    left.plot(chosen.found.reproducibility, chosen.found.prediction, "*", **star)
    left.set_xlabel("reproducibility R")
    left.set_ylabel("prediction P")
    left.legend(fontsize=8, frameon=False)
    own = [each for each in results if each.candidate == chosen.candidate]
    counts = [each.components for each in own]
    for name, colour in (("reproducibility", CURVE_COLOURS[0]), ("prediction", CURVE_COLOURS[2])):
        right.plot(counts, [getattr(each.found, name) for each in own], "o-", color=colour, label=name)
    right.set_xlabel("principal components")
    right.set_title(f"{chosen.candidate}", fontsize=8)
    right.legend(fontsize=8, frameon=False)
    return figure
