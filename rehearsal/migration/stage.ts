import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { isNotFound } from "../../engine/docker-client.ts";
import { runOneShot } from "../../engine/one-shot.ts";
import { temporaryLabels } from "../../engine/temporary.ts";
import type { Accepted } from "../accepted.ts";
import { type Clone, startClone } from "../snapshot/clone.ts";
import type { Snapshot } from "../snapshot/snapshot-image.ts";
import { type ForeignTable, giveAway } from "./ownership.ts";
import { onClone, type ReleaseProcess } from "./releases.ts";

/** What is rehearsed, and against what. */
export interface RehearsalArgs {
  readonly environmentName: string;
  /** Hash of everything that the result depends on. */
  readonly key: string;
  readonly form: "fast" | "full";
  readonly incoming: ReleaseProcess;
  /** The release that runs; undefined where none does. */
  readonly outgoing: ReleaseProcess | undefined;
  readonly snapshot: Snapshot;
  /** Migrations that the environment's database has applied, `app.name` each; undefined where it has no database yet. */
  readonly applied: readonly string[] | undefined;
  readonly databaseName: string;
  readonly databaseMemoryMiB: number;
  /** Parameters of the environment's server, `name=value` each. */
  readonly databaseParameters: readonly string[];
  /** Paths of the project that the outgoing release is asked for. */
  readonly paths: readonly string[];
  /** How long a request or query may wait for a migration, in seconds. */
  readonly longestWaitSeconds: number;
  /** Findings with which somebody has decided to release. */
  readonly accepted?: readonly Accepted[];
  /** Bytes that are free on the storage of the environment's database; undefined where nobody can tell. */
  readonly freeBytes?: number | undefined;
  /** Tables that belong to another role than the one that migrates. */
  readonly foreignTables?: readonly ForeignTable[];
}

/** Where clones live: a sealed network, and all that was started on it. */
export interface Stage {
  readonly network: string;
  /** Starts a clone that has the migrations and owners of the environment's database. */
  clone(): Promise<Clone>;
  /** Starts the clone that the next call of `clone` gives: each takes a second to start. */
  prepare(): void;
}

/** How often it is tried to remove a network whose last containers are on their way out. */
const REMOVALS = 50;
const REMOVAL_MILLISECONDS = 100;
/** How long work whose containers were taken away may need to notice. */
const NOTICE_MILLISECONDS = 10_000;

/**
 * Does work on a stage of its own, and removes the stage with all that is on it, whatever came of the work.
 *
 * @param signal when aborted, everything is removed at once, under the hands of the work
 */
export async function onStage<T>(
  docker: Docker,
  args: RehearsalArgs,
  signal: AbortSignal,
  work: (stage: Stage) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const name = `${args.environmentName}-rehearsal-${randomBytes(3).toString("hex")}`;
  const network = await docker.createNetwork({ Name: name, Internal: true, Labels: temporaryLabels() });
  const starting: Promise<Clone>[] = [];
  let prepared: Promise<Clone> | undefined;
  const fresh = async () => {
    signal.throwIfAborted();
    const start = startClone(docker, {
      image: args.snapshot.image,
      name: `${name}-${starting.length + 1}`,
      network: name,
      database: args.databaseName,
      memoryMiB: args.databaseMemoryMiB,
      parameters: args.databaseParameters,
    });
    starting.push(start);
    const started = await start;
    await bringUp(docker, args, started, name);
    await giveAway(started.address, args.foreignTables ?? []);
    return started;
  };
  const clone = () => {
    const next = prepared ?? fresh();
    prepared = undefined;
    return next;
  };
  const prepare = () => {
    prepared ??= fresh();
    // Whoever takes it is told.
    prepared.catch(() => undefined);
  };
  const clear = async () => {
    const clones = (await Promise.allSettled(starting)).flatMap((start) => ("value" in start ? [start.value] : []));
    await Promise.all(clones.map((started) => started.remove()));
    await removeNetwork(docker, network);
  };
  const working = work({ network: name, clone, prepare });
  try {
    return await Promise.race([working, aborted(signal)]);
  } finally {
    await clear();
    if (signal.aborted) {
      await Promise.race([working.catch(() => undefined), sleep(NOTICE_MILLISECONDS, undefined, { ref: false })]);
      // What was just being started when all else went.
      await clear();
    }
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => {
      reject(signal.reason as Error);
    });
  });
}

/**
 * Removes a network with the containers on it. What resists for too long carries a label and goes with the next
 * rehearsal: it is no reason for this one to fail.
 */
async function removeNetwork(docker: Docker, network: Docker.Network): Promise<void> {
  for (let attempt = 0; attempt < REMOVALS; attempt++) {
    try {
      const { Containers } = (await network.inspect()) as { Containers?: Record<string, unknown> };
      const removals = Object.keys(Containers ?? {}).map((id) =>
        docker
          .getContainer(id)
          .remove({ force: true, v: true })
          .catch(() => undefined),
      );
      await Promise.all(removals);
      await network.remove();
      return;
    } catch (error) {
      if (isNotFound(error)) return;
      await sleep(REMOVAL_MILLISECONDS);
    }
  }
}

/** Brings a clone to the migrations that the environment has, with the release that runs. */
async function bringUp(docker: Docker, args: RehearsalArgs, clone: Clone, network: string): Promise<void> {
  const { applied, outgoing, snapshot } = args;
  if (applied === undefined) return;
  const there = new Set(applied);
  const ahead = snapshot.migrations.filter((migration) => !there.has(migration));
  if (ahead.length > 0) {
    throw new Error(
      `snapshot ${snapshot.id} must not be ahead of the environment; it has ${ahead.slice(0, 5).join(", ")}` +
        `${ahead.length > 5 ? ` and ${ahead.length - 5} more` : ""} applied, which ${args.environmentName} has not. ` +
        "Deploy that release first, or name an older snapshot (npx rehearse snapshot list).",
    );
  }
  if (snapshot.migrations.length === there.size) return;
  if (outgoing === undefined) {
    throw new Error(
      `snapshot ${snapshot.id} must be brought to the migrations of ${args.environmentName} by the release that runs; ` +
        "found no running release. Take a new snapshot: npx rehearse snapshot create",
    );
  }
  const said: string[] = [];
  const { exitCode } = await runOneShot(docker, onClone(outgoing, clone, network, "owner", ["migrate"]), (line) => {
    said.push(line);
  });
  if (exitCode !== 0) {
    throw new Error(
      [
        `the release that runs must be able to bring snapshot ${snapshot.id} to its own migrations; it said:`,
        ...said.slice(-20),
      ].join("\n  "),
    );
  }
}
