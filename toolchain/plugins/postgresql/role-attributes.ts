import pg from "pg";
import type { Properties, PropertySpec } from "../framework/provider.ts";
import { passwordVerifier } from "./scram.ts";
import type { Session } from "./server.ts";
import { text, texts, whole } from "./values.ts";

const flag = (byDefault: boolean): PropertySpec => ({ type: "boolean", default: byDefault });
const unsupported: PropertySpec = { type: "any", unsupported: true };

/** What the official plugin's Role has; nothing of it replaces the role. */
export const roleProperties: Readonly<Record<string, PropertySpec>> = {
  name: { type: "string" },
  password: { type: "string", secret: true },
  encryptedPassword: flag(true),
  login: flag(false),
  superuser: flag(false),
  createDatabase: flag(false),
  createRole: flag(false),
  inherit: flag(true),
  replication: flag(false),
  bypassRowLevelSecurity: flag(false),
  connectionLimit: { type: "number", default: -1 },
  validUntil: { type: "string", default: "infinity" },
  roles: { type: "array", items: { type: "string" }, set: true },
  searchPaths: { type: "array", items: { type: "string" } },
  statementTimeout: { type: "number" },
  idleInTransactionSessionTimeout: { type: "number" },
  assumeRole: { type: "string" },
  skipDropRole: flag(false),
  skipReassignOwned: flag(false),
  encrypted: unsupported,
  passwordWo: unsupported,
  passwordWoVersion: unsupported,
};

const FLAGS = [
  ["login", "LOGIN"],
  ["superuser", "SUPERUSER"],
  ["createDatabase", "CREATEDB"],
  ["createRole", "CREATEROLE"],
  ["inherit", "INHERIT"],
  ["replication", "REPLICATION"],
  ["bypassRowLevelSecurity", "BYPASSRLS"],
] as const;

/** The clauses of CREATE ROLE, or, given the properties before, those of ALTER ROLE for what differs. */
export function attributeClauses(inputs: Properties, before?: Properties): string[] {
  const differs = (name: string): boolean => before === undefined || before[name] !== inputs[name];
  const password = text(inputs, "password");
  const verifier = password === "" ? "NULL" : pg.escapeLiteral(passwordVerifier(password));
  // Naming an attribute that only superusers may change is refused to others, even where it stays as it is.
  const flags = FLAGS.filter(([property]) => differs(property));
  return [
    ...flags.map(([property, keyword]) => (inputs[property] === true ? keyword : `NO${keyword}`)),
    ...(differs("connectionLimit") ? [`CONNECTION LIMIT ${whole(inputs, "connectionLimit", -1)}`] : []),
    ...(differs("validUntil") ? [`VALID UNTIL ${pg.escapeLiteral(text(inputs, "validUntil") || "infinity")}`] : []),
    // A stored password of the old kind is lost when its role gets another name.
    ...(differs("password") || differs("name") ? [`PASSWORD ${verifier}`] : []),
  ];
}

/** ALTER ROLE … SET and RESET for the settings that differ. */
export function settingStatements(name: string, before: Properties, after: Properties): string[] {
  const role = pg.escapeIdentifier(name);
  const old = settingValues(before);
  return Object.entries(settingValues(after)).flatMap(([setting, value]) => {
    if (value === old[setting]) return [];
    return value === undefined
      ? `ALTER ROLE ${role} RESET ${setting}`
      : `ALTER ROLE ${role} SET ${setting} TO ${value}`;
  });
}

function settingValues(properties: Properties): Record<string, string | undefined> {
  const paths = texts(properties, "searchPaths");
  const assumed = text(properties, "assumeRole");
  const timeout = (name: string): string | undefined => {
    const value = whole(properties, name, 0);
    return value === 0 ? undefined : String(value);
  };
  return {
    search_path: paths.length === 0 ? undefined : paths.map((path) => pg.escapeIdentifier(path)).join(", "),
    statement_timeout: timeout("statementTimeout"),
    idle_in_transaction_session_timeout: timeout("idleInTransactionSessionTimeout"),
    role: assumed === "" ? undefined : pg.escapeIdentifier(assumed),
  };
}

interface RoleRow {
  readonly login: boolean;
  readonly superuser: boolean;
  readonly createDatabase: boolean;
  readonly createRole: boolean;
  readonly inherit: boolean;
  readonly replication: boolean;
  readonly bypassRowLevelSecurity: boolean;
  readonly connectionLimit: number;
  readonly validUntil: string;
  readonly sameValidUntil: boolean;
  readonly settings: readonly string[];
  readonly roles: readonly string[];
}

/** The role's properties as they are; undefined where there is no such role. `validUntil`: as it is declared. */
export async function observeRole(
  session: Session,
  name: string,
  validUntil: string | undefined,
): Promise<Properties | undefined> {
  const [row] = await session.query<RoleRow>(
    `SELECT rolcanlogin AS login, rolsuper AS superuser, rolcreatedb AS "createDatabase", rolcreaterole AS "createRole",
       rolinherit AS inherit, rolreplication AS replication, rolbypassrls AS "bypassRowLevelSecurity",
       rolconnlimit AS "connectionLimit", coalesce(rolvaliduntil::text, 'infinity') AS "validUntil",
       coalesce(coalesce(rolvaliduntil, 'infinity') = $2::timestamptz, false) AS "sameValidUntil",
       coalesce(rolconfig, '{}') AS settings,
       array(SELECT g.rolname::text FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
             WHERE m.member = r.oid ORDER BY g.rolname) AS roles
     FROM pg_roles r WHERE rolname = $1`,
    [name, validUntil ?? null],
  );
  if (row === undefined) return undefined;
  const { settings, sameValidUntil, ...attributes } = row;
  return {
    name,
    ...attributes,
    validUntil: sameValidUntil ? validUntil : row.validUntil,
    ...observedSettings(settings),
  };
}

/** The settings of a role from PostgreSQL's list of `name=value`. */
export function observedSettings(settings: readonly string[]): Properties {
  const values = new Map(
    settings.map((entry) => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)]),
  );
  const path = values.get("search_path");
  return {
    searchPaths: path === undefined ? [] : splitIdentifiers(path),
    statementTimeout: milliseconds(values.get("statement_timeout") ?? "0"),
    idleInTransactionSessionTimeout: milliseconds(values.get("idle_in_transaction_session_timeout") ?? "0"),
    assumeRole: values.get("role")?.replaceAll('"', "") ?? "",
  };
}

function splitIdentifiers(list: string): string[] {
  const identifiers = list.matchAll(/"((?:[^"]|"")*)"|([^\s,]+)/g);
  return [...identifiers].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? "");
}

/** A time setting as PostgreSQL keeps it: milliseconds, or a number with its unit where somebody wrote one. */
function milliseconds(value: string): number {
  const factors: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 };
  const [, amount, unit] = /^(\d+)\s*([a-z]*)$/.exec(value) ?? [];
  return Number(amount) * (factors[unit ?? ""] ?? 1);
}
