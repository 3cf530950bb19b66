"""Options of the inputs of an analysis, and the values that their files hold."""

from __future__ import annotations

from dataclasses import replace

from ... import io
from ...data.curve import Curve, Table
from ...data.follow_up import FollowUp
from ...data.point import Point
from ...data.series import Series
from ...data.volumes import ImageStack, LabelMap, Map
from ...declare import Analysis, Input
from ...errors import InputError, ParameterError
from ...io.reading.earlier_result import file_of_earlier_result, is_earlier_result
from ...io.reading.volumes import SETTING_UNITS
from .follow_up import add_follow_up_options, read_visits
from .point import point_of
from .series import add_time_options, numbers, time_arguments

FROM_RESULTS = (Series, Map, LabelMap, Curve, Table)
READERS = {LabelMap: io.read_labels, Curve: io.read_curve, Table: io.read_table}


def add_inputs(group, analysis: Analysis) -> None:
    """An option an input, and those that say more of all of them."""
    for item in analysis.inputs:
        _add_input(group, item)
    kinds = {item.kind for item in analysis.inputs}
    if Series in kinds:
        add_time_options(group)
    if ImageStack in kinds:
        group.add_argument(
            "--settings",
            action="append",
            metavar="[INPUT=]LIST",
            help="what differs between the volumes of a stack, e.g. flip angles 2,5,12; with the input's name before "
            "it where there are several stacks; angles in degrees, times in s",
        )
    group.add_argument(
        "--unit", action="append", default=[], metavar="INPUT=UNIT", help="unit of an input whose file does not say it"
    )


def _add_input(group, item: Input) -> None:
    needed = "" if item.optional else " (required)"
    how = {"nargs": "+"} if item.kind in (ImageStack, Series, FollowUp) else {}
    forms = {FollowUp: "FILE", Point: "R,A,S"}
    text = f"{item.help}{needed}"
    if item.results:
        text = f"{item.help} A file, or the folder of an earlier result{needed}"
    if item.kind is FollowUp:
        text = f"{item.help} One file or DICOM folder a visit, or COHORT_FOLDER:PARTICIPANT_ID{needed}"
    group.add_argument(flag(item.name), metavar=forms.get(item.kind, "FILE"), help=plain(text), **how)
    if item.kind is FollowUp:
        add_follow_up_options(group, item, flag(item.name))


def read_input(item: Input, given, options) -> object:
    """The value of an input by what was given for it."""
    unit = assignments(options.unit, "--unit").get(item.name)
    given = _of_earlier_result(item, given)
    if item.kind is Map:
        return _read_map(item, given, unit)
    if item.kind is Point:
        return point_of(given, flag(item.name), item.name)
    if item.kind is FollowUp:
        return read_visits(item, options, flag(item.name), unit)
    if item.kind is Series:
        value = io.read_series(given[0] if len(given) == 1 else given, **time_arguments(options))
    elif item.kind is ImageStack:
        value = _read_stack(item, given, options)
    else:
        value = READERS[item.kind](given)
    return replace(value, unit=unit) if unit else value


def _of_earlier_result(item: Input, given):
    """What is named, or the file of an earlier result that is meant by its folder."""
    if item.kind not in FROM_RESULTS:
        return given
    path = given[0] if isinstance(given, list) and len(given) == 1 else given
    if isinstance(path, list) or not is_earlier_result(path):
        return given
    file = file_of_earlier_result(path, item.kind.__name__, item.results)
    print(f"{item.name}: {file}")
    return [str(file)] if isinstance(given, list) else str(file)


def _read_map(item: Input, given, unit: str | None) -> Map:
    try:
        return io.read_map(given, unit=unit)
    except InputError as error:
        if error.code != "E-UNIT":
            raise
        fix = f'Give it: --unit {item.name}={item.unit or "a.u."}; "1" stands for a ratio, "a.u." for a signal.'
        raise InputError(error.code, error.message, where=error.where, fix=fix) from error


def _read_stack(item: Input, given: list[str], options) -> ImageStack:
    known = assignments(options.settings or [], "--settings", default=item.name)
    setting = item.setting or "flip_angle"
    return io.read_stack(
        given,
        settings=numbers(known.get(item.name), "--settings"),
        setting=setting,
        setting_unit=SETTING_UNITS[setting],
    )


def flag(name: str) -> str:
    """The option of an input or a parameter."""
    return f"--{name.replace('_', '-')}"


def plain(text: str) -> str:
    """A text that argparse leaves as it is."""
    return text.replace("%", "%%")


def assignments(given: list[str], option: str, default: str = "") -> dict[str, str]:
    """Values by name; a value without a name belongs to the default one."""
    values = {}
    for assignment in given:
        name, equals, value = assignment.partition("=")
        if default and not equals:
            name, equals, value = default, "=", assignment
        if not equals:
            raise ParameterError(
                "E-PARAMETER", f"{option} {assignment} has no value", fix=f"Write {option} name=value."
            )
        values[name.strip().replace("-", "_")] = value.strip()
    return values
