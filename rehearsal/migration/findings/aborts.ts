import type { ForeignTable } from "../ownership.ts";
import type { Finding, MigrationRun } from "../result.ts";

/** A way in which PostgreSQL refuses a statement, and what to do about it. */
interface Refusal {
  readonly id: string;
  readonly words: RegExp;
  /** The statements that it is told of; of any where it is left out. */
  readonly statement?: RegExp;
  readonly cause: string;
  readonly remedy: string;
}

const RIGHTS = "migration.aborts.rights";

/** Told apart by the server's words: drivers hand over its text, not always its code. */
const REFUSALS: readonly Refusal[] = [
  {
    id: "migration.aborts.nulls",
    words: /contains null values|violates not-null constraint|null value in column/i,
    cause: "existing rows hold nulls where the migration allows none",
    remedy: "Fill them in an earlier migration, in batches, and only then forbid nulls.",
  },
  {
    id: "migration.aborts.one-default",
    words: /could not create unique index|is duplicated/i,
    statement: /\bADD COLUMN\b.*\bDEFAULT\b.*\bUNIQUE\b/is,
    cause:
      "all existing rows get the one default in a column that wants each value once: Django asks the function for it a single time",
    remedy:
      "Add the column with null=True and without unique, fill it row by row in a second migration, and demand both in a third.",
  },
  {
    id: "migration.aborts.key-taken",
    words: /duplicate key value violates unique constraint "\w+_pkey"/i,
    statement: /^\s*(?:INSERT\b|$)/i,
    cause:
      "a row gets a key that is taken: the table's sequence is behind its rows (a restore or a replication left it there), or the migration gives the key itself",
    remedy:
      "Set the sequence above the highest key (manage.py sqlsequencereset, or setval), in production first; leave keys to the database.",
  },
  {
    id: "migration.aborts.row-there",
    words: /duplicate key value/i,
    statement: /^\s*INSERT\b/i,
    cause: "the migration makes a row that is there already: somebody has entered it, or another release did",
    remedy: "Let it look first: get_or_create, update_or_create, or INSERT … ON CONFLICT DO NOTHING.",
  },
  {
    id: "migration.aborts.update-collides",
    words: /duplicate key value/i,
    statement: /^\s*UPDATE\b/i,
    cause:
      "an UPDATE gives a row what another row has at that moment: uniqueness is checked row by row, also where the other one is to change in the same statement",
    remedy:
      "Where all values move, make the constraint deferrable, or move them in two steps over values that nobody has; where two rows get the same for good, merge them before.",
  },
  {
    id: "migration.aborts.duplicates",
    words: /could not create unique index|duplicate key value|is duplicated/i,
    cause: "existing rows hold duplicates where the migration wants each value once",
    remedy: "Merge or remove the duplicates in an earlier migration, and only then demand uniqueness.",
  },
  {
    id: "migration.aborts.rows",
    words:
      /violates check constraint|check constraint .* is violated|violates exclusion constraint|conflicting key value/i,
    cause: "existing rows break the constraint that the migration adds",
    remedy: "Correct these rows in an earlier migration, and only then add the constraint.",
  },
  {
    id: "migration.aborts.orphans",
    words: /violates foreign key constraint|is not present in table|still referenced/i,
    cause: "existing rows refer to rows that are not there",
    remedy: "Remove or mend the orphans in an earlier migration, and only then add the foreign key.",
  },
  {
    id: "migration.aborts.values",
    words:
      /value too long|out of range|cannot be cast|invalid input syntax|invalid byte sequence|numeric field overflow|date\/time field|than M(AX|IN)VALUE/i,
    cause: "existing values do not fit the type that the migration gives the column",
    remedy:
      "Add a column of the new type, convert the values in batches and set aside what does not fit, then switch over.",
  },
  {
    id: "migration.aborts.lock",
    words: /lock timeout|canceling statement due to lock|could not obtain lock/i,
    cause: "a statement did not get its lock within the lock timeout, however often it was tried",
    remedy: "Find what holds the table for so long, or raise rehearsal:migration.lockTimeoutSeconds at a quiet hour.",
  },
  {
    id: "migration.aborts.time",
    words: /statement timeout|canceling statement due to statement/i,
    cause: "a statement takes longer on this data than the statement timeout allows",
    remedy: "Split it into batches, or raise rehearsal:migration.statementTimeoutSeconds if nobody has to wait for it.",
  },
  {
    id: "migration.aborts.memory",
    words: /was killed at its \d+ MiB of memory|MemoryError/i,
    cause: "its process needs more memory than it may have: it reads too many rows at once",
    remedy:
      "Go through the rows in batches (iterator(chunk_size=…), or ranges of the key), and save each batch (bulk_update).",
  },
  {
    id: "migration.aborts.space",
    words: /no space left|disk full|could not extend file|could not write/i,
    cause: "the storage is too small for what the migration writes",
    remedy: "Make room, or change the migration so that it does not write the table anew.",
  },
  {
    id: RIGHTS,
    words: /permission denied|must be owner|must be superuser/i,
    cause: "the owner of the schema may not do what the migration wants",
    remedy:
      "Declare extensions in rehearsal:database.extensions, and leave roles and server settings out of migrations.",
  },
  {
    id: "migration.aborts.extension",
    words: /extension .* is not available|could not open extension control file|could not access file/i,
    cause: "the server lacks an extension that the migration needs",
    remedy: "Add its package to the image of PostgreSQL, and declare it in rehearsal:database.extensions.",
  },
  {
    id: "migration.aborts.pending-triggers",
    words: /has pending trigger events/i,
    cause: "it alters a table whose rows it has just changed: the checks of their foreign keys are still to come",
    remedy: "Change rows in one migration, and the schema in another.",
  },
  {
    id: "migration.aborts.after-all",
    words: /(?:Permission|ContentType) matching query does not exist/,
    cause:
      "it looks for a permission or content type, which Django makes after the last migration of a run (post_migrate), and not " +
      "after the one that declares it",
    remedy:
      "Make it in the migration itself, get_or_create with the content type's app_label and model, or call create_permissions for the app before.",
  },
  {
    id: "migration.aborts.objects",
    words: /matching query does not exist|MultipleObjectsReturned|returned more than one/i,
    cause: "the migration counts on rows that are not in the data as it expects them",
    remedy: "Look for the rows with filter(...), and let the migration do without those that are not there.",
  },
  {
    id: "migration.aborts.exists",
    words: /already exists/i,
    cause: "the database holds already what the migration makes",
    remedy: "Find who made it by hand (drift), and remove it or record the migration with manage.py migrate --fake.",
  },
  {
    id: "migration.aborts.absent",
    words: /does not exist|undefined (table|column)|unknown column|no such/i,
    cause: "the migration needs something that the database does not have",
    remedy: "Find who removed it by hand (drift), or correct the order of the migrations.",
  },
];

