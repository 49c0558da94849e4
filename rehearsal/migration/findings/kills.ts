import type { KillFacts } from "../kills.ts";
import type { Finding, MigrationRun } from "../result.ts";

const CONCURRENT = /\bCONCURRENTLY\b/i;
const SCHEMA = /^\s*(?:CREATE|ALTER|DROP)\b/i;

/** Migrations that a kill leaves between two states. */
export function killFindings({ kills, incomplete }: KillFacts, run: readonly MigrationRun[]): Finding[] {
  const findings: Finding[] = [];
  for (const migration of new Set(kills.map((kill) => kill.migration))) {
    const between = kills.filter((kill) => kill.migration === migration && kill.found === "between");
    const [first] = between;
    if (first === undefined) continue;
    const stuck = between.find(({ resumed }) => resumed?.ok === false);
    const needless = stuck !== undefined && changesSchemaNeedlessly(run.find((ran) => ran.migration === migration));
    // A single statement has but a moment between its end and its record.
    const momentary = Math.max(...between.map(({ statements }) => statements)) === 1;
    findings.push({
      id: stuck === undefined ? "migration.not-atomic" : "migration.not-atomic.stuck",
      severity: stuck === undefined || momentary ? "note" : needless ? "blocking" : "warning",
      migration,
      subject: migration,
      cause:
        `it is not atomic: killed after statement ${between.map(({ afterStatement }) => afterStatement).join(", ")} of ` +
        `${Math.max(...between.map(({ statements }) => statements))}, it leaves the database between two states`,
      consequence:
        stuck === undefined
          ? "An interrupted deployment leaves part of it behind; running it again goes through."
          : `An interrupted deployment leaves part of it behind, and running it again fails: ${stuck.resumed?.error ?? ""}`,
      remedy:
        stuck === undefined
          ? "Run pulumi up again; nothing has to be mended by hand."
          : needless
            ? "Change the schema in a migration of its own, which may be atomic: nothing in it is done CONCURRENTLY. Leave atomic = False to the " +
              "one that changes rows in batches."
            : "Keep a migration that is not atomic to one statement, or make its statements repeatable (IF NOT EXISTS). To go on by " +
              "hand: undo what it left, for example an invalid index with DROP INDEX CONCURRENTLY, and run pulumi up again.",
    });
  }
  if (incomplete !== undefined) {
    findings.push({
      id: "rehearsal.kill-incomplete",
      severity: "note",
      subject: "killing the migrator at each statement",
      cause: `it ended early: ${incomplete}`,
      consequence: "What a kill at the later statements leaves behind is not known.",
      remedy: "Split the release's migrations if that matters to you.",
    });
  }
  return findings;
}

/**
 * Migrations that do again what was done before they were interrupted.
 *
 * @param otherwise columns that hold other numbers than after the same migrations in one go
 */
export function repeatFindings({ kills }: KillFacts, otherwise: readonly string[]): Finding[] {
  const [first] = kills.filter(({ found, resumed }) => found === "between" && resumed?.ok === true);
  if (first === undefined || otherwise.length === 0) return [];
  const { migration } = first;
  return [
    {
      id: "migration.not-repeatable",
      severity: "blocking",
      migration,
      subject: migration,
      cause: `interrupted and run again it ends with other values than in one go: ${otherwise.slice(0, 4).join(", ")}`,
      consequence:
        "Rows that were done before a deployment was interrupted are done twice, and nobody can tell which ones.",
      remedy:
        "Let it tell rows that are done from those that are not: a condition on what it writes, a new column beside the old one, or one transaction for all.",
      evidence: [...otherwise],
    },
  ];
}

/** Whether a migration gave its transaction up for other things than what no transaction may hold, and changes the schema without. */
function changesSchemaNeedlessly(ran: MigrationRun | undefined): boolean {
  const statements = ran?.statements.map(({ sql }) => sql) ?? [];
  return statements.some((sql) => SCHEMA.test(sql)) && !statements.some((sql) => CONCURRENT.test(sql));
}
