"""Where code reads variables of its environment that it cannot do without.

``os.environ["X"]``, what django-environ, environs and decouple read without a default, what functions of the project's own read
that raise where a variable is not set, and ``getenv("X")`` where ``None`` fails on the spot. A read that is made only under a
condition, or whose failure is caught, is told apart or left out.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeGuard

# By these a missing variable is caught, whichever library says so.
_CAUGHT = {
    "KeyError",
    "LookupError",
    "Exception",
    "BaseException",
    "TypeError",
    "AttributeError",
    "ImproperlyConfigured",
    "UndefinedValueError",
    "EnvError",
    "EnvValidationError",
}
_LIBRARY_CLASSES = {"Env", "FileAwareEnv", "AutoConfig", "Config"}
_LIBRARY_READERS = {"decouple": "config", "environs": "env"}
_NO_READS = {"read_env", "read_envfile", "prefixed", "seal", "dump"}
_TYPES = {"str", "int", "bool", "float", "list", "tuple", "dict", "bytes"}
# What these are given must not be None.
_STRICT = {"int", "float", "loads", "b64decode", "urlparse", "urlsplit", "Path", "Decimal", "len", "open"}
# A condition on one of these tells where the code is not meant to run.
_ELSEWHERE = {"TYPE_CHECKING", "platform", "version_info", "DEBUG", "TESTING"}


@dataclass(frozen=True)
class Read:
    """A variable that is read without a default."""

    variable: str
    line: int
    #: As the code writes it.
    code: str
    #: Whether it is read whenever the function or module around it runs.
    certain: bool


@dataclass
class Readers:
    """What reads the environment in a project, beside Python itself."""

    #: Names of objects of libraries, such as ``env``.
    objects: set[str] = field(default_factory=set)
    #: Variables that those objects have defaults for.
    defaults: set[str] = field(default_factory=set)
    #: Functions of the project that raise where the variable is not set, by the last part of their module.
    functions: set[tuple[str, str]] = field(default_factory=set)


def readers(modules: Iterable[tuple[str, ast.Module]]) -> Readers:
    """The objects and functions by which modules, each with its dotted name, read variables."""
    found = Readers()
    for name, tree in modules:
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and _last(node.value.func) in _LIBRARY_CLASSES:
                found.objects.update(target.id for target in node.targets if isinstance(target, ast.Name))
                found.defaults.update(k.arg for k in node.value.keywords if k.arg and isinstance(k.value, ast.Tuple))
        for statement in tree.body:
            if isinstance(statement, ast.FunctionDef) and _demands(statement):
                found.functions.add((name.rpartition(".")[2], statement.name))
    return found


def reads(name: str, tree: ast.Module, known: Readers) -> list[Read]:
    """The variables that a module cannot do without, in the order of its lines.

    :param name: the module's dotted name
    """
    visitor = _Visitor(name, tree, known)
    visitor.visit(tree)
    return [read for read in visitor.found if read.variable not in visitor.stored]


class _Visitor(ast.NodeVisitor):
    def __init__(self, name: str, tree: ast.Module, known: Readers) -> None:
        self.found: list[Read] = []
        #: Variables that the module sets itself.
        self.stored: set[str] = set()
        self._own = name.rpartition(".")[2]
        self._known = known
        self._certain = True
        self._caught = False
        self._prefix = ""
        #: Name in this module -> last part of the module, and the name there.
        self._imported: dict[str, tuple[str, str]] = {}
        self._defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        self._objects = {
            target.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name) and target.id in known.objects
        }
        #: Variables that the module asks for before it reads them.
        self._asked = set(_asked_for(tree))

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._imported[alias.asname or alias.name] = (alias.name.rpartition(".")[2], "")

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = (node.module or "").rpartition(".")[2]
        for alias in node.names:
            local = alias.asname or alias.name
            self._imported[local] = (module, alias.name)
            library = _LIBRARY_READERS.get(node.module or "") == alias.name
            if library or (alias.name in self._known.objects and node.module != "os"):
                self._objects.add(local)

    def visit_Try(self, node: ast.Try) -> None:
        caught = any(_catches(handler) and not _raises(handler.body) for handler in node.handlers)
        self._within(node.body, caught=caught)
        for handler in node.handlers:
            self._within(handler.body, certain=False)
        self._within([*node.orelse, *node.finalbody])

    def visit_If(self, node: ast.If) -> None:
        if _names(node.test) & _ELSEWHERE:
            return
        variable = _absence(node.test)
        if variable and _raises(node.body):
            self._add(variable, node.test)
        else:
            self.visit(node.test)
        self._within([*node.body, *node.orelse], certain=False)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.visit(node.test)
        self._within([node.body, node.orelse], certain=False)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        self.visit(node.values[0])
        self._within(node.values[1:], certain=False)

    def visit_Match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        for case in node.cases:
            self._within(case.body, certain=False)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._function(node)

    def visit_With(self, node: ast.With) -> None:
        prefix = "".join(
            str(item.context_expr.args[0].value)
            for item in node.items
            if isinstance(item.context_expr, ast.Call)
            and _last(item.context_expr.func) == "prefixed"
            and item.context_expr.args
            and isinstance(item.context_expr.args[0], ast.Constant)
        )
        before, self._prefix = self._prefix, self._prefix + prefix
        self.generic_visit(node)
        self._prefix = before

    def visit_Subscript(self, node: ast.Subscript) -> None:
        variable = _text(node.slice)
        if _is_environ(node.value) and variable:
            if isinstance(node.ctx, ast.Load):
                self._add(variable, node)
            else:
                self.stored.add(variable)
        self._strict(node.value, node)
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._strict(node.value, node)
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        for side in (node.left, node.right):
            self._strict(side, node)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        variable = _text(node.args[0]) if node.args else ""
        if variable and _last(node.func) == "setdefault" and isinstance(node.func, ast.Attribute) and _is_environ(node.func.value):
            self.stored.add(variable)
        elif variable and (self._by_library(node, variable) or self._by_function(node)):
            self._add(variable, node)
        if _last(node.func) in _STRICT and node.args:
            self._strict(node.args[0], node)
        self.generic_visit(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for part in (*node.decorator_list, *node.args.defaults, *(d for d in node.args.kw_defaults if d)):
            self.visit(part)
        # It runs when somebody calls it, whatever stands around its definition.
        before = self._certain, self._caught
        self._certain, self._caught = True, False
        for statement in node.body:
            self.visit(statement)
        self._certain, self._caught = before

    def _within(self, nodes: Iterable[ast.AST], *, certain: bool = True, caught: bool = False) -> None:
        before = self._certain, self._caught
        self._certain, self._caught = before[0] and certain, before[1] or caught
        for node in nodes:
            self.visit(node)
        self._certain, self._caught = before

    def _strict(self, value: ast.expr, around: ast.expr) -> None:
        variable = _optional(value)
        if variable:
            self._add(variable, around)

    def _by_library(self, node: ast.Call, variable: str) -> bool:
        target = node.func.value if isinstance(node.func, ast.Attribute) else node.func
        if not isinstance(target, ast.Name) or target.id not in self._objects or _last(node.func) in _NO_READS:
            return False
        if any(keyword.arg in ("default", None) for keyword in node.keywords):
            return False
        second = node.args[1] if len(node.args) > 1 else None
        cast = isinstance(second, ast.Name) and second.id in _TYPES
        return (second is None or cast) and variable not in self._known.defaults

    def _by_function(self, node: ast.Call) -> bool:
        if len(node.args) != 1 or node.keywords:
            return False
        func = node.func
        if isinstance(func, ast.Name):
            if func.id in self._defined:
                return (self._own, func.id) in self._known.functions
            return self._imported.get(func.id, ("", "")) in self._known.functions
        if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name):
            module, name = self._imported.get(func.value.id, ("", ""))
            return (name or module, func.attr) in self._known.functions
        return False

    def _add(self, variable: str, node: ast.AST) -> None:
        if self._caught:
            return
        certain = self._certain and variable not in self._asked
        self.found.append(Read(self._prefix + variable, getattr(node, "lineno", 0), ast.unparse(node)[:120], certain))


def _demands(function: ast.FunctionDef) -> bool:
    """Whether a function raises where the variable that its first argument names is not set, and it is given no more."""
    arguments = function.args.args
    if not arguments or any(not _empty(default) for default in function.args.defaults):
        return False
    parameter = arguments[0].arg
    others = {argument.arg for argument in (*arguments[1:], *function.args.kwonlyargs)}
    values: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Compare) and any(_is_environ(one) for one in node.comparators):
            return _raises(function.body)
        if isinstance(node, ast.Subscript) and _is_environ(node.value) and _is_name(node.slice, parameter):
            return not _caught_within(function, node) or _handler_raises(function)
        if isinstance(node, ast.Assign) and _gets(node.value, parameter):
            values.update(target.id for target in node.targets if isinstance(target, ast.Name))
    return any(
        isinstance(node, ast.If)
        and (_names(node.test) & values)
        and not (_names(node.test) & others)
        and _tests_absence(node.test)
        and _raises(node.body)
        for node in ast.walk(function)
    )


def _gets(node: ast.expr, parameter: str) -> bool:
    """Whether a value is what ``environ.get`` says of the parameter, without a default that is one."""
    for call in ast.walk(node):
        if not isinstance(call, ast.Call) or not call.args or not _is_name(call.args[0], parameter):
            continue
        if _is_getter(call.func):
            return len(call.args) == 1 or _empty(call.args[1]) or isinstance(call.args[1], ast.Name)
    return False


def _caught_within(function: ast.FunctionDef, node: ast.AST) -> bool:
    return any(
        isinstance(one, ast.Try) and any(node is inner for part in one.body for inner in ast.walk(part))
        and any(_catches(handler) for handler in one.handlers)
        for one in ast.walk(function)
    )


def _handler_raises(function: ast.FunctionDef) -> bool:
    return any(isinstance(node, ast.Try) and any(_raises(h.body) for h in node.handlers) for node in ast.walk(function))


def _asked_for(tree: ast.AST) -> Iterator[str]:
    """Variables of which a module asks whether they are set, and goes on where they are not."""
    refusals = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and _raises(node.body)
        for inner in ast.walk(node.test)
    }
    for node in ast.walk(tree):
        if node in refusals:
            continue
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.In, ast.NotIn)):
            if any(_is_environ(one) for one in node.comparators) and _text(node.left):
                yield _text(node.left)
        elif isinstance(node, (ast.If, ast.IfExp, ast.While)):
            tested = (inner for inner in ast.walk(node.test) if inner not in refusals)
            yield from (variable for inner in tested if (variable := _optional(inner)))


def _absence(test: ast.expr) -> str:
    """The variable that a condition finds not set; empty where it is about something else."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return _optional(test.operand)
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        if isinstance(test.ops[0], ast.NotIn) and _is_environ(test.comparators[0]):
            return _text(test.left)
        if isinstance(test.ops[0], (ast.Is, ast.Eq)) and _empty(test.comparators[0]):
            return _optional(test.left)
    return ""


