"""Whether every module of the project can be imported, also those that only a rare path reaches.

An import inside of a function runs when somebody comes by: what it names is imported here too.
"""

from __future__ import annotations

import ast
import importlib
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SECONDS = 15
# What is run by developers, not by the system: it may need packages that a release has not.
_DEVELOPMENT = re.compile(r"(?:.*_)?tests?(?:_.*)?|conftest|(?:.*_)?factor(?:y|ies)|fixtures?|testing|dev(?:elopment)?|debug")
_LIBRARIES = re.compile(r"/(?:site|dist)-packages(?:/|$)")
# A condition on one of these tells where the import is not meant to run.
_CONDITIONS = {"TYPE_CHECKING", "platform", "version_info", "DEBUG", "TESTING"}
# Calls that import what a text names; the third takes a name of the module behind the last dot.
_DYNAMIC = {"import_module", "__import__", "import_string"}
_CAUGHT = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}


@dataclass(frozen=True)
class LateImport:
    """An import inside of a function."""

    module: str
    #: What is taken from it; empty for the module itself.
    name: str
    line: int


def read(skipped: list[str]) -> dict[str, Any]:
    """What was imported, what failed with Python's words, and how much was left out when time was up.

    :param skipped: modules, with all below them, that are not imported
    """
    end = time.monotonic() + SECONDS
    failed: list[dict[str, Any]] = []
    counted, left = {"modules": 0, "late": 0}, 0
    for name, path in own_modules(skipped):
        if time.monotonic() > end:
            left += 1
            continue
        if not _importable(name, f"{name}", failed):
            continue
        counted["modules"] += 1
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        for late in late_imports(path.read_text(encoding="utf-8"), package):
            counted["late"] += 1
            _importable(late.module, f"{name}, line {late.line}", failed, late.name)
    return {**counted, "left": left, "failed": failed}


def own_modules(skipped: list[str]) -> Iterator[tuple[str, Path]]:
    """Name and file of each module of the project's own packages that the running system may come to import."""
    for top in sorted(_own_packages()):
        for folder in getattr(sys.modules.get(top), "__path__", []):
            yield from _modules(top, Path(folder), skipped)


def late_imports(source: str, package: str) -> list[LateImport]:
    """The imports inside of functions, but for those that may fail or are for another place.

    :param package: what relative imports start from
    """
    found: list[LateImport] = []
    _collect(ast.parse(source), package, False, found)
    return found


def _own_packages() -> set[str]:
    from django.apps import apps
    from django.conf import settings

    names = [config.name for config in apps.get_app_configs() if not _LIBRARIES.search(f"{config.path}/")]
    names += [settings.SETTINGS_MODULE, settings.ROOT_URLCONF]
    names += [name for name in (settings.WSGI_APPLICATION, getattr(settings, "ASGI_APPLICATION", None)) if name]
    tops = {name.partition(".")[0] for name in names}
    return {top for top in tops if not _of_library(top)}


def _of_library(top: str) -> bool:
    try:
        module = importlib.import_module(top)
    except Exception:
        return True
    return any(_LIBRARIES.search(f"{folder}/") or "/lib/python" in str(folder) for folder in getattr(module, "__path__", []))


def _modules(package: str, folder: Path, skipped: list[str]) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            name = f"{package}.{path.name}"
            if path.name.isidentifier() and (path / "__init__.py").is_file() and _wanted(name, path.name, skipped):
                yield from _modules(name, path, skipped)
        elif path.suffix == ".py" and path.stem.isidentifier():
            name = package if path.stem == "__init__" else f"{package}.{path.stem}"
            if _wanted(name, path.stem, skipped) and not _script(path):
                yield name, path


def _wanted(name: str, last: str, skipped: list[str]) -> bool:
    if any(name == one or name.startswith(f"{one}.") for one in skipped):
        return False
    if name in sys.modules:
        return True
    # Migrations have been loaded by whoever applied them; settings of other environments want their variables.
    above = name.split(".")[:-1]
    settings = last.startswith("settings") or any(part.startswith("settings") for part in above)
    return last not in ("migrations", "__main__") and not _DEVELOPMENT.fullmatch(last) and not settings


def _script(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"#!"


def _importable(module: str, where: str, failed: list[dict[str, Any]], name: str = "") -> bool:
    try:
        loaded = importlib.import_module(module)
        if name and not hasattr(loaded, name):
            try:
                importlib.import_module(f"{module}.{name}")
            except ModuleNotFoundError as error:
                if error.name != f"{module}.{name}":
                    raise
                raise ImportError(f"cannot import name {name!r} from {module!r}") from error
    except RuntimeError as error:
        # A module with models of an application that is not installed is not used by this release.
        if "INSTALLED_APPS" in str(error):
            return False
        failed.append({"where": where, "error": f"RuntimeError: {error}"})
        return False
    except (Exception, SystemExit) as error:
        failed.append({"where": where, "error": f"{error.__class__.__name__}: {error}"})
        return False
    return True


def _collect(node: ast.AST, package: str, inside: bool, found: list[LateImport]) -> None:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Try) and any(_catches(handler) for handler in child.handlers):
            for part in (*child.handlers, *child.orelse, *child.finalbody):
                _collect(part, package, inside, found)
        elif isinstance(child, ast.If) and _names(child.test) & _CONDITIONS:
            continue
        elif inside and isinstance(child, ast.Import):
            found.extend(LateImport(alias.name, "", child.lineno) for alias in child.names)
        elif inside and isinstance(child, ast.ImportFrom):
            module = _absolute(child, package)
            found.extend(LateImport(module, "" if a.name == "*" else a.name, child.lineno) for a in child.names)
        else:
            if inside and isinstance(child, ast.Call):
                found.extend(_named_in(child))
            function = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef))
            _collect(child, package, inside or function, found)


def _named_in(call: ast.Call) -> Iterator[LateImport]:
    """What a call imports by a name that stands there in full."""
    function = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    argument = call.args[0] if call.args else None
    if function not in _DYNAMIC or not isinstance(argument, ast.Constant) or not isinstance(argument.value, str):
        return
    text = argument.value
    if not text or text.startswith("."):
        return
    module, _, name = text.rpartition(".") if function == "import_string" else (text, "", "")
    if module:
        yield LateImport(module, name, call.lineno)


def _catches(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or bool(_names(handler.type) & _CAUGHT)


def _names(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} | {
        n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)
    }


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if node.level == 0:
        return node.module or ""
    base = package.split(".")[: len(package.split(".")) - node.level + 1]
    return ".".join([*base, node.module] if node.module else base)
