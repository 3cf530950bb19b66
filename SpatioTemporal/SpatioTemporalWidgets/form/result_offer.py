"""The result of an earlier run, offered below the field it can be put into."""

from __future__ import annotations

import qt
import slicer
from slicer.i18n import tr as _
from SpatioTemporalNodes.results.offers import offers

from ..narrow import let_shrink


class ResultOffer:
    """A button that puts the latest fitting result into a selector; hidden without one, and once a choice was made."""

    def __init__(self, declared, selector, guarded):
        self.declared, self.selector, self.node = declared, selector, None
        self.button = qt.QPushButton()
        self.button.setFlat(True)
        self.button.setObjectName(f"offer_{declared.name}")
        self.button.setToolTip(_("Take this result of an earlier run."))
        self.button.hide()
        let_shrink(self.button)
        self.button.connect("clicked()", guarded(self.take))
        selector.connect("currentNodeChanged(vtkMRMLNode*)", lambda node: self.refresh())

    def refresh(self) -> None:
        """Offer the latest result there is now."""
        found = offers(slicer.mrmlScene, self.declared) if self.selector.currentNode() is None else []
        self.node = found[0].node if found else None
        if found:
            self.button.setText(_("Use {name} of {run}").format(name=found[0].node.GetName(), run=found[0].run))
        self.button.setVisible(bool(found))

    def take(self) -> None:
        self.selector.setCurrentNode(self.node)
