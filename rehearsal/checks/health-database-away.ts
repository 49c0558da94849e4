import { setTimeout as sleep } from "node:timers/promises";
import { isNotFound } from "../../engine/docker-client.ts";
import { startOneShot } from "../../engine/one-shot.ts";
import { RUNTIME } from "../runtime.ts";
import type { Check, DeployedEnvironment } from "./check.ts";
import { serviceTask } from "./service-spec.ts";

/** Nobody listens there. */
const NOWHERE = "postgres://nobody:nothing@127.0.0.1:9/nothing";
/** A task that does not wait for its database is healthy well within that time. */
const WATCHED_MILLISECONDS = 12_000;
const POLL_MILLISECONDS = 200;

/** Starts the application as its service does, in a throw-away container whose database is nowhere. */
export const healthDatabaseAway: Check = {
  id: "health.database-away",
  title: "a new task whose database is away does not become healthy",
  cause: "The service's command does not wait for the database, or its health check asks something that needs none.",
  consequence: "A release with a wrong database address or password replaces a good one, and every page fails.",
  remedy: "Start the application with the runtime layer (app.command) and leave its health check as it is declared.",
  run: async (environment) => {
    const health = await healthWithoutDatabase(environment);
    if (health !== "healthy") return [];
    return [{ expected: "a task that is not healthy while nobody listens at its database's address", seen: health }];
  },
};

/** The health that the container came to; empty where it ended, or where time was up, without being healthy. */
async function healthWithoutDatabase({ engine, services, releaseContainer }: DeployedEnvironment): Promise<string> {
  const app = services.find(({ role }) => role === "app");
  const task = await serviceTask(engine, app?.name ?? "");
  const secrets = { ...releaseContainer.secrets };
  for (const [name, value] of Object.entries(secrets)) {
    if (/^postgres(?:ql)?:\/\//.test(value)) secrets[name] = NOWHERE;
  }
  const started = await startOneShot(
    engine,
    {
      ...releaseContainer,
      name: `${releaseContainer.name}-database-away`,
      image: task.image,
      command: withSecretsFromInput(task.command),
      // Neither of the two waits is what is tried.
      environment: { ...task.environment, DATABASE_WAIT_SECONDS: "1", STATIC_READY_URL: "" },
      secrets,
      networks: [],
      health: { test: task.healthTest, intervalSeconds: 1 },
    },
    () => undefined,
  );
  started.end();
  try {
    for (const deadline = Date.now() + WATCHED_MILLISECONDS; Date.now() < deadline; ) {
      const health = await stateOfHealth(engine, started.id);
      if (health === "healthy" || health === "gone") return health === "healthy" ? health : "";
      await sleep(POLL_MILLISECONDS);
    }
    return "";
  } finally {
    await started.kill();
  }
}

async function stateOfHealth(engine: DeployedEnvironment["engine"], container: string): Promise<string> {
  try {
    const { State } = await engine.getContainer(container).inspect();
    return State.Running ? (State.Health?.Status ?? "none") : "gone";
  } catch (error) {
    if (isNotFound(error)) return "gone";
    throw error;
  }
}

/** The service's files of secrets are not there: the runtime layer takes them from standard input instead. */
function withSecretsFromInput(command: readonly string[]): string[] {
  const [program, name, ...rest] = command;
  if (program !== RUNTIME || name === undefined) return [...command];
  return [program, name, "--secrets-from-stdin", ...rest];
}
