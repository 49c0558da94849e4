import { logStreams } from "../../../engine/task-logs.ts";
import type { DeployedEnvironment } from "../../checks/check.ts";
import { runningTasks } from "../../checks/running-tasks.ts";
import { readEntries } from "./entries.ts";
import { findPatterns } from "./patterns.ts";

/** Of each task. */
const LINES = 2000;
const QUOTED = 3;
const LONGEST = 400;
/** Shorter values stand in a text by chance. */
const SHORTEST_SECRET = 8;

/**
 * What the application has logged as errors since a moment, each kind once, the most frequent first: an answer of 500 says
 * nothing of its reason. Values of secrets are left out. Nothing where its log cannot be read.
 *
 * @param since milliseconds since 1970
 */
export async function errorsSince(environment: DeployedEnvironment, since: number): Promise<string[]> {
  try {
    const services = environment.services.filter(({ role }) => role === "app");
    const tasks = (await Promise.all(services.map(({ name }) => runningTasks(environment.engine, name)))).flat();
    const logs = await Promise.all(
      tasks.map(({ id }) => logStreams(environment.engine, { task: id }, Math.floor(since / 1000), LINES)),
    );
    return errorsOf(
      logs.flatMap(({ stdout, stderr }) => [stdout, stderr]),
      Object.values(environment.releaseContainer.secrets ?? {}),
    );
  } catch {
    // What a check has found is told all the same.
    return [];
  }
}

/** The errors of some logs in a few words each, without the values of secrets. */
export function errorsOf(logs: readonly string[], secrets: readonly string[]): string[] {
  const hidden = secrets.filter((value) => value.length >= SHORTEST_SECRET);
  const errors = logs.flatMap(readEntries).filter(({ level }) => level === "error");
  // Which request an entry is of tells the entry itself.
  const patterns = findPatterns("app", errors).toSorted((one, other) => other.count - one.count);
  return patterns.slice(0, QUOTED).map(({ sample, count }) => {
    const [entry] = readEntries(sample);
    const words = hidden.reduce((text, value) => text.replaceAll(value, "***"), entry?.message ?? sample);
    const short = words.length > LONGEST ? `…${words.slice(-LONGEST)}` : words;
    return count === 1 ? short : `${short} (${count} times)`;
  });
}
