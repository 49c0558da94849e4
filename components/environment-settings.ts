import type { Accepted } from "../rehearsal/accepted.ts";
import type { CheckOptions } from "../rehearsal/checks/check.ts";
import type { CertificateArgs } from "./certificate.ts";
import type { PostgresDatabaseArgs } from "./postgres-database.ts";
import type { ReleaseReferences } from "./release-images.ts";

/** What one environment is declared by; `config/settings.ts` documents each value. */
export interface EnvironmentSettings {
  readonly app: {
    readonly name: string;
    readonly source: string;
    readonly settingsModule: string;
    readonly command: readonly string[];
    readonly environment: Readonly<Record<string, string>>;
    readonly secrets: Readonly<Record<string, string>>;
    readonly replicas: number;
    readonly memoryMiB: number;
    readonly cpus: number;
    readonly drainSeconds: number;
    readonly adminUsername: string;
  };
  readonly etl: {
    readonly command: "none" | readonly string[];
    readonly environment: Readonly<Record<string, string>>;
    readonly memoryMiB: number;
    readonly cpus: number;
  };
  readonly static: { readonly replicas: number; readonly memoryMiB: number };
  readonly gateway: {
    /** In full; `*.name` for a wildcard. */
    readonly hostnames: readonly string[];
    readonly port: number;
    readonly publish: "host" | "ingress";
    readonly address: string;
    readonly maxBodyMiB: number;
    readonly memoryMiB: number;
  };
  readonly tls: { readonly certificate: CertificateArgs["certificate"] };
  readonly database: {
    readonly server: PostgresDatabaseArgs["server"];
    readonly name: string;
    /** `newest`, `none`, or the beginning of an id. */
    readonly snapshot: string;
    readonly adminPort: number;
    readonly extensions: readonly string[];
    readonly maxConnections: number;
    readonly memoryMiB: number;
    readonly protect: boolean;
  };
  readonly migration: {
    readonly lockTimeoutSeconds: number;
    readonly statementTimeoutSeconds: number;
    readonly waitSeconds: number;
    /** What an update does on a clone before it migrates. */
    readonly rehearsal: "full" | "fast" | "none";
    readonly longestWaitSeconds: number;
  };
  readonly network: { readonly outside: boolean };
  readonly images: {
    readonly base: string;
    readonly registry: string;
    readonly release: "build" | ReleaseReferences;
  };
  readonly rollout: { readonly timeoutSeconds: number };
  readonly checks: CheckOptions & {
    readonly page: string;
    readonly api: string;
    readonly adminLogin: string;
    readonly accepted: readonly Accepted[];
  };
  readonly engine: { readonly host: string };
}
