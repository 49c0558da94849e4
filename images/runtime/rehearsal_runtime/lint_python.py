"""Rules for the Python code of migrations."""

from __future__ import annotations

import ast
import dis
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from types import CodeType, ModuleType
from typing import Any

# How far functions that a migration calls are followed.
_DEPTH = 3


def name_of(code: Any) -> str:
    """Where a function of a migration is, for people."""
    function = _function(code)
    return f"{getattr(function, '__module__', '?')}.{getattr(function, '__qualname__', repr(function))}"


def live_models(code: Callable[..., Any]) -> list[str]:
    """What a function of a migration, or one that it calls, uses of the models as they are now, in order of names."""
    found: set[str] = set()
    _look(_function(code), found, set(), _DEPTH)
    return sorted(found)


def words_in(code: Any) -> set[str]:
    """The texts that a function of a migration holds, in lower case: among them the names of the models that it takes."""
    found: set[str] = set()
    todo = [getattr(_function(code), "__code__", None)]
    while todo:
        current = todo.pop()
        for constant in getattr(current, "co_consts", ()):
            if isinstance(constant, CodeType):
                todo.append(constant)
            elif isinstance(constant, str):
                found.add(constant.lower())
    return found


def fixed_keys(code: Any) -> list[str]:
    """The calls of a function of a migration that create a row under a key that stands there as a number, or take the
    row that has it for that: ``update_or_create(pk=1)``."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(_function(code))))
    except (OSError, TypeError, SyntaxError):
        return []
    return [
        f"{node.func.attr}({word.arg}={word.value.value})"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "update_or_create"
        for word in node.keywords
        if word.arg in ("pk", "id") and isinstance(word.value, ast.Constant) and isinstance(word.value.value, int)
    ]


def _function(code: Any) -> Any:
    while hasattr(code, "func"):
        code = code.func
    return inspect.unwrap(code) if callable(code) else code


def _look(function: Any, found: set[str], seen: set[int], depth: int) -> None:
    code = getattr(function, "__code__", None)
    if code is None or id(code) in seen:
        return
    seen.add(id(code))
    for value in _used(code, getattr(function, "__globals__", {})):
        name = _live(value)
        if name:
            found.add(name)
        elif depth and inspect.isfunction(value) and _is_projects(value):
            _look(value, found, seen, depth - 1)


def _used(code: CodeType, names: dict[str, Any]) -> Iterator[Any]:
    """What the code takes from its module's names, from modules among these, and from what it imports itself."""
    module: ModuleType | None = None
    modules: list[ModuleType] = []
    for instruction in dis.get_instructions(code):
        value: Any = None
        if instruction.opname == "IMPORT_NAME":
            module = sys.modules.get(str(instruction.argval)) or _relative(str(instruction.argval), names)
            modules.extend([module] if module else [])
        elif instruction.opname == "IMPORT_FROM":
            value = getattr(module, str(instruction.argval), None)
        elif instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            value = names.get(str(instruction.argval))
        elif instruction.opname in ("LOAD_ATTR", "LOAD_METHOD"):
            for holder in modules:
                yield getattr(holder, str(instruction.argval), None)
        if inspect.ismodule(value):
            modules.append(value)
        if value is not None:
            yield value
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _used(constant, names)


def _relative(name: str, names: dict[str, Any]) -> ModuleType | None:
    # "from ..models import X" names the module by its last part.
    package = str(names.get("__package__") or "")
    while package:
        found = sys.modules.get(f"{package}.{name}")
        if found:
            return found
        package = package.rpartition(".")[0]
    return None


def _live(value: Any) -> str:
    from django.apps import apps
    from django.contrib.auth import get_user_model
    from django.db.models import Model

    if value is apps:
        return "django.apps.apps"
    if value is get_user_model:
        return "get_user_model()"
    if not inspect.isclass(value) or not issubclass(value, Model) or not hasattr(value, "_meta"):
        return ""
    historical = value.__module__ == "__fake__" or value._meta.apps is not apps or value._meta.abstract
    return "" if historical else f"{value.__module__}.{value.__qualname__}"


def _is_projects(function: Any) -> bool:
    module = sys.modules.get(function.__module__)
    file = getattr(module, "__file__", None) or ""
    return "site-packages" not in file and "dist-packages" not in file and not file.startswith(sys.base_prefix + "/lib")
