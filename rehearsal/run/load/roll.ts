import {
  awaitPutBack,
  type DeclarationBefore,
  type Displacement,
  declarationBefore,
  declarations,
  displace,
  displacement,
  putBack,
} from "../../../engine/displaced-service.ts";
import { awaitService } from "../../../engine/service-rollout.ts";
import type { Finding } from "../../finding.ts";
import type { RunContext } from "../context.ts";
import { pastRuns } from "../past-runs.ts";
import type { ReleaseBefore } from "./phases.ts";

/** Services that a release replaces; the gateway outlives releases. */
const REPLACED = ["app", "static", "etl"];

/** Where the services go to and come back from. */
export interface Roll {
  readonly displacements: readonly Displacement[];
  /** Undefined where they get new tasks of the same release. */
  readonly before?: ReleaseBefore;
  /** Why it is not the release before, in words. */
  readonly reason?: string;
}

/** Plans to go back to the release before, where the engine can still run it and no rehearsal has stopped it. */
export async function planRoll(context: RunContext): Promise<Roll> {
  const { engine, environment, declaration } = context;
  const services = REPLACED.map((suffix) => `${environment}-${suffix}`).filter((name) =>
    declaration.services.some((declared) => declared.name === name),
  );
  const known = new Map<string, DeclarationBefore>();
  for (const name of services) {
    const before = await declarationBefore(engine, name);
    if (before !== undefined) known.set(name, before);
  }
  const found = known.get(`${environment}-app`);
  const chosen = await releaseBefore(context, found);
  const displacements = services.map((name) => {
    const own = known.get(name);
    const goes = "before" in chosen && own?.impossible === undefined && own?.release === found?.release;
    return displacement(engine, name, goes ? own : undefined);
  });
  return { displacements: await Promise.all(displacements), ...chosen };
}

async function releaseBefore(
  { reports, environment, release }: RunContext,
  found: DeclarationBefore | undefined,
): Promise<{ readonly before: ReleaseBefore } | { readonly reason: string }> {
  if (found === undefined) return { reason: "the engine remembers no release before" };
  if (found.impossible !== undefined) return { reason: found.impossible };
  if (found.release === release) return { before: { release: `${release} with its settings before`, passed: false } };
  const rehearsed = (await pastRuns(reports)).findLast(
    (run) => run.environment === environment && run.release === found.release,
  );
  if (rehearsed?.verdict === "stop") return { reason: `release ${found.release} was stopped by its rehearsal` };
  return { before: { release: found.release, passed: rehearsed !== undefined } };
}

/** Puts all services to where they go, and waits until they are there. */
export async function goAway(context: RunContext, { displacements, before }: Roll): Promise<Finding[]> {
  await Promise.all(displacements.map((one) => displace(context.engine, one)));
  const failures = await awaitAll(context, displacements, "target");
  return failures.map(({ service, reason, logs }) => ({
    id: before === undefined ? "load.update-fails" : "load.rollback-fails",
    severity: before?.passed === false ? "warning" : "blocking",
    subject: `service ${service}`,
    cause: reason,
    consequence:
      before === undefined
        ? "New tasks do not come up under load: where one ends, nothing takes its place."
        : "The way back is closed: the release before does not come up on what this one has made of database and files.",
    remedy:
      before === undefined
        ? "Mend what the last lines of the log say."
        : "Keep what the release before needs until the release after this one: expand first, contract later.",
    evidence: logs,
  }));
}

/** Puts all services back to what is declared, and waits until they are there. */
export async function comeBack(context: RunContext, { displacements }: Roll): Promise<Finding[]> {
  await putBackAll(context.engine, displacements);
  const failures = await awaitAll(context, displacements, "declared");
  return failures.map(({ service, reason, logs }) => ({
    id: "load.update-fails",
    severity: "blocking",
    subject: `service ${service}`,
    cause: reason,
    consequence: "The deployment of this release fails where visitors are there.",
    remedy: "Mend what the last lines of the log say.",
    evidence: logs,
  }));
}

/** Puts back whatever is still displaced, and waits until nothing of it is left. */
export async function restore({ engine }: Pick<RunContext, "engine">, { displacements }: Roll): Promise<void> {
  await awaitPutBack(engine, await putBackAll(engine, displacements));
}

async function putBackAll(engine: RunContext["engine"], displacements: readonly Displacement[]): Promise<string[]> {
  const names = displacements.map(async (one) => ((await putBack(engine, one)) ? [one.service] : []));
  return (await Promise.all(names)).flat();
}

interface Failure {
  readonly service: string;
  readonly reason: string;
  readonly logs: readonly string[];
}

async function awaitAll(
  { engine, load, signal }: RunContext,
  displacements: readonly Displacement[],
  where: "declared" | "target",
): Promise<Failure[]> {
  const deadline = Date.now() + load.rolloutSeconds * 1000;
  const outcomes = displacements.map(async (one) => {
    const declared = { name: one.service, declaration: declarations(one)[where] };
    return { service: one.service, outcome: await awaitService(engine, declared, deadline) };
  });
  const aborted = Promise.withResolvers<never>();
  const abort = () => {
    aborted.reject(signal.reason as Error);
  };
  signal.addEventListener("abort", abort, { once: true });
  try {
    const ended = await Promise.race([Promise.all(outcomes), aborted.promise]);
    return ended.flatMap(({ service, outcome }) => (outcome.state === "failed" ? [{ service, ...outcome }] : []));
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
