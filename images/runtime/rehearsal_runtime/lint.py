"""What can be said of pending migrations before they run."""

from __future__ import annotations

from typing import Any

from .collect import Collected
from .lint_python import fixed_keys, live_models, name_of, words_in
from .lint_sql import Known, lint
from .lint_texts import finding
from .settings import number
from .sql_text import is_write, statements

_FILLED = """
SELECT c.relname, a.attname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.conkey[1]
WHERE k.contype = 'c' AND k.convalidated AND cardinality(k.conkey) = 1
  AND pg_get_constraintdef(k.oid) ~ '^CHECK \\(\\(+"?[^" ]+"? IS NOT NULL\\)+$'"""
_BYTES = """
SELECT CASE WHEN n.nspname = 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END, pg_table_size(c.oid)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"""


class Linter:
    """Goes through the pending migrations in their order and remembers what they have changed so far."""

    def __init__(self, connection: Any, reachable: bool, state: Any) -> None:
        self.findings: list[dict[str, Any]] = []
        columns: dict[str, set[str]] = {}
        types: dict[tuple[str, str], str] = {}
        for model in state.apps.get_models(include_auto_created=True):
            table = model._meta.db_table
            columns[table] = {field.column for field in model._meta.local_fields}
            for field in model._meta.local_fields:
                types[table, field.column] = field.db_type(connection) or ""
        self.known = Known(columns, types, unlimited=_unlimited())
        if reachable and connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(_FILLED)
                self.known.filled = set(cursor.fetchall())
                cursor.execute(_BYTES)
                self.known.bytes = dict(cursor.fetchall())

    def migration(self, migration: Any, collected: list[Collected], before: Any, after: Any) -> None:
        """Judges one migration, by the models before and after it."""
        name = str(migration)
        self._deletes(name, before, after)
        sql = [text for part in collected for text in part.sql if not text.startswith("--")]
        findings, altered = lint(name, migration.atomic, sql, self.known)
        self.findings.extend(findings)
        for part in collected:
            self._code(name, part)
            if migration.atomic:
                self._mixed(name, part, altered)

    def _code(self, migration: str, part: Collected) -> None:
        from django.db.migrations import RunPython, RunSQL

        operation = part.operation
        if isinstance(operation, RunSQL) and not operation.reversible:
            self._find("migration.sql-irreversible", migration, part.sql[0] if part.sql else "RunSQL", part.sql[:5])
        if not isinstance(operation, RunPython):
            return
        for code in (operation.code, operation.reverse_code):
            if code is None:
                self._find("migration.python-irreversible", migration, name_of(operation.code), [])
                continue
            models = live_models(code)
            if models:
                self._find("migration.live-models", migration, name_of(code), models, model=", ".join(models))
            keys = fixed_keys(code)
            # Of the framework of sites, which names its row by its key in the settings.
            if keys and "sites" not in words_in(code):
                self._find("migration.fixed-key", migration, name_of(code), keys, calls=", ".join(keys))

    def _deletes(self, migration: str, before: Any, after: Any) -> None:
        for key, model in after.models.items():
            earlier = before.models.get(key)
            for name, field in model.fields.items() if earlier else ():
                was, now = (_on_delete(one) for one in (earlier.fields.get(name), field))
                if was is None or now != "CASCADE" or was == now:
                    continue
                table = model.options.get("db_table") or f"{key[0]}_{key[1]}"
                target = str(field.remote_field.model).rpartition(".")[2]
                stayed = "kept it from being deleted" if was in ("PROTECT", "RESTRICT") else "stayed"
                values = {"was": was, "table": table, "target": f"a row of {target}", "stayed": stayed}
                self._find("migration.deletes-more", migration, f"{model.name}.{name}", [], **values)

    def _mixed(self, migration: str, part: Collected, altered: set[str]) -> None:
        from django.db.migrations import RunPython, RunSQL

        operation = part.operation
        subject = ""
        if isinstance(operation, RunPython) and operation.code is not RunPython.noop:
            subject = name_of(operation.code)
        elif isinstance(operation, RunSQL):
            writes = [text for sql in part.sql for text in statements(sql) if is_write(text)]
            subject = writes[0] if writes else ""
        if subject and altered:
            values = {"table": ", ".join(sorted(altered)), **self.known.weight(*altered)}
            self._find("migration.mixes-data-and-schema", migration, subject, [], **values)

    def _find(self, rule: str, migration: str, subject: str, evidence: list[str], **values: Any) -> None:
        found = finding(rule, migration, subject, evidence, **values)
        if found not in self.findings:
            self.findings.append(found)


def _on_delete(field: Any) -> str | None:
    """What becomes of a row when the one is deleted that it refers to; None for a field that refers to none."""
    rule = getattr(getattr(field, "remote_field", None), "on_delete", None)
    return None if rule is None else getattr(rule, "__name__", "SET").partition("_on_delete")[0]


def _unlimited() -> bool:
    # Where nobody has declared a limit nothing is known of the deployment's.
    return number("MIGRATION_LOCK_TIMEOUT", 1) == 0
