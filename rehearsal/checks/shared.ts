import type { DeployedEnvironment } from "./check.ts";

type Read<T> = (environment: DeployedEnvironment) => Promise<T>;

const KEPT = new WeakMap<DeployedEnvironment, Map<unknown, Promise<unknown>>>();

/**
 * What several checks of one run look at is read once.
 *
 * @param read a function that is always the same one, by which its result is known
 */
export async function shared<T>(environment: DeployedEnvironment, read: Read<T>): Promise<T> {
  const kept = KEPT.get(environment) ?? new Map<unknown, Promise<unknown>>();
  KEPT.set(environment, kept);
  const result = (kept.get(read) as Promise<T> | undefined) ?? read(environment);
  kept.set(read, result);
  return await result;
}
