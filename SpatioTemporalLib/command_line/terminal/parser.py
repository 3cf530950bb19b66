"""Options of a command; what is wrong with them is said in one line, with what was probably meant."""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from typing import NoReturn

from ...errors import ParameterError

HELP = {"-h", "--help"}


class Parser(argparse.ArgumentParser):
    """Raises what is wrong instead of printing its usage and ending the program.

    argparse hands what a verb does not know up to the command, which no longer
    knows the verb's options; here the verb itself tells.
    """

    def parse_known_args(self, args=None, namespace=None):
        """The options, as argparse finds them, none of which may be left over."""
        args = sys.argv[1:] if args is None else list(args)
        self._refuse_unknown(args)
        self._refuse_twice(args)
        found, left = super().parse_known_args(args, namespace)
        if left:
            raise self._unknown(left[0])
        return found, left

    def error(self, message: str) -> NoReturn:
        """Raise it as a `ParameterError`, which the command prints in one line."""
        choice = re.fullmatch(r"argument (\S+): invalid choice: '(.*?)' \(choose from (.*)\)", message, re.DOTALL)
        if choice:
            name, given, offered = choice.groups()
            offered = re.findall(r"[\w.-]+", offered)
            few = f"Choose one of {', '.join(offered)}. " if len(offered) < 15 else ""
            raise self._wrong(f"{name} {given} is not known", given, offered, otherwise=few)
        raise self._wrong(message)

    def _refuse_unknown(self, words: list[str]) -> None:
        """Tell a wrong option before what else is missing: it may be what is missing, misspelt."""
        for word in words:
            option = word.split("=")[0]
            if not option.startswith("--") and self._hands_on():
                return
            if len(option) > 2 and option.startswith("--") and not any(f.startswith(option) for f in self._flags()):
                raise self._unknown(word)

    def _refuse_twice(self, words: list[str]) -> None:
        """Tell an option with a list of files that was given twice, of which argparse would take the last list only."""
        if self._hands_on():
            return
        given = [self._option_string_actions.get(word.split("=")[0]) for word in words if word.startswith("--")]
        twice = next((a for n, a in enumerate(given) if a in given[:n] and a is not None and a.nargs == "+"), None)
        if twice is not None:
            option = twice.option_strings[-1]
            raise ParameterError(
                "E-OPTION", f"{option} was given twice", fix="Give it once, with all files one after another."
            )

    def _hands_on(self) -> bool:
        """Whether what follows the first word is for another parser."""
        return any(action.nargs in (argparse.PARSER, argparse.REMAINDER) for action in self._actions)

    def _unknown(self, word: str) -> ParameterError:
        option = word.split("=")[0]
        if option.startswith("-") and not re.match(r"-\d|-$", option):
            before = " before the name" if self._hands_on() else ""
            first = "Options of what is run follow its name. " if before else ""
            return self._wrong(f"there is no option {option}{before}", option, self._flags(), otherwise=first)
        return self._wrong(f"{word!r} is one word more than is understood")

    def _flags(self) -> list[str]:
        return [flag for flag in self._option_string_actions if flag.startswith("--")]

    def _wrong(self, message: str, given: str = "", offered: list[str] = (), otherwise: str = "") -> ParameterError:
        near = nearest(given, offered)
        meant = f"Did you mean {' or '.join(near)}? " if near else otherwise
        return ParameterError("E-OPTION", message, fix=f"{meant}'{self.prog} --help' shows what can be given.")


def nearest(word: str, offered: list[str]) -> list[str]:
    """Up to two of the names offered that a word may stand for, the likeliest first."""
    if not word or not offered:
        return []
    by_plain = {_plain(name): name for name in offered}
    if _plain(word) in by_plain:
        return [by_plain[_plain(word)]]
    found = difflib.get_close_matches(_plain(word), by_plain, n=2, cutoff=0.6)
    # Part of a name, such as --hct of none but --size of --image-size.
    found = found or [name for name in by_plain if len(_plain(word)) > 2 and _plain(word) in name][:2]
    return [by_plain[name] for name in found]


def _plain(name: str) -> str:
    return name.strip("-").replace("_", "-").lower()
