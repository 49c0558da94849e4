import type { PostgresAddress } from "../../engine/postgres.ts";

const SSL_MODES: readonly string[] = [
  "disable",
  "require",
  "verify-ca",
  "verify-full",
] satisfies PostgresAddress["sslmode"][];
const LOOPBACK = ["localhost", "127.0.0.1", "[::1]", "::1"];

/**
 * Reads the URL of a source. The password may be left out where PGPASSWORD holds it. Without sslmode the certificate is
 * verified, but for an address on this machine.
 *
 * @throws Error that names the part which is wrong, and never shows the password
 */
export function sourceAddress(text: string): PostgresAddress {
  const form = "postgres://user:password@host:port/database?sslmode=verify-full";
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new Error(
      `--from must be a stack or a URL of the form ${form}; found another text that begins with a scheme.`,
    );
  }
  const database = decodeURIComponent(url.pathname.slice(1));
  if (
    !["postgres:", "postgresql:"].includes(url.protocol) ||
    url.hostname === "" ||
    url.username === "" ||
    database === ""
  ) {
    throw new Error(
      `--from must be a stack or a URL of the form ${form}; found ${url.protocol}//… without ${missingPart(url)}.`,
    );
  }
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const sslmode = url.searchParams.get("sslmode") ?? (LOOPBACK.includes(host) ? "disable" : "verify-full");
  if (!isSslMode(sslmode)) {
    throw new Error(`sslmode of --from must be one of ${SSL_MODES.join(", ")}; found ${sslmode}.`);
  }
  return {
    host,
    port: Number(url.port || "5432"),
    username: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password) || (process.env["PGPASSWORD"] ?? ""),
    database,
    sslmode,
  };
}

function isSslMode(text: string): text is PostgresAddress["sslmode"] {
  return SSL_MODES.includes(text);
}

function missingPart(url: URL): string {
  if (!["postgres:", "postgresql:"].includes(url.protocol)) return "the scheme postgres";
  if (url.username === "") return "a user";
  return url.hostname === "" ? "a host" : "a database";
}
