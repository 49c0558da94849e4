"""One value for the schema of a database and its record of migrations: equal where both are equal."""

from __future__ import annotations

import hashlib
from typing import Any

# Names in place of oids, so that two databases with the same history compare as well as one with itself.
_OURS = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
_QUERIES = (
    # Relations: tables, views, sequences, with what is set on them.
    f"""SELECT 'relation', n.nspname, c.relname, c.relkind::text, c.relpersistence::text, c.reloptions::text,
        c.relrowsecurity::text, c.relacl::text, pg_get_userbyid(c.relowner), obj_description(c.oid, 'pg_class'),
        CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END, pg_get_expr(c.relpartbound, c.oid)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND {_OURS}""",
    f"""SELECT 'column', n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull::text,
        a.attidentity::text, a.attgenerated::text, a.attcollation::regcollation::text,
        pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum), a.attacl::text
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'f') AND {_OURS}""",
    f"""SELECT 'constraint', n.nspname, k.conrelid::regclass::text, k.conname, pg_get_constraintdef(k.oid),
        k.convalidated::text FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace WHERE {_OURS}""",
    f"""SELECT 'index', n.nspname, c.relname, pg_get_indexdef(i.indexrelid), i.indisvalid::text, i.indisready::text,
        i.indisclustered::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_OURS}""",
    f"""SELECT 'sequence', n.nspname, c.relname, s.seqtypid::regtype::text, s.seqincrement::text, s.seqmax::text,
        s.seqmin::text, s.seqcycle::text FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_OURS}""",
    f"""SELECT 'trigger', n.nspname, c.relname, pg_get_triggerdef(t.oid), t.tgenabled::text FROM pg_trigger t
        JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE NOT t.tgisinternal AND {_OURS}""",
    f"""SELECT 'function', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid), md5(p.prosrc), p.proacl::text
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE {_OURS}""",
    f"""SELECT 'type', n.nspname, t.typname, t.typtype::text, e.enumlabel, e.enumsortorder::text, t.typdefault,
        t.typnotnull::text FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
        LEFT JOIN pg_enum e ON e.enumtypid = t.oid WHERE t.typtype IN ('e', 'd') AND {_OURS}""",
    f"""SELECT 'policy', n.nspname, c.relname, p.polname, p.polcmd::text, pg_get_expr(p.polqual, p.polrelid),
        pg_get_expr(p.polwithcheck, p.polrelid) FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_OURS}""",
    f"""SELECT 'statistics', n.nspname, s.stxname, pg_get_statisticsobjdef(s.oid) FROM pg_statistic_ext s
        JOIN pg_namespace n ON n.oid = s.stxnamespace WHERE {_OURS}""",
    "SELECT 'extension', extname, extversion FROM pg_extension",
    f"SELECT 'schema', n.nspname, n.nspacl::text FROM pg_namespace n WHERE {_OURS}",
)


def fingerprint(connection: Any) -> str:
    """Of the catalogue of the connected database and of the migrations that are recorded in it. Rows do not count."""
    rows: list[str] = []
    with connection.cursor() as cursor:
        for query in _QUERIES:
            cursor.execute(query)
            rows.extend(repr(row) for row in cursor.fetchall())
    rows.extend(repr(("migration", app, name)) for app, name in recorded(connection))
    return hashlib.sha256("\n".join(sorted(rows)).encode()).hexdigest()[:16]


def recorded(connection: Any) -> list[tuple[str, str]]:
    """The migrations that the database says it has."""
    from django.db.migrations.recorder import MigrationRecorder

    return sorted(MigrationRecorder(connection).applied_migrations())
