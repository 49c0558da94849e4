import type pg from "pg";
import type { Finding } from "../../../finding.ts";

/** An extension that the environment declares. */
export interface DeclaredExtension {
  readonly name: string;
  /** Undefined where any will do. */
  readonly version?: string;
}

/** An extension as a server has it. */
export interface FoundExtension {
  readonly name: string;
  /** In the database; null where it was not created there. */
  readonly installed: string | null;
  /** Of the files on the server; null where there are none. */
  readonly available: string | null;
}

const EXTENSIONS = `
  SELECT coalesce(e.extname, a.name) AS name, e.extversion AS installed, a.default_version AS available
  FROM pg_extension e FULL JOIN pg_available_extensions a ON a.name = e.extname`;

/** Extensions that a database should have and has not, or whose files are not those that it was made with. */
export async function extensionState(client: pg.Client, declared: readonly DeclaredExtension[]): Promise<Finding[]> {
  const { rows } = await client.query<FoundExtension>(EXTENSIONS);
  return extensionFindings(declared, rows);
}

/** Judges the extensions of a database. */
export function extensionFindings(declared: readonly DeclaredExtension[], found: readonly FoundExtension[]): Finding[] {
  const missing = declared.flatMap(({ name, version }): Finding[] => {
    const one = found.find((extension) => extension.name === name);
    const installed = one?.installed ?? null;
    if (installed !== null && (version === undefined || version === installed)) return [];
    return [
      {
        id: "database.extension",
        severity: "blocking",
        subject: `extension ${name}`,
        cause:
          `declared is ${version ?? "that it is there"}, the database has ${installed ?? "none"}, and the server's files are ` +
          (typeof one?.available === "string" ? `version ${one.available}` : "not there"),
        consequence: "Migrations and queries that need it fail.",
        remedy:
          "Install its package on the server, and create it: pulumi up does that for the extensions that it declares.",
      },
    ];
  });
  const told = new Set(declared.filter((_, index) => missing[index] !== undefined).map(({ name }) => name));
  const odd = found.flatMap(({ name, installed, available }): Finding[] => {
    if (installed === null || installed === available || told.has(name)) return [];
    const gone = available === null;
    return [
      {
        id: "database.extension",
        severity: gone ? "blocking" : "note",
        subject: `extension ${name}`,
        cause: gone
          ? `the database has version ${installed}, and the server has no files of it`
          : `the database has version ${installed}, and the server's files are version ${available}`,
        consequence: gone
          ? "Whatever calls its functions or reads its indexes fails."
          : "New functions of the files are missing, and mended ones may not be in use.",
        remedy: gone ? "Install its package on the server." : `ALTER EXTENSION ${name} UPDATE, in a quiet moment.`,
      },
    ];
  });
  return [...missing, ...odd];
}
