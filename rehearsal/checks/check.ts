import type Docker from "dockerode";
import type { OneShot } from "../../engine/one-shot.ts";
import type { PostgresAddress } from "../../engine/postgres.ts";
import type { DeclaredService } from "../../engine/service-rollout.ts";

/** What the checks of one environment are told beyond what is deployed; `config/settings.ts` documents each value. */
export interface CheckOptions {
  /** A certificate with fewer days left is warned of. */
  readonly certificateDays: number;
  /** Prints the state of the ETL's runs as JSON; `none` where there is no such command. */
  readonly etl: "none" | readonly string[];
  /** Rows that a run of the ETL must have taken in at least. */
  readonly etlRowFloor: number;
  /** The project's own checks: commands that are run in the release's image. */
  readonly own: readonly { readonly id: string; readonly command: readonly string[] }[];
  /** Ids of checks, and of messages of Django's `check --deploy`, that only warn. */
  readonly silenced: readonly string[];
  /** Modules of the project that are not imported, with all below them. */
  readonly skippedModules: readonly string[];
}

/** The deployed environment, as far as checks look at it. */
export interface DeployedEnvironment {
  readonly name: string;
  /** Full hostnames; `*.name` for a wildcard. */
  readonly hostnames: readonly string[];
  /** Where the gateway is reached. */
  readonly gateway: { readonly address: string; readonly port: number };
  /** Largest body of a request that the gateway takes. */
  readonly maxBodyMiB: number;
  /** Certificate of the authority to verify with (PEM); empty where a public one has issued. */
  readonly authority: string;
  /** Whether application and ETL may reach the outside. */
  readonly outside: boolean;
  /** Paths to check; `none` where the project has none. */
  readonly paths: { readonly page: string; readonly api: string; readonly adminLogin: string };
  readonly checks: CheckOptions;
  readonly administrator: { readonly username: string; readonly password: string };
  readonly services: readonly (DeclaredService & {
    readonly role: "app" | "etl" | "static" | "gateway";
    readonly image: string;
  })[];
  readonly database: PostgresAddress;
  readonly roles: { readonly owner: string; readonly app: string; readonly etl: string; readonly report: string };
  /** A container of the release that can reach the database as the application does, but for its command. */
  readonly releaseContainer: Omit<OneShot, "command">;
  readonly engine: Docker;
}

/** What a check found wrong. */
export interface Finding {
  readonly expected: string;
  readonly seen: string;
  /** Worth knowing, and no reason to fail. */
  readonly warning?: true;
}

/** One thing that must hold after every deployment. */
export interface Check {
  /** Stable: reports and settings refer to it. */
  readonly id: string;
  /** What holds when it passes. */
  readonly title: string;
  /** What usually is the cause where it fails. */
  readonly cause: string;
  /** What it means for users or operators. */
  readonly consequence: string;
  readonly remedy: string;
  /** Why the check does not apply to this environment; undefined where it does. */
  readonly notApplicable?: (environment: DeployedEnvironment) => string | undefined;
  /** @returns what is wrong, empty when all is well; an error that it throws is a finding too */
  readonly run: (environment: DeployedEnvironment) => Promise<readonly Finding[]>;
}
