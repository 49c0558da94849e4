"""Moments that the code has kept since it was imported: right on the day of the release, and wrong from the next one on."""

from __future__ import annotations

import datetime
import inspect
import sys
from collections.abc import Iterator
from typing import Any

from .inspect_imports import own_modules

#: A moment so near was not written there by somebody.
NEAR = datetime.timedelta(days=2)
#: What a field is made with and asked by.
_OF_FIELD = ("initial", "default", "min_value", "max_value", "limit_value")


def read(skipped: list[str]) -> list[str]:
    """Where such moments stand: defaults of functions, and what fields of models, forms and serializers are made with.

    A module's own variables may be meant: since when a process runs is one. Modules that nothing has imported are left out.

    :param skipped: modules, with all below them, that are not looked at
    """
    found: list[str] = []
    for name, _ in own_modules(skipped):
        module = sys.modules.get(name)
        if module is not None:
            found.extend(_of_module(module))
    return found


def _of_module(module: Any) -> Iterator[str]:
    for name, value in vars(module).items():
        if getattr(value, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(value):
            yield from _of_function(value, f"{module.__name__}.{name}")
        elif inspect.isclass(value):
            where = f"{module.__name__}.{name}"
            for method, function in vars(value).items():
                if inspect.isfunction(function):
                    yield from _of_function(function, f"{where}.{method}")
            for field, of in _fields(value):
                yield from _of_field(of, f"{where}.{field}")


def _of_function(function: Any, where: str) -> Iterator[str]:
    values = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    if any(_is_now(value) for value in values):
        yield f"{where}: default of a parameter"


def _fields(of: Any) -> Iterator[tuple[str, Any]]:
    """Fields that a class declares."""
    meta = getattr(of, "_meta", None)
    if hasattr(meta, "local_concrete_fields"):
        yield from ((field.name, field) for field in meta.local_concrete_fields)
    # Forms and filters, and serializers.
    for name in ("base_fields", "_declared_fields"):
        declared = getattr(of, name, None)
        if isinstance(declared, dict):
            yield from declared.items()


def _of_field(field: Any, where: str) -> Iterator[str]:
    for name in _OF_FIELD:
        if _is_now(getattr(field, name, None)):
            yield f"{where}: {name}"
    for name, value in (getattr(field, "_kwargs", None) or {}).items():
        if _is_now(value):
            yield f"{where}: {name}"
    for validator in getattr(field, "validators", ()):
        if _is_now(getattr(validator, "limit_value", None)):
            yield f"{where}: {validator.__class__.__name__}"


def _is_now(value: Any) -> bool:
    if not isinstance(value, datetime.date):
        return False
    if isinstance(value, datetime.datetime):
        zone = value.tzinfo
        return abs(datetime.datetime.now(zone) - value) < NEAR
    return abs(datetime.date.today() - value) < NEAR