def _tests_absence(test: ast.expr) -> bool:
    if isinstance(test, ast.UnaryOp):
        return isinstance(test.op, ast.Not)
    return isinstance(test, ast.Compare) and isinstance(test.ops[0], (ast.Is, ast.Eq)) and _empty(test.comparators[0])


def _optional(node: ast.AST) -> str:
    """The variable of ``os.environ.get("X")`` or ``getenv("X")`` without a default."""
    if not isinstance(node, ast.Call) or not node.args or not _is_getter(node.func) or node.keywords:
        return ""
    return _text(node.args[0]) if len(node.args) == 1 or _is_none(node.args[1]) else ""


def _is_getter(func: ast.expr) -> bool:
    if isinstance(func, ast.Attribute):
        return (func.attr == "get" and _is_environ(func.value)) or (func.attr == "getenv" and _is_name(func.value, "os"))
    return isinstance(func, ast.Name) and func.id == "getenv"


def _is_environ(node: ast.expr) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr == "environ" and _is_name(node.value, "os")
    return isinstance(node, ast.Name) and node.id == "environ"


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _empty(node: ast.AST) -> TypeGuard[ast.expr]:
    """None, an empty text, or an object that stands for no default."""
    if isinstance(node, ast.Constant):
        return node.value is None or node.value == ""
    return isinstance(node, (ast.Name, ast.Attribute)) or (isinstance(node, ast.Call) and _last(node.func) == "object")


def _text(node: ast.AST) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier() else ""


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _names(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} | {
        n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)
    }


def _catches(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or bool(_names(handler.type) & _CAUGHT)


def _raises(body: Iterable[ast.AST]) -> bool:
    return any(isinstance(node, ast.Raise) for part in body for node in ast.walk(part))
