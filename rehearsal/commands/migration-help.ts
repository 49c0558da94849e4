/** What `rehearse migration --help` prints. */
export const migrationHelp = `Rehearses the pending migrations of the release on clones of a snapshot.

Usage: rehearse migration [--stack STACK] [--snapshot ID] [--fast] [--again] [--json]

  --stack STACK   the environment that the release is meant for (default: sandbox)
  --snapshot ID   the snapshot, or the beginning of its id (default: newest)
  --fast          only plan, run and the running release on the new schema
  --again         rehearse even what has been rehearsed before
  --json          print the result as JSON, and the steps on standard error

The release is that of the sources here, built by a preview where it is not built yet, or the one that the stack's settings
name. The environment is only read. The report is in reports/. Exit code 0: passed, 1: stopped or not possible, 2: wrong
options, 3: nothing could be rehearsed, 130: interrupted, and the clones removed.`;
