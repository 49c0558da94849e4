import type Docker from "dockerode";
import { DECLARATION_LABEL, type Task, tasksOf } from "../../../engine/service-rollout.ts";
import { logStreams } from "../../../engine/task-logs.ts";
import type { RunContext } from "../context.ts";
import { list, part, words } from "../drift/flat.ts";
import { type Disclosure, disclosed, knownSecrets } from "./disclosed.ts";
import { readEntries } from "./entries.ts";
import { findPatterns, type LogPattern } from "./patterns.ts";
import { isProbe } from "./probes.ts";

/** Lines of one process at most; what came before them is not looked at. */
const LINES = 100_000;

/** Errors and warnings of an environment since its release was deployed. */
export interface CollectedLogs {
  readonly patterns: readonly LogPattern[];
  readonly hours: number;
  readonly lines: number;
  /** Secrets that stand in the logs. */
  readonly disclosures: readonly Disclosure[];
  /** Services whose tasks keep no log that the engine can read. */
  readonly unreadable: readonly string[];
}

/** Reads the logs of all services and containers of the environment since the release was deployed. */
export async function collectLogs(context: RunContext): Promise<CollectedLogs> {
  const { engine, declaration } = context;
  const tasks = await Promise.all(
    declaration.services.map(async ({ name, inputs }) => ({ name, tasks: await declaredTasks(engine, name, inputs) })),
  );
  const since = deployedAt(
    declaration.services.map(({ inputs, modified }) => ({ release: runsRelease(inputs, context), modified })),
  );
  const sources = [
    ...tasks.flatMap(({ name, tasks: own }) => own.map((task) => ({ name, of: { task: task.ID } }))),
    ...declaration.containers.map(({ name }) => ({ name, of: { container: name } })),
  ];
  const logs = await Promise.all(
    sources.map(async ({ name, of }) => ({ name, streams: await logStreams(engine, of, since, LINES) })),
  );
  const patterns: LogPattern[] = [];
  const { password } = context.site.administrator;
  const secrets = [
    ...knownSecrets(declaration.secrets),
    // The steps before have logged in with it.
    ...(password === "" ? [] : [{ name: "the administrator's password", value: password }]),
  ];
  const disclosures: Disclosure[] = [];
  let lines = 0;
  for (const [name, own] of Map.groupBy(logs, (log) => log.name)) {
    const texts = own
      .flatMap(({ streams }) => [streams.stdout, streams.stderr])
      .map((text) => disclosed(text, secrets, name, disclosures));
    const entries = texts.flatMap(readEntries);
    const source = name.replace(`${context.environment}-`, "");
    lines += entries.length;
    patterns.push(
      ...findPatterns(
        source,
        entries.filter((entry) => entry.level !== "other" && !isProbe(entry)),
      ),
    );
  }
  const unreadable = declaration.services.filter(({ inputs }) => !isReadable(inputs)).map(({ name }) => name);
  return { unreadable, patterns, lines, disclosures, hours: Math.max(0, Date.now() / 1000 - since) / 3600 };
}

/**
 * When the release was deployed, in seconds since 1970: when the first of the services that run it was changed. A gateway
 * outlives releases.
 */
export function deployedAt(services: readonly { readonly release: boolean; readonly modified: string }[]): number {
  const times = services
    .filter(({ release }) => release)
    .map(({ modified }) => Date.parse(modified) / 1000)
    .filter((time) => !Number.isNaN(time));
  // The state is written when the engine has taken the change: its first task may be a little older.
  return times.length === 0 ? 0 : Math.max(0, Math.floor(Math.min(...times)) - 5);
}

function runsRelease(inputs: Readonly<Record<string, unknown>>, { release }: RunContext): boolean {
  return words(part(inputs, "taskSpec", "containerSpec", "env")["RELEASE"]) === release;
}

/** Whether the engine keeps what tasks write: `none` throws it away. */
function isReadable(inputs: Readonly<Record<string, unknown>>): boolean {
  return words(part(inputs, "taskSpec", "logDriver")["name"]) !== "none";
}

/** Tasks of the declared form, those that have ended among them: why they did is in their log. */
async function declaredTasks(
  engine: Docker,
  service: string,
  inputs: Readonly<Record<string, unknown>>,
): Promise<Task[]> {
  const label = list(part(inputs, "taskSpec", "containerSpec"), "labels").find(
    (one) => one["label"] === DECLARATION_LABEL,
  );
  const declaration = words(label?.["value"]);
  return (await tasksOf(engine, service)).filter(
    ({ Spec }) => Spec.ContainerSpec.Labels?.[DECLARATION_LABEL] === declaration,
  );
}
