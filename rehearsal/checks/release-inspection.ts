import { askRuntime } from "../runtime.ts";
import type { DeployedEnvironment } from "./check.ts";
import { concreteHostname } from "./gateway-client.ts";
import { shared } from "./shared.ts";

/** Name and port under which the processes of an environment find the application. */
const APPLICATION = "application:8000";
/** Its own steps are bounded; a module that never ends being imported is not. */
const LIMIT_MILLISECONDS = 60_000;

/** A handler of Python's logging that opens its file at its first record, and cannot. */
export interface UnwritableLog {
  readonly handler: string;
  readonly loggers: readonly string[];
  readonly file: string;
  readonly error: string;
  /** Whether the failure reaches the code that logs. */
  readonly raises: boolean;
}

/** What the runtime layer says of a release from inside of its image. */
export interface ReleaseInspection {
  readonly migrations: { readonly pending: readonly string[] };
  readonly settings: {
    readonly debug: boolean;
    readonly refusedHosts: readonly string[];
    /** Whether every name is allowed. */
    readonly anyHost: boolean;
    readonly sessionCookie: string;
    readonly csrfCookie: string;
    /** The zone of times that carry none. */
    readonly timeZone: string;
  };
  /** What `check --deploy` says; the level is Python's: 30 for a warning, 40 for an error. */
  readonly deploy: readonly {
    readonly id: string;
    readonly level: number;
    readonly text: string;
    readonly hint: string;
  }[];
  readonly imports: {
    readonly modules: number;
    /** Imports inside of functions. */
    readonly late: number;
    /** Modules that were left out when time was up. */
    readonly left: number;
    readonly failed: readonly { readonly where: string; readonly error: string }[];
  };
  /** Places in the project's code that hold the moment at which they were imported. */
  readonly moments: readonly string[];
  /** Programs that the code starts and that are not on PATH; whether only a command of `manage.py` starts it. */
  readonly programs: readonly { readonly where: string; readonly program: string; readonly command: boolean }[];
  readonly requirements: { readonly packages: number; readonly problems: readonly string[] };
  /** Files of the project in the image that hold a secret: path and what it is. */
  readonly secretFiles: readonly string[];
  /** Catalogues of translations that were not compiled. */
  readonly untranslated: readonly string[];
  /** Ways in which passwords are hashed that the release has no hasher for. */
  readonly unreadablePasswords: readonly { readonly algorithm: string; readonly users: number }[];
  /**
   * Loggers whose errors do not reach the container's log, whether the project configures logging at all, and files that
   * they are written to instead; and handlers whose file cannot be opened, which releases of before do not tell of.
   */
  readonly logging: {
    readonly configured: boolean;
    readonly loggers: readonly string[];
    readonly files: readonly string[];
    readonly unwritable?: readonly UnwritableLog[];
  };
  /** What each task of the application answers; status 0 for nothing. */
  readonly requests: readonly {
    readonly task: string;
    readonly host: string;
    readonly path: string;
    readonly status: number;
    /** Whether the answer is one of Django's pages for developers. */
    readonly technical: boolean;
    readonly error?: string;
  }[];
  /** What the command of `checks.etl` prints; null where there is none. */
  readonly etl: unknown;
}

type Sections = {
  readonly [Name in keyof ReleaseInspection]: { readonly value: ReleaseInspection[Name] } | { readonly error: string };
};

/**
 * One section of what a container of the release says; all sections come from one container.
 *
 * @throws Error with the project's own words where the section cannot be told
 */
export async function inspection<Name extends keyof ReleaseInspection>(
  environment: DeployedEnvironment,
  name: Name,
): Promise<ReleaseInspection[Name]> {
  const section = (await shared(environment, inspect))[name];
  if ("error" in section) throw new Error(section.error);
  return section.value;
}

async function inspect({ engine, releaseContainer, hostnames, checks }: DeployedEnvironment): Promise<Sections> {
  const answer = await askRuntime<Sections>(
    engine,
    {
      ...releaseContainer,
      name: `${releaseContainer.name}-inspect`,
      command: "inspect",
      environment: {
        ...releaseContainer.environment,
        INSPECT_HOSTNAMES: JSON.stringify(hostnames.map(concreteHostname)),
        INSPECT_APPLICATION: APPLICATION,
        INSPECT_ETL: JSON.stringify(checks.etl === "none" ? null : checks.etl),
        INSPECT_SKIPPED: JSON.stringify(checks.skippedModules),
      },
    },
    LIMIT_MILLISECONDS,
  );
  if ("said" in answer) return answer.said;
  throw new Error(["The release cannot be looked at from inside of its image:", ...answer.failed].join("\n    "));
}
