import type { CatalogueDescription } from "../../snapshot/catalogue-description.ts";
import type { FailedBuild } from "../fresh-build.ts";
import type { Finding, MigrationRun, PlannedMigration } from "../result.ts";
import { mentions } from "../statements.ts";

/** How many differences are quoted. */
const QUOTED = 12;

/** One object of the schema that two databases do not share. */
export interface SchemaDifference {
  /** For example `column public.flights_flight.gate`. */
  readonly name: string;
  /** Definition in a database that was built from zero; undefined where it lacks the object. */
  readonly fresh: string | undefined;
  /** Definition in the database with the data; undefined where it lacks the object. */
  readonly found: string | undefined;
}

/** What differs between a schema that was built from zero and one with a history. */
export function schemaDifferences(fresh: CatalogueDescription, found: CatalogueDescription): SchemaDifference[] {
  const names = [...new Set([...fresh.keys(), ...found.keys()])].sort();
  return names
    .filter((name) => fresh.get(name) !== found.get(name))
    .map((name) => ({ name, fresh: fresh.get(name), found: found.get(name) }));
}

/** The release's migrations cannot build its schema from nothing. */
export function freshBuildFindings({ failed, migration }: FailedBuild): Finding[] {
  const words = [...failed].reverse().find((line) => /Error|Exception/.test(line)) ?? failed.at(-1) ?? "";
  return [
    {
      id: "schema.fresh-build-fails",
      severity: "blocking",
      ...(migration === undefined ? {} : { migration }),
      subject: "all migrations from zero",
      cause: `an empty database cannot be migrated to this release: ${words}`,
      consequence:
        "New environments, tests and restores cannot be built; the migrations work only where most have run already.",
      remedy:
        "Let data migrations use historical models, apps.get_model(...), instead of importing the models of today.",
      evidence: failed,
    },
  ];
}

/**
 * Differences between the migrated clone and a fresh build.
 *
 * @param known those that the running release has in the same way: somebody changed the database by hand
 */
export function schemaFindings(
  differences: readonly SchemaDifference[],
  known: readonly SchemaDifference[],
  plan: readonly PlannedMigration[] = [],
  run: readonly MigrationRun[] = [],
): Finding[] {
  const old = new Set(known.map(({ name }) => name));
  const [drift, own] = [
    differences.filter(({ name }) => old.has(name)),
    differences.filter(({ name }) => !old.has(name)),
  ];
  const findings: Finding[] = [];
  if (own[0] !== undefined) {
    findings.push({
      id: "schema.differs",
      severity: "blocking",
      ...migrationNaming(own[0].name, plan, run),
      subject: own[0].name,
      cause: `after the migrations the database is not what the release's migrations say: ${describe(own[0])}`,
      consequence: "The new code meets a schema that its tests have never seen.",
      remedy:
        "Do not change a migration that has been applied: undo the change and put it into a new migration. Where a migration makes " +
        "different things in different environments, let it make the same.",
      evidence: own.slice(0, QUOTED).map(describe),
    });
  }
  if (drift[0] !== undefined) {
    findings.push({
      id: "schema.drift",
      severity: "warning",
      subject: drift[0].name,
      cause: `the source of the snapshot differs from what its migrations say, before this release already: ${describe(drift[0])}`,
      consequence: "What was changed by hand is in no other environment, and migrations may stumble over it.",
      remedy: "Take it over in a migration, or undo it.",
      evidence: drift.slice(0, QUOTED).map(describe),
    });
  }
  return findings;
}

/** The last migration whose statements name an object; an applied one that was edited has none. */
function migrationNaming(
  object: string,
  plan: readonly PlannedMigration[],
  run: readonly MigrationRun[],
): { migration?: string } {
  // After its kind and its schema: a table, or what belongs to one.
  const names = (object.split(" ").at(-1) ?? "").split(".").slice(1);
  const statements = [
    ...plan.flatMap(({ migration, sql }) => sql.map((text) => ({ migration, text }))),
    ...run.flatMap(({ migration, statements: ran }) => ran.map(({ sql }) => ({ migration, text: sql }))),
  ];
  const found = statements.findLast(({ text }) => names.length > 0 && names.every((name) => mentions(text, name)));
  return found === undefined ? {} : { migration: found.migration };
}

function describe({ name, fresh, found }: SchemaDifference): string {
  if (found === undefined) return `${name} is missing`;
  if (fresh === undefined) return `${name} is there although no migration makes it`;
  return `${name} is ${found}; built from zero it is ${fresh}`;
}
