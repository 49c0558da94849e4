import { describe, expect, it } from "vitest";
import type { OneShot } from "../../../engine/one-shot.ts";
import { describePlan, type MigrationPlan, migrate, readPlan } from "../../../rehearsal/migration/migrate.ts";
import { type EngineAnswer, fakeEngine, streamFrame } from "../engine/fake-engine.ts";

const RUN: Omit<OneShot, "command"> = {
  name: "shop-sandbox-migrate",
  image: "shop/application:2",
  environment: {},
  networks: ["shop-sandbox-data"],
  memoryBytes: 1024,
};

const RUNNABLE = { sql: [], atomic: true, reversible: true, tables: [] };
const PENDING: MigrationPlan["pending"] = [
  { app: "flights", name: "0007_gate", operations: ["Add field gate to flight", "Create index"], ...RUNNABLE },
];

const HARMLESS = { conflicts: [], inconsistencies: [], missing: [], lint: [] };

function plan(changes: Partial<MigrationPlan> = {}): MigrationPlan {
  return { database: "reachable", applied: 12, pending: PENDING, ...HARMLESS, ...changes };
}

/** An engine whose container prints `output` and ends with `exitCode`. */
async function engineWith(output: string, exitCode = 0, network: EngineAnswer = { status: 200, body: {} }) {
  const answers: Record<string, EngineAnswer> = {
    "GET /networks/shop-sandbox-data": network,
    "POST /containers/create": { status: 201, body: { Id: "c1" } },
    "POST /containers/c1/wait": { status: 200, body: { StatusCode: exitCode } },
    "POST /containers/c1/start": { status: 204 },
  };
  return await fakeEngine(
    ({ call }) => answers[call],
    (socket) => {
      socket.once("data", () => {
        socket.end(streamFrame("stdout", output));
      });
    },
  );
}

describe("migrating", () => {
  it("runs the release's migrations and hands on what they say", async () => {
    const engine = await engineWith("Applying flights.0007_gate... OK\n");
    const said: string[] = [];
    await migrate(engine.docker, RUN, 60, (line) => said.push(line));
    expect(said).toEqual(["Applying flights.0007_gate... OK"]);
    expect(engine.requests.find(({ call }) => call === "POST /containers/create")?.body).toMatchObject({
      name: "shop-sandbox-migrate",
      Cmd: ["/opt/rehearsal/run", "migrate", "--secrets-from-stdin"],
      HostConfig: { NetworkMode: "shop-sandbox-data" },
    });
  });

  it("fails with Django's own error, the last 40 lines of it", async () => {
    const lines = Array.from({ length: 60 }, (_, index) => `line ${index}`);
    const { docker } = await engineWith(`${lines.join("\n")}\nIntegrityError: column "gate" contains null values\n`, 1);
    const error = await migrate(docker, RUN, 60, () => undefined).catch((reason: unknown) => reason as Error);
    const text = (error as Error).message.split("\n");
    expect(text[0]).toBe(
      "Migrations failed, exit code 1; the release before goes on serving. Mend the migration or the data and run pulumi up again.",
    );
    expect(text.slice(1)).toHaveLength(40);
    expect([text[1], text.at(-1)]).toEqual(["  line 21", '  IntegrityError: column "gate" contains null values']);
  });

  it("says so when the engine has killed it", async () => {
    const { docker } = await engineWith("", 137);
    await expect(migrate(docker, RUN, 60, () => undefined)).rejects.toThrow(
      "Migrations failed, was killed (exit code 137: out of memory, or stopped by hand);",
    );
  });
});

describe("planning", () => {
  it("reads what the runtime layer says", async () => {
    const { docker } = await engineWith(JSON.stringify(plan()));
    expect(await readPlan(docker, RUN)).toEqual(plan());
  });

  it("fails with what the runtime layer says where the migrations cannot be read", async () => {
    const { docker } = await engineWith("ImportError: no module named gates\n", 1);
    await expect(readPlan(docker, RUN)).rejects.toThrow("ImportError: no module named gates");
  });

  it("does without the database's network where that is not there yet", async () => {
    const engine = await engineWith(JSON.stringify(plan({ database: "absent" })), 0, { status: 404, body: {} });
    await readPlan(engine.docker, RUN);
    expect(engine.requests.find(({ call }) => call === "POST /containers/create")?.body).toMatchObject({
      HostConfig: { NetworkMode: "none" },
    });
  });
});

describe("a plan", () => {
  it("names migrations with their operations on a database that is in use", () => {
    expect(describePlan(plan())).toEqual([
      "1 migration would run on a database with 12 applied:",
      "  flights.0007_gate",
      "    Add field gate to flight",
      "    Create index",
    ]);
  });

  it("names migrations alone on a new database", () => {
    const pending = [
      ...PENDING,
      { app: "reports", name: "0001_initial", operations: ["Create model Report"], ...RUNNABLE },
    ];
    expect(describePlan(plan({ database: "absent", applied: 0, pending }))).toEqual([
      "2 migrations would run on a new database:",
      "  flights.0007_gate",
      "  reports.0001_initial",
    ]);
  });

  it("says that there is nothing to do", () => {
    expect(describePlan(plan({ pending: [] }))).toEqual(["nothing to run; 12 migrations are applied"]);
  });
});
