"""The SQL of migrations, without running it: what ``sqlmigrate`` prints, also where no database can be reached."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

#: Stands in for the server's version where there is no server to ask.
_ASSUMED_VERSION = 170000


@dataclass
class Collected:
    """What one operation would do."""

    #: The operation, or the one inside of it: operations that only hold others are taken apart.
    operation: Any
    #: Statements, each on its own; a comment where it is Python or cannot be told.
    sql: list[str] = field(default_factory=list)
    #: The models before it.
    before: Any = None
    #: The models after it.
    after: Any = None


def collect(
    connection: Any, reachable: bool, state: Any, migration: Any, made: set[str]
) -> tuple[list[Collected], Any]:
    """What each operation of a migration would do, and the models after it.

    ``state`` is the models before it and ``made`` the tables that pending migrations make until then: of these the
    database knows no constraints yet. SQL that Django defers to the migration's end is that of its last operation. What
    an operation asks of the database is read in a session that can only read.
    """
    editor = _editor(connection, reachable, made)
    collected: list[Collected] = []
    with editor:
        for operation in migration.operations:
            after = state.clone()
            operation.state_forwards(migration.app_label, after)
            _operation(collected, editor, migration.app_label, operation, state, after)
            state = after
        deferred, editor.deferred_sql = editor.deferred_sql, []
    if deferred and not collected:
        collected.append(Collected(None, before=state, after=state))
    for statement in deferred:
        collected[-1].sql.extend(_taken(editor, lambda statement=statement: editor.execute(statement, None)))
    return collected, state


def statement_count(connection: Any, state: Any, migration: Any) -> int:
    """How many statements a migration has beside those of its Python code."""
    collected, _ = collect(connection, True, state, migration, set())
    return sum(1 for part in collected for statement in part.sql if not statement.startswith("--"))


def read_only(connection: Any) -> None:
    """From here on nothing can be written on this connection."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")


def _operation(collected: list[Collected], editor: Any, app: str, operation: Any, before: Any, after: Any) -> None:
    from django.db import migrations

    if isinstance(operation, migrations.SeparateDatabaseAndState):
        # As Django does it: the models' changes are none of the database operations' business.
        for inner in operation.database_operations:
            inner_after = before.clone()
            inner.state_forwards(app, inner_after)
            _operation(collected, editor, app, inner, before, inner_after)
            before = inner_after
        return
    part = Collected(operation, before=before, after=after)
    collected.append(part)
    if isinstance(operation, migrations.RunPython):
        code = operation.code
        code = getattr(code, "func", code)
        name = f"{getattr(code, '__module__', '?')}.{getattr(code, '__qualname__', repr(code))}"
        part.sql.append(f"-- Python: {name}")
    elif not operation.reduces_to_sql:
        part.sql.append(f"-- Python: {operation.__class__.__module__}.{operation.__class__.__qualname__}")
    else:
        part.sql.extend(_taken(editor, lambda: operation.database_forwards(app, editor, before, after)))


def _taken(editor: Any, run: Callable[[], None]) -> list[str]:
    """The statements that the editor would have executed."""
    editor.collected_sql = []
    try:
        run()
    except Exception as error:
        # It asks for what only the migrations ahead of it make, or is code that cannot run without its database.
        reason = " ".join(str(error).split()) or error.__class__.__name__
        editor.collected_sql.append(f"-- cannot be told before it runs: {error.__class__.__name__}: {reason}")
    return [text for text in (statement.strip() for statement in editor.collected_sql) if text]


def _editor(connection: Any, reachable: bool, made: set[str]) -> Any:
    base = connection.SchemaEditorClass

    class Collector(base):  # type: ignore[misc, valid-type]
        def execute(self, sql: Any, params: Any = ()) -> None:
            if reachable or params is None:
                super().execute(sql, params)
            else:
                # Drivers put values into a statement with the help of a connection.
                super().execute(str(sql) % tuple(map(self.quote_value, params)), None)

        def _constraint_names(self, model: Any, column_names: Any = None, **wanted: Any) -> list[str]:
            table = model._meta.db_table
            if reachable and table not in made:
                return super()._constraint_names(model, column_names, **wanted)
            # Any will do: the statement is shown and judged, never run.
            return [f"{table}_{'_'.join(column_names or ['constraint'])}"]

    if not reachable and connection.vendor == "postgresql":
        connection.__dict__.setdefault("pg_version", _ASSUMED_VERSION)
    return Collector(connection, collect_sql=True, atomic=False)
