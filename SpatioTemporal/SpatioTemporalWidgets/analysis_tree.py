"""The analyses as a tree: those that suit the series first, then those used last and favourites, then all by domain."""

from __future__ import annotations

import qt
from slicer.i18n import tr as _

import SpatioTemporalLib as st
from SpatioTemporalLib.analysis_search import search
from SpatioTemporalLib.suitability import SeriesFacts, Suits, suitability

from . import remembered


class AnalysisTree:
    """Fills a tree widget; `facts` is what is known of the series of step 1, None without one."""

    def __init__(self, tree):
        self.tree = tree
        self.facts: SeriesFacts | None = None
        self.text = ""

    def fill(self) -> None:
        """Every analysis in which the words that were typed occur, or others that stand for them."""
        tree = self.tree
        tree.blockSignals(True)
        tree.clear()
        found = search(self.text)
        if not self.text.strip():
            self._add_first(found)
        for domain in sorted({analysis.domain for analysis in found}):
            of_domain = [a for a in found if a.domain == domain]
            self._add_group(_readable(domain), sorted(of_domain, key=lambda a: a.title), expanded=True)
        self._add_broken()
        tree.blockSignals(False)

    def reason(self, analysis) -> str:
        """Why an analysis does not suit the series, "" where it does or nothing is known."""
        if self.facts is None:
            return ""
        found = suitability(analysis, self.facts)
        return found.reason if found.suits is Suits.NOT and _takes_series(analysis) else ""

    def select(self, id: str) -> None:
        """Mark an analysis where it stands in its domain."""
        groups = [self.tree.topLevelItem(n) for n in range(self.tree.topLevelItemCount)]
        items = [group.child(n) for group in groups for n in range(group.childCount())]
        places = [item for item in items if item.data(0, qt.Qt.UserRole) == id]
        if places:
            self.tree.blockSignals(True)
            self.tree.setCurrentItem(places[-1])
            self.tree.blockSignals(False)

    def _add_first(self, found: list) -> None:
        known = {analysis.id: analysis for analysis in found}
        if self.facts is not None:
            made = [a for a in found if suitability(a, self.facts).suits is Suits.MADE_FOR_IT]
            self._add_group(_("Made for this series"), sorted(made, key=lambda a: a.title), expanded=True)
        for title, ids in ((_("Used last"), remembered.recent()), (_("Favourites"), remembered.favourites())):
            self._add_group(title, [known[id] for id in ids if id in known], expanded=True)

    def _add_group(self, title: str, analyses: list, *, expanded: bool) -> None:
        if not analyses:
            return
        group = qt.QTreeWidgetItem(self.tree)
        group.setText(0, title)
        group.setFlags(qt.Qt.ItemIsEnabled)
        group.setExpanded(expanded)
        for analysis in analyses:
            item = qt.QTreeWidgetItem(group)
            reason = self.reason(analysis)
            item.setText(0, analysis.title)
            item.setToolTip(0, f"{analysis.summary}\n{reason[:1].upper()}{reason[1:]}." if reason else analysis.summary)
            item.setData(0, qt.Qt.UserRole, analysis.id)
            if reason:
                item.setForeground(0, self.tree.palette.brush(qt.QPalette.Disabled, qt.QPalette.Text))

    def _add_broken(self) -> None:
        if self.text.strip() or not st.unavailable():
            return
        group = qt.QTreeWidgetItem(self.tree)
        group.setText(0, _("Not available"))
        group.setFlags(qt.Qt.ItemIsEnabled)
        group.setExpanded(True)
        for broken in st.unavailable():
            item = qt.QTreeWidgetItem(group)
            item.setText(0, f"{broken.module}: {broken.reason}")
            item.setDisabled(True)


def _takes_series(analysis) -> bool:
    return any(item.kind is st.Series for item in analysis.inputs)


def _readable(domain: str) -> str:
    return "BOLD" if domain == "bold" else domain.replace("_", " ").capitalize()
