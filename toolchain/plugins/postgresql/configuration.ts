import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";
import type { Properties, PropertySpec } from "../framework/provider.ts";
import { PostgresServer } from "./server.ts";

const unsupported: PropertySpec = { type: "any", unsupported: true };

/** How to reach the server. What is unset comes from libpq's environment variables, then from the official defaults. */
export const configProperties: Readonly<Record<string, PropertySpec>> = {
  host: { type: "string" },
  port: { type: "number" },
  database: { type: "string" },
  username: { type: "string" },
  password: { type: "string", secret: true },
  sslmode: { type: "string" },
  sslrootcert: { type: "string" },
  connectTimeout: { type: "number" },
  maxConnections: { type: "number", default: 20 },
  superuser: { type: "boolean", default: true },
  // Statements here do not depend on the server's version.
  expectedVersion: { type: "string" },
  scheme: { type: "string" },
  databaseUsername: unsupported,
  sslMode: unsupported,
  clientcert: unsupported,
  awsRdsIamAuth: unsupported,
  awsRdsIamProfile: unsupported,
  awsRdsIamProviderRoleArn: unsupported,
  awsRdsIamRegion: unsupported,
  azureIdentityAuth: unsupported,
  azureTenantId: unsupported,
  gcpIamImpersonateServiceAccount: unsupported,
};

/** Reads the configuration; connects to nothing, since the server may be one that the same program makes first. */
export function configure(config: Properties, env: NodeJS.ProcessEnv = process.env): PostgresServer {
  const text = (name: string, variable: string, fallback: string): string => {
    const value = config[name];
    return typeof value === "string" && value !== "" ? value : (env[variable] ?? fallback);
  };
  const scheme = config["scheme"] ?? "postgres";
  if (scheme !== "postgres") {
    throw new Error(`The postgresql provider's scheme must be "postgres" here; found ${JSON.stringify(scheme)}`);
  }
  return new PostgresServer({
    host: text("host", "PGHOST", "localhost"),
    port: Number(config["port"] ?? env["PGPORT"] ?? 5432),
    database: text("database", "PGDATABASE", "postgres"),
    username: text("username", "PGUSER", "postgres"),
    password: text("password", "PGPASSWORD", ""),
    tls: tlsOptions(text("sslmode", "PGSSLMODE", "require"), config["sslrootcert"] ?? env["PGSSLROOTCERT"]),
    connectTimeoutSeconds: Number(config["connectTimeout"] ?? env["PGCONNECT_TIMEOUT"] ?? 180),
    maxConnections: Number(config["maxConnections"]),
    superuser: config["superuser"] === true,
  });
}

/** The modes that the official plugin knows; libpq's "allow" and "prefer" are not among them. */
function tlsOptions(mode: string, rootCertificate: unknown): ConnectionOptions | false {
  const ca = typeof rootCertificate === "string" && rootCertificate !== "" ? { ca: readFileSync(rootCertificate) } : {};
  switch (mode) {
    case "disable":
      return false;
    case "require":
      return { rejectUnauthorized: false };
    case "verify-ca":
      return { ...ca, checkServerIdentity: () => undefined };
    case "verify-full":
      return ca;
    default:
      throw new Error(
        `The postgresql provider's sslmode must be disable, require, verify-ca or verify-full; found ${JSON.stringify(mode)}`,
      );
  }
}
