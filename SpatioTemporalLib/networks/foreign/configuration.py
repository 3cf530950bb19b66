"""Values of a MONAI configuration: literals and names of other values, and nothing that would have to be run."""

from __future__ import annotations

import ast

from ...errors import InputError
from ...system.plain_text import for_message

TARGET, DISABLED = "_target_", "_disabled_"
# What components hold besides the values that are passed to them.
OF_COMPONENTS = {TARGET, DISABLED, "_requires_", "_desc_", "_mode_", "keys", "allow_missing_keys"}
DEEPEST = 50
# Names that stand for lists of names can make a small file endless.
MOST_VALUES = 100_000


class Configuration:
    """The configuration of a bundle.

    `@name` and `@name::part` stand for other values of it. An expression (`$...`)
    is taken only where it is a literal of Python; any other is refused when it is asked for.
    """

    def __init__(self, content: object, where: str):
        if not isinstance(content, dict):
            raise InputError("E-ZOO", "its configuration is no table", where=where, fix="Get the bundle anew.")
        self.content, self.where, self.left = content, where, MOST_VALUES

    def component(self, name: str) -> tuple[str, dict[str, object]]:
        """Last part of the name of what is to be made, and what it is made with.

        Raises
        ------
        InputError
            ``E-ZOO`` when there is none, or it is made by code.
        """
        return self.component_of(self.content.get(name), name)

    def component_of(self, described: object, name: str) -> tuple[str, dict[str, object]]:
        described = self._followed(described, name, DEEPEST)
        if not isinstance(described, dict) or not isinstance(described.get(TARGET), str):
            raise self.refused(f"{name} is {for_message(described, 60)!r}, the description of one thing was expected")
        given = {key: value for key, value in described.items() if key not in OF_COMPONENTS}
        return described[TARGET].rpartition(".")[2], given

    def steps(self, name: str) -> list[tuple[str, dict[str, object]]]:
        """The transforms of a ``Compose``, in order; none where there is no such thing."""
        if self.content.get(name) is None:
            return []
        kind, given = self.component(name)
        if kind != "Compose":
            return [(kind, given)]
        transforms = self._followed(given.get("transforms"), f"{name}.transforms", DEEPEST)
        if not isinstance(transforms, list):
            raise self.refused(f"{name} holds no list of transforms")
        found = []
        for n, step in enumerate(transforms):
            step = self._followed(step, f"{name}.transforms.{n}", DEEPEST)
            off = isinstance(step, dict) and step.get(DISABLED, False)
            if off is not True and off != "true":
                found.append(self.component_of(step, f"{name}.transforms.{n}"))
        return found

    def value(self, given: object, name: str, depth: int = DEEPEST) -> object:
        """A value with all names in it followed."""
        self.left -= 1
        if self.left < 0:
            raise self.refused(f"{name} stands for more than {MOST_VALUES} values")
        given = self._followed(given, name, depth)
        if isinstance(given, list):
            return [self.value(part, name, depth - 1) for part in given]
        if isinstance(given, dict):
            if TARGET in given:
                raise self.refused(f"{name} would be made by {for_message(given[TARGET], 60)}")
            return {key: self.value(part, name, depth - 1) for key, part in given.items()}
        return given

    def refused(self, text: str) -> InputError:
        return InputError(
            "E-ZOO", text, where=self.where,
            fix="Only what is on a short list is taken from a configuration, for it may hold any code. Run this bundle "
            "with MONAI itself, and give its segmentations to the analyses that take them.",
        )  # fmt: skip

    def _followed(self, given: object, name: str, depth: int) -> object:
        if depth <= 0:
            raise self.refused(f"{name} leads in circles")
        if not isinstance(given, str):
            return given
        if given.startswith("@"):
            value: object = self.content
            for key in given[1:].replace("#", "::").split("::"):
                if isinstance(value, list) and key.isdigit() and int(key) < len(value):
                    value = value[int(key)]
                elif isinstance(value, dict) and key in value:
                    value = value[key]
                else:
                    raise self.refused(f"{name} names {for_message(given, 60)}, which is not there")
            return self._followed(value, name, depth - 1)
        if given.startswith("$"):
            try:
                return ast.literal_eval(given[1:].strip())
            except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError) as error:
                raise self.refused(f"{name} is the expression {for_message(given, 60)}, which would be run") from error
        return given
