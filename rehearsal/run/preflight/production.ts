import type Docker from "dockerode";
import type { RequiredPort } from "../../../engine/port-holder.ts";
import type { PostgresAddress } from "../../../engine/postgres.ts";
import type { Finding } from "../../finding.ts";
import type { RoleLogin } from "../context.ts";
import type { ConnectionUser } from "../database/headroom/connections.ts";
import type { DeclaredExtension } from "../database/headroom/extensions.ts";
import type { Declaration } from "../declaration.ts";

/** The environment that a release is meant for, from its settings and its state. */
export interface Production {
  /** Full name of the stack. */
  readonly stack: string;
  readonly environment: string;
  /** Short name of the project, which snapshots carry. */
  readonly project: string;
  /** Its settings with the rehearsed release in them: what is wrong there. */
  readonly faults: readonly WrongSetting[];
  /** Undefined where the settings cannot be read. */
  readonly demands: ProductionDemands | undefined;
  /** Undefined where it was never deployed. */
  readonly deployed: DeployedProduction | undefined;
}

/** A setting of production's file that its deployment would refuse. */
export interface WrongSetting {
  readonly path: string;
  /** To be read after "must be". */
  readonly rule: string;
  readonly found: string;
  readonly remedy: string;
}

/** What production's settings ask for. */
export interface ProductionDemands {
  readonly engine: Docker;
  /** Whether the engine is of this machine. */
  readonly local: boolean;
  readonly ports: readonly RequiredPort[];
  readonly networks: readonly string[];
  /** The release's images by name and digest; those of the engine alone where there is no registry. */
  readonly images: Readonly<Record<string, string>>;
  readonly registry: string;
  /** Names of variables by setting. */
  readonly variables: Readonly<Record<string, readonly string[]>>;
  /** What a process of the release is given there: values in clear, and the names of secrets. */
  readonly environmentVariables: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  /** Words of the commands that run there. */
  readonly commands: readonly string[];
  readonly skippedModules: readonly string[];
  readonly containers: readonly DemandedContainer[];
  readonly certificate: DemandedCertificate;
  readonly database: {
    /** Whether the server is a container of the environment. */
    readonly ownServer: boolean;
    readonly extensions: readonly string[];
    readonly maxConnections: number;
    readonly users: readonly ConnectionUser[];
  };
}

/** A container that production runs, in so many tasks. */
export interface DemandedContainer {
  readonly name: string;
  readonly tasks: number;
  readonly memoryBytes: number;
  /** Processors at most; undefined where there is no limit. */
  readonly cpus: number | undefined;
  /** Whether an update starts the new task before the old one ends. */
  readonly startFirst: boolean;
}

/** The certificate that production is to serve. */
export interface DemandedCertificate {
  readonly hostnames: readonly string[];
  readonly gateway: { readonly address: string; readonly port: number };
  /** With fewer days left it is warned of. */
  readonly days: number;
  /** Undefined where the environment makes its own. */
  readonly given: GivenCertificate | undefined;
}

/** A certificate of somebody else, as the settings have it. */
export interface GivenCertificate {
  readonly fingerprint: string;
  readonly subject: string;
  /** When the first of its chain ends, in milliseconds since 1970. */
  readonly endsAt: number;
  /** PEM; the key is held to serve the certificate to a client of this process, and goes nowhere else. */
  readonly chain: string;
  readonly key: string;
  /** Of its own authority (PEM); empty where a public one has issued. */
  readonly authority: string;
}

/** What runs in production now. */
export interface DeployedProduction {
  readonly release: string;
  /** What its stack declares to run. */
  readonly declaration: Declaration;
  /** Certificate of the authority to verify with (PEM); empty where a public one has issued. */
  readonly authority: string;
  readonly administration: PostgresAddress;
  readonly logins: readonly RoleLogin[];
  readonly extensions: readonly DeclaredExtension[];
  /** Whether evidence of that release's rehearsal is here. */
  readonly rehearsed: boolean;
}

/** There is no production to look at, and why. */
export interface NoProduction {
  readonly none: string;
}

/** What a look at any environment found, as told of production's. */
export function ofProduction(stack: string, finding: Finding): Finding {
  const [, name = ""] = /^[a-z]+\.(.*)$/.exec(finding.id) ?? [];
  return { ...finding, id: `preflight.${name}`, subject: `${stack}, ${finding.subject}` };
}
