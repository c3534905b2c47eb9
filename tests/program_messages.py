"""The messages that end a command, collected from the sources: the texts of the errors and run ends that are constructed there."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path
from typing import NamedTuple

from auditor import errors
from auditor.core.model import Cause
from auditor.core.results import STOP_EXIT_CODES

PACKAGE = Path(errors.__file__).parent
VALUE = "…"
"""Stands for a value in a message."""
_SHORTEST = 8
"""Letters of a text of its own; what has fewer only passes on another message."""
_DEEPEST = 4
"""Steps by which a text is found: a name has the value of another name, which a function returns, and so on."""
CODES = {
    name: kind.exit_code
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.AuditorError)
}
"""Name of each error -> the exit code of a command that it ends."""
ANY_CODE = frozenset(range(256))

_Names = dict[str, list[ast.expr]]
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def trees() -> dict[Path, ast.Module]:
    """Path -> syntax tree of every source."""
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}


@cache
def _functions() -> dict[str, _Function]:
    """Name -> each function of the program."""
    return {node.name: node for tree in trees().values() for node in ast.walk(tree) if isinstance(node, _Function)}


class Message(NamedTuple):
    """A message as it stands in the sources, with `VALUE` for each value.

    Attributes:
        codes: the exit codes of a command that it ends.
        text: what happened.
        where: file and line.
    """

    codes: frozenset[int]
    text: str
    where: str


def collect_messages() -> Iterator[Message]:
    """Every message of the program, apart from those that only pass on another one."""
    for path, tree in trees().items():
        calls = [(node, name) for node in ast.walk(tree) if isinstance(node, ast.Call) and (name := _ending(node))]
        names = _names_at(tree) if calls else {}
        for call, name in calls:
            for codes, text in _messages_of(name, call.args, names[call]):
                if len(re.findall("[a-zA-Z]", text)) >= _SHORTEST:
                    yield Message(codes, text, f"{path.relative_to(PACKAGE)}:{call.lineno}")


def _names_at(tree: ast.Module) -> dict[ast.AST, _Names]:
    """Each node -> the names that its function knows."""
    names: dict[ast.AST, _Names] = {}
    # inner functions come after outer ones, so each call is found with the names of its own function
    for scope in ast.walk(tree):
        if isinstance(scope, ast.Module | _Function):
            local = {**names.get(tree, {}), **_assigned_in(scope)}
            names.update(dict.fromkeys(ast.walk(scope), local))
    return names


def _ending(call: ast.Call) -> str:
    """The name of what is called, where it is an error, `RunEnd` or `_print_error`; else empty."""
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    return name if name in {*CODES, "RunEnd", "_print_error"} else ""


def _messages_of(name: str, arguments: list[ast.expr], known: _Names) -> Iterator[tuple[frozenset[int], str]]:
    codes = frozenset({CODES[name]}) if name in CODES else ANY_CODE
    if name == "RunEnd" and isinstance(cause := arguments[0], ast.Attribute):
        codes = frozenset({STOP_EXIT_CODES[Cause[cause.attr]]})
    place = 1 if name == "RunEnd" else 0
    if len(arguments) > place:
        for text in _texts(arguments[place], known):
            yield codes, re.sub(rf"{VALUE}(\s*{VALUE})+", VALUE, text)


def _assigned_in(scope: ast.AST) -> _Names:
    """Name -> the expressions that are assigned to it there."""
    found: _Names = {}
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign | ast.NamedExpr):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, []).append(node.value)
    return found


def _texts(node: ast.expr, known: _Names, depth: int = 0) -> list[str]:
    """The texts that an expression may have; none where it is not known."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if depth > _DEEPEST:
        return []
    if isinstance(node, ast.JoinedStr | ast.BinOp):
        parts = node.values if isinstance(node, ast.JoinedStr) else [node.left, node.right]
        return ["".join(each) for each in product(*(_texts(part, known, depth + 1) or [VALUE] for part in parts))]
    return [text for one, names in _choices(node, known) for text in _texts(one, names, depth + 1)]


def _choices(node: ast.expr, known: _Names) -> list[tuple[ast.expr, _Names]]:
    """The expressions that this one may stand for, each with the names that it uses."""
    match node:
        case ast.FormattedValue(value=value):
            found = [ast.Constant(VALUE), *([value] if isinstance(value, ast.Name) else [])]
        case ast.IfExp(body=one, orelse=other):
            found = [one, other]
        case ast.Name(id=name):
            found = known.get(name, [])
        case ast.NamedExpr(value=value) | ast.Starred(value=value) | ast.Tuple(elts=[value, *_]):
            found = [value]
        case ast.Call(func=ast.Name(id=name)) if name in _functions():
            function = _functions()[name]
            known = _assigned_in(function)
            found = [one.value for one in ast.walk(function) if isinstance(one, ast.Return) and one.value]
        case _:
            found = []
    return [(one, known) for one in found]
