/** What `rehearse incident --help` prints. */
export const incidentHelp = `Records a failure in production, for the statistics of rehearsals.

Usage: rehearse incident add --release RELEASE --what TEXT [--when TIME] [--would-be-caught-by STEP]
       rehearse incident list

  --release RELEASE          the release that failed, as its reports name it
  --what TEXT                what failed, in a sentence
  --when TIME                when it began, ISO 8601 (default: now)
  --would-be-caught-by STEP  the step of rehearse run whose business it was

Failures are kept in incidents.jsonl beside Pulumi.yaml, which belongs in git. Exit code 0: done, 1: the file cannot be used,
2: wrong options.`;
