/** What `rehearse statistics --help` prints. */
export const statisticsHelp = `Says what rehearsals caught, and what failed in production all the same.

Usage: rehearse statistics [--since DATE] [--json]

  --since DATE  only what happened since then, such as 2026-01-01
  --json        print the figures as JSON

Read from the reports in reports/ and from incidents.jsonl (rehearse incident). The page with a plot is
reports/statistics.html. Exit code 0: done, 1: not possible, 2: wrong options.`;
