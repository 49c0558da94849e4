import { randomBytes } from "node:crypto";
import type Docker from "dockerode";
import { runOneShot } from "../../engine/one-shot.ts";
import { temporaryLabels } from "../../engine/temporary.ts";
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
  /** Bytes that are free on the storage of the environment's database; undefined where nobody can tell. */
  readonly freeBytes?: number | undefined;
  /** Tables that belong to another role than the one that migrates. */
  readonly foreignTables?: readonly ForeignTable[];
}

/** Where clones live: a sealed network, and all that was started on it. */
export interface Stage {
  readonly network: string;
  clone(): Promise<Clone>;
  clear(): Promise<void>;
}

/** Opens a stage; whoever does clears it. */
export async function openStage(docker: Docker, args: RehearsalArgs): Promise<Stage> {
  const name = `${args.environmentName}-rehearsal-${randomBytes(3).toString("hex")}`;
  const network = await docker.createNetwork({ Name: name, Internal: true, Labels: temporaryLabels() });
  const clones: Clone[] = [];
  let count = 0;
  return {
    network: name,
    clone: async () => {
      const clone = await startClone(docker, {
        image: args.snapshot.image,
        name: `${name}-${++count}`,
        network: name,
        database: args.databaseName,
        memoryMiB: args.databaseMemoryMiB,
        parameters: args.databaseParameters,
      });
      clones.push(clone);
      await bringUp(docker, args, clone, name);
      await giveAway(clone.address, args.foreignTables ?? []);
      return clone;
    },
    clear: async () => {
      await Promise.all(clones.map((clone) => clone.remove()));
      // Fails while a process of a release is still attached; what is left carries a label and goes with the next run.
      await network.remove().catch(() => undefined);
    },
  };
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
