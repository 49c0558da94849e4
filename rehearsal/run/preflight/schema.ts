import type { Finding } from "../../finding.ts";
import { type SchemaDifference, schemaDifferences } from "../../migration/findings/schema.ts";
import { mentions } from "../../migration/statements.ts";
import { type CatalogueDescription, isWorded } from "../../snapshot/catalogue-description.ts";

/** A schema, and who put it into words. */
export interface DescribedSchema {
  readonly catalogue: CatalogueDescription;
  /** `server_version_num` of the server that described it. */
  readonly version: number;
}

/** How many differences of one kind are quoted. */
const QUOTED = 12;
/** Asked for on its own where the server is somebody else's. */
const ELSEWHERE = ["extension ", "event trigger "];

/**
 * What somebody did to production's database by hand, or to a migration after it was applied there: a snapshot of an
 * earlier day does not have it, and no migration knows of it.
 *
 * @param before as the release's migrations make it that production has applied
 * @param after as all of the release's migrations make it, of the same server
 */
export function schemaFindings(
  stack: string,
  before: DescribedSchema,
  after: CatalogueDescription,
  found: DescribedSchema,
): Finding[] {
  const sameMajor = Math.floor(before.version / 10_000) === Math.floor(found.version / 10_000);
  const differences = schemaDifferences(before.catalogue, found.catalogue).filter(
    ({ name, found: definition, fresh }) =>
      !ELSEWHERE.some((kind) => name.startsWith(kind)) &&
      (sameMajor || definition === undefined || fresh === undefined || !isWorded(name)),
  );
  const changed = schemaDifferences(before.catalogue, after);
  const touched = new Set(changed.map(({ name }) => name));
  const unlike = (difference: SchemaDifference): Kind => {
    const { name, fresh, found: definition } = difference;
    if (fresh === undefined && touched.has(name)) return MADE_BEFORE;
    if (fresh === undefined && dependsOn(difference, changed)) return DEPENDENT;
    const needed = touched.has(name) || (definition === undefined && /^(?:table|column) /.test(name));
    return needed ? OTHERWISE : UNDECLARED;
  };
  return [...Map.groupBy(differences, unlike)].map(([kind, group]) => told(stack, kind, group));
}

/** Whether a view that no migration knows reads a column that a pending one alters or drops. */
function dependsOn({ name, found = "" }: SchemaDifference, changed: readonly SchemaDifference[]): boolean {
  if (!/^(?:view|rule) /.test(name)) return false;
  return changed.some(({ name: object, fresh: definition }) => {
    // What is made anew, nothing depends on yet.
    const [, table, column] = /^column \S+?\.(\w+)\.(\w+)$/.exec(object) ?? [];
    return (
      definition !== undefined && table !== undefined && [table, column ?? ""].every((word) => mentions(found, word))
    );
  });
}

/** What production has is not known where the release's own migrations cannot tell what it must have. */
export function unknownSchema(stack: string, error: unknown): Finding {
  const words = (error instanceof Error ? error.message : String(error)).split("\n");
  return {
    id: "preflight.schema-unknown",
    severity: "warning",
    subject: `the schema of ${stack}`,
    cause: `it cannot be held against the release's migrations: ${words[0] ?? ""}`,
    consequence: "Whether somebody changed it by hand is not known.",
    remedy: "Mend what stands above and rehearse again.",
    evidence: words,
  };
}

interface Kind {
  readonly id: string;
  readonly severity: Finding["severity"];
  readonly what: (difference: SchemaDifference) => string;
  readonly consequence: string;
  readonly remedy: string;
}

const MADE_BEFORE: Kind = {
  id: "preflight.schema-there",
  severity: "blocking",
  what: ({ name }) => `${name} is there already, and a pending migration makes it`,
  consequence: "The migration aborts in production alone: what it makes exists.",
  remedy:
    "Find out who made it by hand. Undo it there, or record the migration as applied (migrate --fake) where it is the same.",
};

const OTHERWISE: Kind = {
  id: "preflight.schema-differs",
  severity: "blocking",
  what: ({ name, fresh, found }) =>
    found === undefined
      ? `${name} is missing, and its applied migrations make it`
      : `${name} is "${found}", and its applied migrations make it "${fresh ?? ""}"`,
  consequence:
    "The release meets a schema that no rehearsal had: its migrations abort, or its code fails, in production alone.",
  remedy:
    "Put back in production what was changed by hand. Where an applied migration was edited: undo that, and put the change into a new migration.",
};

const DEPENDENT: Kind = {
  id: "preflight.schema-dependent",
  severity: "blocking",
  what: ({ name }) =>
    `${name} is there, which no migration makes, and it reads a column that a pending migration alters or drops`,
  consequence: "The migration aborts in production alone: PostgreSQL does not alter what a view or rule uses.",
  remedy:
    "Drop it before the migration and make it anew afterwards, in migrations, so that every environment has it; or give it up.",
};

const UNDECLARED: Kind = {
  id: "preflight.schema-undeclared",
  severity: "warning",
  what: ({ name, fresh, found }) => {
    if (found === undefined) return `${name} is missing`;
    return fresh === undefined
      ? `${name} is there, and no migration makes it`
      : `${name} is "${found}" instead of "${fresh}"`;
  },
  consequence: "What was changed by hand is in no other environment, and a later migration may stumble over it.",
  remedy: "Take it over in a migration, or undo it in production.",
};

function told(stack: string, kind: Kind, differences: readonly SchemaDifference[]): Finding {
  const { id, severity, what, consequence, remedy } = kind;
  const [first] = differences;
  const more = differences.length > 1 ? `, and ${differences.length - 1} more` : "";
  return {
    id,
    severity,
    subject: `${stack}, ${first?.name ?? ""}${more}`,
    cause: `in the database of ${stack}, ${first === undefined ? "" : what(first)}${more}`,
    consequence,
    remedy,
    evidence: differences.slice(0, QUOTED).map(what),
  };
}
