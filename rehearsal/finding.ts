/** `blocking` stops the release, `warning` asks for a decision, `note` is worth knowing. */
export type Severity = "blocking" | "warning" | "note";

/** Something that the rehearsal found, in the words that a reviewer reads. */
export interface Finding {
  /** Stable, for example `migration.aborts` or `drift.service`. */
  readonly id: string;
  readonly severity: Severity;
  /** `app.name` of the migration that it is about. */
  readonly migration?: string;
  /** The table, statement, request or model that it is about. */
  readonly subject: string;
  readonly cause: string;
  readonly consequence: string;
  readonly remedy: string;
  /** The database's or Django's own words, statements; line by line. */
  readonly evidence?: readonly string[];
}
