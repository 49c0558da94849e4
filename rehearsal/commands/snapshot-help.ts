const HELP = {
  create: `Takes a masked copy of a database as an image.

Usage: rehearse snapshot create --from STACK|URL [--stack STACK]

  --from STACK   the database of a deployed stack, read in its role report
  --from URL     postgres://user:password@host:port/database?sslmode=verify-full; the password may be in PGPASSWORD
  --stack STACK  whose masking rules, project name and images hold where --from is a URL (default: sandbox)

The source is only read, in one transaction, by a role with SELECT on its tables and sequences. Columns are masked by
rehearsal:snapshot.masking; columns that look personal and have no rule refuse the snapshot. The image is tried before it
gets its name: that is the restore drill, and its report is in reports/. docs/snapshots.md says more.

The key of the masks is in REHEARSE_MASKING_KEY, or in .toolchain/masking-key, which is made once.`,
  list: `Lists the snapshots on the engine, the newest first.

Usage: rehearse snapshot list [--stack STACK] [--json]

  --stack STACK  whose project and engine (default: sandbox)
  --json         as JSON`,
  show: `Shows everything that is known of a snapshot.

Usage: rehearse snapshot show ID [--stack STACK] [--json]

  ID             a snapshot's id, the beginning of one, or newest
  --stack STACK  whose project and engine (default: sandbox)
  --json         as JSON`,
  prune: `Removes old snapshots, and what interrupted commands left.

Usage: rehearse snapshot prune [--keep N] [--dry-run] [--stack STACK]

  --keep N       how many of the newest stay (default: 3); those that a container uses stay too
  --dry-run      only say what would be removed
  --stack STACK  whose project and engine (default: sandbox)`,
};

/** What `rehearse snapshot --help` prints. */
export const snapshotHelp = `Takes, lists and removes masked copies of a database.

Usage: rehearse snapshot create | list | show | prune [OPTIONS]

${Object.entries(HELP)
  .map(([name, text]) => `  ${name.padEnd(8)} ${text.split("\n")[0] ?? ""}`)
  .join("\n")}

rehearse snapshot SUBCOMMAND --help tells more.`;

/** The help of a subcommand; that of the command where there is no such one. */
export function subcommandHelp(name: string | undefined): string {
  return Object.entries(HELP).find(([known]) => known === name)?.[1] ?? snapshotHelp;
}
