import type Docker from "dockerode";
import type { RoleName } from "../../engine/database-rights.ts";
import type { PostgresAddress } from "../../engine/postgres.ts";
import type { Accepted } from "../accepted.ts";
import type { ReleaseProcess } from "../migration/releases.ts";
import type { Declaration } from "./declaration.ts";
import type { LoadOptions } from "./load/options.ts";
import type { NoProduction, Production } from "./preflight/production.ts";
import type { Site } from "./site.ts";
import type { FunctionalTests } from "./tests/functional-tests.ts";

/** The names of variables that one environment is given, by setting: `app.environment`. */
export interface VariableNames {
  /** File or stack that sets them. */
  readonly name: string;
  readonly variables: Readonly<Record<string, readonly string[]>>;
}

/** A role of the environment as this program logs in. */
export interface RoleLogin {
  readonly role: RoleName;
  readonly address: PostgresAddress;
}

/** The ETL worker that a stack declares. */
export interface WorkerProcess extends ReleaseProcess {
  /** Words of the command, the program first. */
  readonly command: readonly string[];
}

/** A stack that is compared with what it declares. */
export interface ComparedStack {
  readonly environment: string;
  readonly engine: Docker;
  /** What the stack declares to run. */
  readonly declaration: Declaration;
  /** Aborted when the run is to end. */
  readonly signal: AbortSignal;
}

/** What the steps of a run know of the environment that they look at. */
export interface RunContext extends ComparedStack {
  readonly release: string;
  /** How visitors reach it. */
  readonly site: Site;
  /** Whether its data must not be lost or written to by a rehearsal: production's. */
  readonly protectedData: boolean;
  /** The processes of the release that runs, with what they are given. */
  readonly process: ReleaseProcess;
  /** Undefined where the stack declares no worker. */
  readonly worker: WorkerProcess | undefined;
  /** What the application's tasks are given as secrets, by name of the variable; none of it may be shown. */
  readonly secrets: Readonly<Record<string, string>>;
  /** The URL of the database in the role that owns the schema, as a process of the environment reaches it. */
  readonly ownerUrl: string;
  readonly dataNetwork: string;
  readonly administration: PostgresAddress;
  /** Whether the server is the environment's own: what is in it, is the environment's. */
  readonly ownServer: boolean;
  readonly logins: readonly RoleLogin[];
  /** Image of the server that throw-away databases are made with. */
  readonly postgresImage: string;
  /** Folder of the Django project. */
  readonly source: string;
  /** The files of the complete stacks, and the settings of this one. */
  readonly variables: readonly VariableNames[];
  /** Parts that do not run today: ids of steps, and `step:selection`. None without it. */
  readonly leftOut?: ReadonlySet<string>;
  readonly load: LoadOptions;
  /** The project's tests that are written against a URL. */
  readonly tests: FunctionalTests;
  /** File with the project's main queries; `none`, or left out, where it names none. */
  readonly queries?: string;
  /** The environment that the release is meant for, read when it is asked for; none without it. */
  readonly production?: () => Production | NoProduction;
  /** Findings that do not stop the release; none without it. */
  readonly accepted?: readonly Accepted[];
  /** Folder of the reports. */
  readonly reports: string;
  /** Tells how it goes on. */
  readonly say: (line: string) => void;
}