/**
 * A migration that ends in an error on production-like data.
 *
 * @param foreign tables that belong to another role than the one that migrates
 */
export function abortFindings(
  run: readonly MigrationRun[],
  said: readonly string[],
  ok: boolean,
  foreign: readonly ForeignTable[] = [],
): Finding[] {
  const failed = run.find(({ error }) => error !== undefined);
  if (failed === undefined) {
    if (ok) return [];
    return [
      {
        id: "migration.aborts",
        severity: "blocking",
        subject: "the migrations of the release",
        cause: `they cannot even begin: ${said.at(-1) ?? "the process ended without a word"}`,
        consequence: "The deployment would stop before anything of the release runs.",
        remedy: "Mend what the lines below name.",
        evidence: said.slice(-15),
      },
    ];
  }
  const error = failed.error ?? "";
  const statement = failed.statements.find((candidate) => candidate.error !== undefined);
  const refusal = REFUSALS.find(
    ({ words, statement: about }) =>
      words.test(`${error}\n${statement?.error ?? ""}`) && (about === undefined || about.test(statement?.sql ?? "")),
  );
  const owned = refusal?.id === RIGHTS ? foreignIn(`${error}\n${statement?.sql ?? ""}`, foreign) : undefined;
  if (owned !== undefined) return [foreignFinding(failed, owned, error, statement?.sql)];
  return [
    {
      id: refusal?.id ?? "migration.aborts",
      severity: "blocking",
      migration: failed.migration,
      subject: statement?.locks[0]?.table ?? tableIn(statement?.sql) ?? failed.migration,
      cause: `${refusal?.cause ?? "it ends in an error on the data of the snapshot"}: ${firstLine(error)}`,
      consequence: failed.atomic
        ? "The deployment would stop here; the database stays as it was before this migration."
        : "The deployment would stop half-way: the migration is not atomic, and what it has done by then stays.",
      remedy: refusal?.remedy ?? "Mend the migration, or the data in a migration before it.",
      evidence: [...(statement === undefined ? [] : [statement.sql]), ...error.split("\n").slice(0, 20)],
    },
  ];
}

/** The table of another role that an error or a statement names. */
function foreignIn(text: string, foreign: readonly ForeignTable[]): ForeignTable | undefined {
  const words = new Set(text.match(/[\w$]+/g));
  return foreign.find(({ table }) => words.has(table.split(".").at(-1) ?? table));
}

function foreignFinding(
  { migration, atomic }: MigrationRun,
  { table, kind, owner }: ForeignTable,
  error: string,
  sql: string | undefined,
): Finding {
  return {
    id: "migration.aborts.owner",
    severity: "blocking",
    migration,
    subject: table,
    cause: `${table} belongs in the environment to role ${owner} instead of the one that migrates: ${firstLine(error)}`,
    consequence: atomic
      ? "The deployment would stop here; the database stays as it was before this migration."
      : "The deployment would stop half-way: the migration is not atomic, and what it has done by then stays.",
    remedy:
      `Find who made role ${owner}, which no migration and no setting declares, and why; then give the table back to the owner of ` +
      `the database, as an administrator: ALTER ${kind} ${table} OWNER TO ...`,
    evidence: [...(sql === undefined ? [] : [sql]), ...error.split("\n").slice(0, 20)],
  };
}

function firstLine(text: string): string {
  return text.split("\n").find((line) => line.trim() !== "") ?? "no words";
}

/** The first table that a statement names in Django's own spelling. */
function tableIn(sql: string | undefined): string | undefined {
  return sql?.match(/(?:TABLE|INTO|UPDATE|FROM|ON)\s+"([^"]+)"/i)?.[1];
}
