"""The messages of the source by their codes, read from its syntax tree."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

CODE = re.compile(r"[EWRNI]-[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*")
PLACEHOLDER = "…"
TEXTS = (ast.Constant, ast.JoinedStr, ast.BinOp, ast.IfExp)
Names = dict[str, list[ast.expr]]


@dataclass(frozen=True)
class Message:
    """One place that tells something. message or fix is empty where the source makes it elsewhere."""

    code: str
    message: str
    fix: str
    file: str


def messages_of(folders: list[Path]) -> list[Message]:
    """Every message in the files of the folders, by code, then as found; a code that only stands there has no text."""
    found = []
    for folder in folders:
        for file in sorted(folder.rglob("*.py")):
            found += _messages_in(file.read_text(encoding="utf-8"), str(file.relative_to(folder.parent)))
    return sorted(found, key=lambda m: m.code)


@cache
def _messages_in(source: str, file: str) -> list[Message]:
    tree, found, told = ast.parse(source), [], set()
    for place, names in _places(tree, {}):
        codes = [node for node in _parts(place) if _code_of(node)]
        told.update(id(code) for code in codes)
        found += [Message(code.value, *_texts(place, code, names), file) for code in codes[:1]]
    others = [n for n in ast.walk(tree) if isinstance(n, ast.Constant) and _code_of(n) and id(n) not in told]
    return found + [Message(node.value, "", "", file) for node in others]


def _places(node: ast.AST, outer: Names) -> Iterator[tuple[ast.Call | ast.Tuple, Names]]:
    """Every call and tuple below a node, where codes stand beside texts, with what the names there stand for."""
    names = outer | _assigned(node) if isinstance(node, (ast.Module, ast.FunctionDef)) else outer
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.Call, ast.Tuple)):
            yield child, names
        yield from _places(child, names)


def _assigned(scope: ast.Module | ast.FunctionDef) -> Names:
    """The texts a name is given in a function or module, in the order of their lines."""
    names: Names = {}
    for node in ast.walk(scope) if isinstance(scope, ast.FunctionDef) else scope.body:
        value = getattr(node, "value", None)
        for target in getattr(node, "targets", []):
            if isinstance(target, ast.Name) and isinstance(value, TEXTS):
                names.setdefault(target.id, []).append(value)
    return {name: sorted(values, key=lambda v: v.lineno) for name, values in names.items()}


def _parts(place: ast.Call | ast.Tuple) -> list[ast.expr]:
    return place.elts if isinstance(place, ast.Tuple) else [*place.args, *(k.value for k in place.keywords)]


def _texts(place: ast.Call | ast.Tuple, code: ast.expr, names: Names) -> tuple[str, str]:
    """What is said, and what is to be done."""
    keywords = {k.arg: k.value for k in getattr(place, "keywords", [])}
    fix = text_of(keywords["fix"], names) if "fix" in keywords else ""
    parts = place.elts if isinstance(place, ast.Tuple) else place.args
    after = parts[parts.index(code) + 1 :] if code in parts else parts
    said = [keywords[k] for k in ("message", "text") if k in keywords] or after
    return next(filter(_says_something, (text_of(node, names) for node in said)), ""), fix


def _code_of(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(CODE.fullmatch(node.value))


def _says_something(text: str) -> bool:
    return len(re.sub(r"[^a-z]", "", text)) > 3


def text_of(node: ast.expr, names: Names) -> str:
    """The text of an expression; what is only known when it runs is an ellipsis."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part, names) for part in node.values)
    if isinstance(node, ast.FormattedValue) and isinstance(node.value, ast.Name) and node.value.id.isupper():
        return text_of(node.value, names)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return text_of(node.left, names) + text_of(node.right, names)
    if isinstance(node, ast.IfExp):
        return f"{text_of(node.body, names)} / {text_of(node.orelse, names)}"
    if isinstance(node, ast.Name) and node.id in names:
        before = [value for value in names[node.id] if value.lineno < node.lineno] or names[node.id]
        # A name that is made longer of itself would go on for ever.
        return text_of(before[-1], {name: values for name, values in names.items() if name != node.id})
    if isinstance(node, ast.Call) and _translates(node):
        return re.sub(r"\{\w*\}", PLACEHOLDER, text_of(node.args[0] if node.args else node.func.value, names))
    return PLACEHOLDER


def _translates(call: ast.Call) -> bool:
    """Whether a call is ``_("...")``, or fills in the blanks of one."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr == "format" and not call.args
    return isinstance(call.func, ast.Name) and call.func.id == "_" and bool(call.args)
