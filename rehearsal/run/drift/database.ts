import { withConnection } from "../../../engine/postgres.ts";
import type { Finding } from "../../finding.ts";
import { type SchemaDifference, schemaDifferences } from "../../migration/findings/schema.ts";
import type { RunContext } from "../context.ts";
import { type DescribedDatabase, declaredDatabase, describeDatabase } from "./declared-database.ts";

/** How many differences of one kind are quoted. */
const QUOTED = 12;

/** What of the database is not as it is declared: roles, rights, extensions, and the schema against the migrations. */
export async function databaseFindings(context: RunContext): Promise<Finding[]> {
  const declared = await declaredDatabase(context);
  const found = await withConnection(context.administration, (client) => describeDatabase(client, context.ownServer));
  return describedFindings(declared, found, {
    administrator: context.administration.username,
    ownServer: context.ownServer,
    roles: context.declaration.roles.map(({ name }) => name),
  });
}

/** What is to be known of a server to tell drift from what is somebody else's. */
export interface ServerKnowledge {
  readonly administrator: string;
  readonly ownServer: boolean;
  /** Declared ones. */
  readonly roles: readonly string[];
}

/** What differs between a database as it is declared and as it was found. */
export function describedFindings(
  declared: DescribedDatabase,
  found: DescribedDatabase,
  server: ServerKnowledge,
): Finding[] {
  const schema = schemaDifferences(declared.catalogue, found.catalogue);
  const rights = schemaDifferences(declared.rights, found.rights).filter(({ name }) => concerns(name, server));
  const missing = new Set(schema.map(({ name }) => name.replace(/^(definition of sequence|table|view) /, "")));
  // Rights on what is missing or too much are told with it.
  const own = rights.filter(({ name }) => !missing.has(name.split(" ").at(-1) ?? ""));
  return [...grouped(schema, schemaKind), ...grouped(own, rightsKind)];
}

/** What is on a shared server beside the environment is not the environment's. */
function concerns(name: string, { administrator, ownServer, roles }: ServerKnowledge): boolean {
  if (name === `role ${administrator}` || name === "role postgres") return false;
  // Whoever creates a role is made a member of it.
  if (name.startsWith(`membership of ${administrator} in `)) return false;
  if (ownServer) return true;
  const role = /^(?:role|membership of) (\S+)/.exec(name)?.[1];
  return role === undefined || roles.includes(role);
}

interface Kind {
  readonly id: string;
  readonly consequence: string;
  readonly remedy: string;
}

const SCHEMA: Kind = {
  id: "drift.schema",
  consequence:
    "No migration knows of it: other environments and restored ones differ, and the next migration may stumble over it.",
  remedy: "Take the change over in a migration, or undo it in the database.",
};

/** An index is not missed by any test: it is missed by whoever waits. */
const INDEX: Kind = {
  ...SCHEMA,
  id: "drift.index",
  consequence: "Queries that used it read whole tables: they get slower as the data grows, and workers starve.",
};

const ROLE: Kind = {
  id: "drift.role",
  consequence: "Somebody or something works in the database past the declared roles and their rights.",
  remedy: "Declare it, or undo it: DROP OWNED BY and DROP ROLE for a role, REVOKE or ALTER ROLE for what it may do.",
};

const RIGHTS: Kind = {
  id: "drift.rights",
  consequence: "A process may do what was never rehearsed, or fails where it did not before.",
  remedy: "REVOKE or GRANT what is declared, or change the declaration of the roles' rights.",
};

const OWNER: Kind = {
  id: "drift.owner",
  consequence: "The role that migrates cannot change what it does not own: the next migration of it aborts.",
  remedy: "Give it back: ALTER TABLE … OWNER TO, with the role that owns the database.",
};

const SETTING: Kind = {
  id: "drift.database-setting",
  consequence: "The database behaves otherwise than the rehearsed one, and a new server will not have it.",
  remedy: "Undo it with ALTER SYSTEM RESET, ALTER DATABASE … RESET or ALTER ROLE … RESET, or declare it.",
};

function schemaKind({ name, found }: SchemaDifference): Kind {
  if (name.startsWith("extension ")) return { ...SCHEMA, id: "drift.extension" };
  return name.startsWith("index ") && found === undefined ? INDEX : SCHEMA;
}

function rightsKind({ name }: SchemaDifference): Kind {
  if (name.startsWith("owner of ")) return OWNER;
  if (name.startsWith("setting of ")) return SETTING;
  return name.startsWith("role ") || name.startsWith("membership ") ? ROLE : RIGHTS;
}

/** One finding for each kind and holder: a role with rights on forty tables is one thing to decide about. */
function grouped(differences: readonly SchemaDifference[], kindOf: (difference: SchemaDifference) => Kind): Finding[] {
  const groups = Map.groupBy(differences, (difference) => {
    const { id } = kindOf(difference);
    const holder = /^(?:default )?privileges of (\S+)/.exec(difference.name)?.[1];
    return holder === undefined ? `${id} ${id === "drift.schema" ? "" : difference.name}` : `${id} ${holder}`;
  });
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const more = group.length > 1 ? `, and ${group.length - 1} more` : "";
    return [
      {
        ...kindOf(first),
        severity: "blocking" as const,
        subject: `${first.name}${more}`,
        cause: `${inWords(first)}${more}`,
        evidence: group.slice(0, QUOTED).map((difference) => `${difference.name}: ${inWords(difference)}`),
      },
    ];
  });
}

function inWords({ fresh, found }: SchemaDifference): string {
  return `declared is ${quoted(fresh)}, found is ${quoted(found)}`;
}

function quoted(definition: string | undefined): string {
  if (definition === undefined) return "none";
  return definition === "" ? "that it is there" : `"${definition}"`;
}
