import pg from "pg";
import type { CheckFailure, Properties, PropertySpec } from "../framework/provider.ts";
import { text, texts } from "./values.ts";

// What GRANT knows for each type of object; MAINTAIN, of PostgreSQL 17, is not known to the official plugin.
const TABLE = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"];

const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  database: ["CREATE", "CONNECT", "TEMPORARY"],
  schema: ["CREATE", "USAGE"],
  table: TABLE,
  sequence: ["USAGE", "SELECT", "UPDATE"],
  function: ["EXECUTE"],
  procedure: ["EXECUTE"],
  routine: ["EXECUTE"],
  type: ["USAGE"],
};

/** A list of privileges, in which order means nothing; it changes in place. */
export const privilegesProperty: PropertySpec = { type: "array", items: { type: "string" }, required: true, set: true };

/** What is wrong with the object type and the privileges, if anything. Unknown values are taken to be right. */
export function privilegeFailures(inputs: Properties, objectTypes: readonly string[]): CheckFailure[] {
  const objectType = inputs["objectType"];
  if (typeof objectType !== "string") return [];
  if (!objectTypes.includes(objectType)) {
    const reason = `objectType must be one of ${objectTypes.join(", ")} here; found ${JSON.stringify(objectType)}`;
    return [{ property: "objectType", reason }];
  }
  const allowed = ["ALL", ...(ALLOWED[objectType] ?? [])];
  return texts(inputs, "privileges")
    .filter((privilege) => !allowed.includes(privilege))
    .map((privilege) => ({
      property: "privileges",
      reason: `a privilege on a ${objectType} must be one of ${allowed.join(", ")}; found ${JSON.stringify(privilege)}`,
    }));
}

/** Whether the granted privileges are the declared ones; "ALL" stands for each that the object type has. */
export function samePrivileges(declared: readonly string[], granted: readonly string[], objectType: string): boolean {
  const known = ALLOWED[objectType] ?? [];
  const wanted = new Set(declared.includes("ALL") ? known : declared);
  const found = new Set(declared.includes("ALL") ? granted.filter((privilege) => known.includes(privilege)) : granted);
  return wanted.size === found.size && [...wanted].every((privilege) => found.has(privilege));
}

/** A role as a grantee: `public` stands for every role. */
export function grantee(name: string): string {
  return name.toLowerCase() === "public" ? "PUBLIC" : pg.escapeIdentifier(name);
}

/** The inputs and state of a grant whose granted privileges are these, in the declared order where they are the same. */
export function withGranted(properties: Properties, granted: readonly string[]): Properties {
  if (samePrivileges(texts(properties, "privileges"), granted, text(properties, "objectType"))) return properties;
  return { ...properties, privileges: [...granted].sort() };
}
