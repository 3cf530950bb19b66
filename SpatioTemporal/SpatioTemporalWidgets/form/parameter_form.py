"""A form built from the parameters an analysis declares."""

from __future__ import annotations

import qt
from slicer.i18n import tr as _

from SpatioTemporalLib.declare import Parameter, Presets

from ..narrow import let_shrink
from .named_values_field import NamedValuesField
from .parameter_field import Field
from .path_field import PathField


class ParameterForm:
    """The fields of an analysis in a basic and an advanced part."""

    def __init__(self, basic, advanced, changed):
        self.basic, self.advanced, self.changed = basic, advanced, changed
        self.fields: dict[str, Field] = {}

    def show(self, parameters: tuple[Parameter, ...], presets: Presets | None = None) -> None:
        """Fields for these parameters, and a choice of their presets; the layouts are empty before."""
        self.fields, self.presets, self.preset_box = {}, presets or {}, None
        if self.presets:
            self._add_presets()
        for parameter in parameters:
            field = _field(parameter, self.changed)
            field.add_to(self.advanced if parameter.advanced else self.basic)
            self.fields[parameter.name] = field
        for parameter in parameters:
            if parameter.named_by:
                self.fields[parameter.named_by].tell(self.fields[parameter.name].offer)

    def _add_presets(self) -> None:
        self.preset_box = box = qt.QComboBox()
        box.setObjectName("presetBox")
        box.setToolTip(_("Fill in what is usual for an organ and an agent; every value can be changed afterwards."))
        box.addItem(_("Choose an organ and agent"), "")
        for name, values in self.presets.items():
            box.addItem(name, name)
            box.setItemData(box.count - 1, ", ".join(f"{n} = {v}" for n, v in values.items()), qt.Qt.ToolTipRole)
        let_shrink(box)
        box.connect("currentIndexChanged(int)", self._preset_chosen)
        self.basic.addRow(_("Preset:"), box)

    def _preset_chosen(self, index: int) -> None:
        name = self.preset_box.itemData(index)
        if name:
            self.set(self.presets[name])
            self.changed()

    def values(self) -> dict[str, object]:
        """All values that fit."""
        return {name: field.get() for name, field in self.fields.items() if field.show_validity()}

    def changed_values(self) -> dict[str, object]:
        """Those that differ from their defaults."""
        return {n: v for n, v in self.values().items() if v != self.fields[n].parameter.default}

    def faults(self) -> list[str]:
        """What does not fit, in words."""
        return [str(f.reason.text) for f in self.fields.values() if not f.show_validity()]

    def set(self, values: dict[str, object]) -> None:
        for name, value in values.items():
            if name in self.fields:
                value = tuple(value) if isinstance(value, list) else value
                self.fields[name].set(value)

    def reset(self) -> None:
        self.set({name: field.parameter.default for name, field in self.fields.items()})


def _field(parameter: Parameter, changed) -> Field:
    if parameter.path:
        return PathField(parameter, changed)
    return NamedValuesField(parameter, changed) if parameter.named_by else Field(parameter, changed)
