"""Programs that the project's code starts and that the image lacks: nobody sees it before somebody comes by."""

from __future__ import annotations

import ast
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .inspect_imports import own_modules

# Called with a list of words, or with one text.
_STARTERS = {"run", "Popen", "call", "check_call", "check_output", "getoutput", "getstatusoutput", "system", "popen"}
_MODULES = {"subprocess", "os"}
# Who looks for the program, or goes on without it, knows that it may be absent.
_CAUGHT = {"FileNotFoundError", "OSError", "Exception", "BaseException"}
_LOOKS = {"which", "platform", "DEBUG", "TESTING", "exists", "is_file"}
# Words of a shell, which are no programs.
_OF_SHELL = {"cd", "export", "set", "if", "for", "while", "exec", "source", ".", "[", "test", "echo", "true", "false"}


@dataclass(frozen=True)
class Start:
    """A program that is started by its name."""

    program: str
    line: int


def read(skipped: list[str]) -> list[dict[str, Any]]:
    """``where`` it is started, its name, and whether only a ``command`` of ``manage.py`` does.

    :param skipped: modules, with all below them, that are not looked at
    """
    return [
        {"where": f"{name}, line {start.line}", "program": start.program, "command": ".management.commands." in name}
        for name, path in own_modules(skipped)
        for start in programs(path.read_text(encoding="utf-8"))
        if shutil.which(start.program) is None
    ]


def programs(source: str) -> list[Start]:
    """The programs that are started by a name that stands there in full, but for those whose absence is borne."""
    tree = ast.parse(source)
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in _MODULES
        for alias in node.names
    }
    # A module that looks for programs knows why.
    if any(isinstance(node, ast.Attribute | ast.Name) and _called(node) == "which" for node in ast.walk(tree)):
        return []
    return list(_starts(tree, imported))


def _starts(node: ast.AST, imported: set[str]) -> Iterator[Start]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Try) and any(_bears(handler) for handler in child.handlers):
            for part in (*child.handlers, *child.orelse, *child.finalbody):
                yield from _starts(part, imported)
        elif isinstance(child, ast.If) and {_called(part) for part in ast.walk(child.test)} & _LOOKS:
            continue
        else:
            if isinstance(child, ast.Call) and _is_start(child.func, imported):
                program = _program(child)
                if program and program not in _OF_SHELL:
                    yield Start(program, child.lineno)
            yield from _starts(child, imported)


def _is_start(function: ast.expr, imported: set[str]) -> bool:
    if isinstance(function, ast.Attribute):
        return function.attr in _STARTERS and isinstance(function.value, ast.Name) and function.value.id in _MODULES
    return isinstance(function, ast.Name) and function.id in _STARTERS & imported


def _program(call: ast.Call) -> str:
    first = call.args[0] if call.args else None
    if isinstance(first, ast.List | ast.Tuple):
        first = first.elts[0] if first.elts else None
    elif isinstance(first, ast.JoinedStr):
        # Of a text with values in it the beginning may stand there in full.
        first = first.values[0]
        if isinstance(first, ast.Constant) and " " not in str(first.value).lstrip():
            return ""
    if not isinstance(first, ast.Constant) or not isinstance(first.value, str):
        return ""
    try:
        words = shlex.split(first.value)
    except ValueError:
        return ""
    return words[0] if words and "$" not in words[0] and "=" not in words[0] else ""


def _bears(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or bool({_called(part) for part in ast.walk(handler.type)} & _CAUGHT)


def _called(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
