import { spawn } from "node:child_process";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pruneSnapshots } from "../../../rehearsal/snapshot/prune.ts";
import { listSnapshots } from "../../../rehearsal/snapshot/snapshot-image.ts";
import { WORK_LABEL } from "../../../rehearsal/snapshot/work.ts";
import { docker, SnapshotBench } from "./support.ts";

const ROOT = path.resolve(import.meta.dirname, "../../..");

/** A process that takes a snapshot as the command does, and says each line of its progress. */
const PROGRAM = `
import Docker from "dockerode";
import { createSnapshot } from "${ROOT}/rehearsal/snapshot/create.ts";
const request = JSON.parse(process.argv[1]);
const interruption = new AbortController();
process.on("SIGINT", () => interruption.abort(new Error("interrupted")));
const key = { key: Buffer.alloc(32, 7), fingerprint: "test" };
await createSnapshot(new Docker(), { ...request, key, rules: {}, eachTable: false }, (line) => console.log(line), interruption.signal);
`;

describe("a snapshot that is interrupted", () => {
  let bench: SnapshotBench;

  beforeAll(async () => {
    bench = await SnapshotBench.open();
    await bench.database(
      "large",
      `CREATE TABLE number AS SELECT n, md5(n::text)::varchar(32) AS digest FROM generate_series(1, 1500000) n;
       CREATE INDEX ON number (digest)`,
    );
  });

  afterAll(async () => {
    await bench.remove();
  });

  function start() {
    const request = {
      project: bench.project,
      sourceName: "large",
      source: bench.address("large"),
      postgresImage: bench.image,
      registry: "none",
      reports: bench.reports,
    };
    const child = spawn(process.execPath, ["--input-type=module", "-e", PROGRAM, JSON.stringify(request)], {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    const until = async (words: string) => {
      while (!output.includes(words)) {
        if (child.exitCode !== null) throw new Error(`ended without "${words}":\n${output}`);
        await sleep(20);
      }
    };
    return { child, ended, until, output: () => output };
  }

  const work = async (pid: number | undefined) => {
    const containers = await docker.listContainers({ all: true, filters: { label: [WORK_LABEL] } });
    return containers.filter(({ Labels }) => (Labels[WORK_LABEL] ?? "").includes(`"pid":${pid ?? 0},`));
  };
  const images = async () =>
    (await docker.listImages({ filters: { label: [`rehearsal.snapshot.project=${bench.project}`] } })).length;
  const sessions = async () =>
    (await bench.server.query("SELECT 1 FROM pg_stat_activity WHERE application_name = 'rehearse snapshot'")).length;

  it.each(["copying", "building indexes", "stopping the server", "restore drill"])(
    "is cleaned up by the next one or by prune when killed while %s",
    async (moment) => {
      const run = start();
      await run.until(moment);
      run.child.kill("SIGKILL");
      await run.ended;
      expect((await work(run.child.pid)).length + (await images())).toBeGreaterThan(0);
      expect(await listSnapshots(docker, bench.project)).toEqual([]);
      const { abandoned } = await pruneSnapshots(docker, bench.project, 3, false);
      expect(abandoned.length).toBeGreaterThan(0);
      expect(await work(run.child.pid)).toEqual([]);
      expect(await images()).toBe(0);
      while ((await sessions()) > 0) await sleep(50);
    },
  );

  it.each(["copying", "building indexes", "restore drill"])(
    "cleans up by itself when told to stop while %s",
    async (moment) => {
      const run = start();
      await run.until(moment);
      run.child.kill("SIGINT");
      expect(await run.ended).not.toBe(0);
      expect(await work(run.child.pid)).toEqual([]);
      expect(await images()).toBe(0);
      while ((await sessions()) > 0) await sleep(50);
    },
  );

  it("leaves the work of a process that lives alone", async () => {
    const run = start();
    await run.until("copying");
    await pruneSnapshots(docker, bench.project, 3, false);
    expect((await work(run.child.pid)).length).toBeGreaterThan(0);
    expect(await run.ended, run.output()).toBe(0);
    expect(await listSnapshots(docker, bench.project)).toHaveLength(1);
  });

  it("prunes old snapshots but for the newest and those in use", async () => {
    for (const word of ["one", "two"]) {
      await bench.server.query(`CREATE TABLE ${word} (n integer); GRANT SELECT ON ${word} TO report`, "large");
      await bench.create("large", {});
    }
    const all = await listSnapshots(docker, bench.project);
    expect(all).toHaveLength(3);
    const ask = await bench.clone(all[2]?.image ?? "");
    expect(await ask("SELECT count(*) FROM number")).toEqual([{ count: "1500000" }]);
    const planned = await pruneSnapshots(docker, bench.project, 1, true);
    expect(planned.removed.map(({ id }) => id)).toEqual([all[1]?.id]);
    expect(await listSnapshots(docker, bench.project)).toHaveLength(3);
    await pruneSnapshots(docker, bench.project, 1, false);
    expect((await listSnapshots(docker, bench.project)).map(({ id }) => id)).toEqual([all[0]?.id, all[2]?.id]);
  });
});
