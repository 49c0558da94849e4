import type { DataState } from "../data.ts";
import type { Finding, MigrationRehearsal } from "../result.ts";

/** What stands in the way of going back to the release before. */
export function backFindings(back: NonNullable<MigrationRehearsal["back"]>): Finding[] {
  const failed = back.reversed.find(({ error }) => error !== undefined);
  const works = back.outgoingWorks === true;
  if (failed !== undefined) {
    return [
      {
        id: "back.fails",
        severity: "warning",
        migration: failed.migration,
        subject: failed.migration,
        cause: `its reverse ends in an error on the migrated data: ${failed.error?.split("\n")[0] ?? ""}`,
        consequence: works
          ? "The schema cannot be taken back. The release before works on the new one, so a rollback needs no reverse."
          : "Neither can the schema be taken back nor does the release before work on the new one.",
        remedy: "Mend the reverse operations, or declare that there is none.",
        evidence: failed.statements.filter(({ error }) => error !== undefined).map(({ sql }) => sql),
      },
    ];
  }
  if (back.irreversible === undefined) return [];
  return [
    {
      id: "back.irreversible",
      severity: works ? "note" : "warning",
      migration: back.irreversible,
      subject: back.irreversible,
      cause: "it has no reverse",
      consequence: works
        ? "The schema cannot be taken back. The release before works on the new one, so a rollback needs no reverse."
        : "After this release there is no way back but restoring the database.",
      remedy: "Give RunPython and RunSQL a reverse; noop where nothing needs to be undone.",
    },
  ];
}

/** Columns, `table.column`, and tables that held something before the migrations and are not there after them. */
export function removedBetween(before: DataState, after: DataState): string[] {
  return Object.entries(before).flatMap(([table, { rows, columns }]) => {
    if (rows === 0) return [];
    const now = after[table];
    if (now === undefined) return [table];
    return Object.keys(columns)
      .filter((column) => now.columns[column] === undefined)
      .map((column) => `${table}.${column}`);
  });
}

/** What the reverse of the migrations makes again, but not as it was. */
export function lostFindings(
  before: DataState,
  after: DataState,
  reversed: DataState,
  outgoingWorks: boolean | null,
): Finding[] {
  return Object.keys(before).flatMap((table): Finding[] => {
    const [was, is] = [before[table], reversed[table]];
    if (was === undefined || is === undefined) return [];
    const removed = removedBetween({ [table]: was }, after);
    const lost = removed.filter((name) =>
      name === table ? is.rows !== was.rows : columnOf(is, table, name) !== columnOf(was, table, name),
    );
    return lost.map((name) => ({
      id: "back.loses-data",
      // Who no longer uses it takes it away for good on purpose.
      severity: outgoingWorks === true ? "note" : "warning",
      subject: name,
      cause: `the migrations take ${name} away, and their reverse makes it anew without what it held`,
      consequence:
        "After this release, what it held is gone for good but for backups, also where the release is rolled back.",
      remedy: "Keep it for one release longer than any code that uses it, and take a backup before it goes.",
    }));
  });
}

function columnOf({ columns }: DataState[string], table: string, name: string): string | undefined {
  return columns[name.slice(table.length + 1)];
}
