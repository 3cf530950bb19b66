"""A form built from the parameters an analysis declares."""

from __future__ import annotations

from SpatioTemporalLib.declare import Parameter

from .named_values_field import NamedValuesField
from .parameter_field import Field
from .path_field import PathField


class ParameterForm:
    """The fields of an analysis in a basic and an advanced part."""

    def __init__(self, basic, advanced, changed):
        self.basic, self.advanced, self.changed = basic, advanced, changed
        self.fields: dict[str, Field] = {}

    def show(self, parameters: tuple[Parameter, ...]) -> None:
        """Fields for these parameters; the layouts are empty before."""
        self.fields = {}
        for parameter in parameters:
            field = _field(parameter, self.changed)
            field.add_to(self.advanced if parameter.advanced else self.basic)
            self.fields[parameter.name] = field
        for parameter in parameters:
            if parameter.named_by:
                self.fields[parameter.named_by].tell(self.fields[parameter.name].offer)

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
