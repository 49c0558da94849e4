import type Docker from "dockerode";
import { isNotFound } from "../../engine/docker-client.ts";
import { KILLED, type OneShot, runOneShot } from "../../engine/one-shot.ts";
import { askRuntime, RUNTIME } from "../runtime.ts";
import type { Finding } from "./result.ts";

/** Where the runtime layer of an application image is. */
/** How many lines of output an error quotes: a Python traceback with Django's message under it. */
const QUOTED_LINES = 40;

/** A change of the models that no migration brings about. */
export interface MissingChange {
  /** `app: words of Django`. */
  readonly change: string;
  /** Whether the database would have to change. */
  readonly schema: boolean;
  /** Whether the app is the project's own rather than a package's. */
  readonly own: boolean;
}

/** What the runtime layer says of the migrations of a release. */
export interface MigrationPlan {
  /** `absent` where no database answers yet: all migrations are pending then. */
  readonly database: "reachable" | "absent";
  readonly applied: number;
  /** In the order of running. */
  readonly pending: readonly {
    readonly app: string;
    readonly name: string;
    readonly operations: readonly string[];
    readonly sql: readonly string[];
    readonly atomic: boolean;
    readonly reversible: boolean;
    /** Tables that its operations and statements name. */
    readonly tables: readonly string[];
  }[];
  /** Apps whose migrations have several leaf nodes. */
  readonly conflicts: readonly string[];
  /** What Django finds wrong with the history of migrations. */
  readonly inconsistencies: readonly string[];
  /** What the database has applied of the release's apps, and the release has no file of. Earlier runtimes do not tell. */
  readonly unknown?: readonly string[];
  /** Changes of the models that no migration brings about. */
  readonly missing: readonly MissingChange[];
  /** What reading the migrations already tells. */
  readonly lint: readonly Finding[];
}

/**
 * Runs the release's migrations against the environment's database.
 *
 * @param waitSeconds how long to wait for a run that an interrupted deployment left behind
 * @throws Error with Django's own error when they fail
 */
export async function migrate(
  docker: Docker,
  run: Omit<OneShot, "command">,
  waitSeconds: number,
  say: (line: string) => void,
): Promise<void> {
  const { exitCode, lastLines } = await runOneShot(
    docker,
    { ...run, aloneWithinSeconds: waitSeconds, command: [RUNTIME, "migrate", "--secrets-from-stdin"] },
    say,
  );
  if (exitCode === 0) return;
  const reason =
    exitCode === KILLED ? "was killed (exit code 137: out of memory, or stopped by hand)" : `exit code ${exitCode}`;
  throw new Error(
    [
      `Migrations failed, ${reason}; the release before goes on serving. Mend the migration or the data and run pulumi up again.`,
      ...lastLines.slice(-QUOTED_LINES).map((line) => `  ${line}`),
    ].join("\n"),
  );
}

/**
 * Reads which migrations the release would run against the environment's database.
 *
 * @throws Error when the release's migrations cannot be read
 */
export async function readPlan(docker: Docker, run: Omit<OneShot, "command">): Promise<MigrationPlan> {
  const networks = await existingNetworks(docker, run.networks);
  const answer = await askRuntime<MigrationPlan>(docker, {
    ...run,
    networks,
    name: `${run.name}-plan`,
    command: "plan",
  });
  if ("said" in answer) return answer.said;
  throw new Error(["The release's migrations cannot be read:", ...answer.failed].join("\n  "));
}

/** A plan in lines for a person. */
export function describePlan({ database, applied, pending }: MigrationPlan): string[] {
  if (pending.length === 0) return [`nothing to run; ${applied} migrations are applied`];
  const where = database === "absent" ? "a new database" : `a database with ${applied} applied`;
  return [
    `${pending.length} ${pending.length === 1 ? "migration" : "migrations"} would run on ${where}:`,
    ...pending.flatMap(({ app, name, operations }) => [
      `  ${app}.${name}`,
      // A first migration creates what nobody uses yet: its operations tell a reviewer little.
      ...(database === "absent" ? [] : operations.map((operation) => `    ${operation}`)),
    ]),
  ];
}

async function existingNetworks(docker: Docker, networks: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const network of networks) {
    try {
      await docker.getNetwork(network).inspect();
      found.push(network);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
  return found;
}
