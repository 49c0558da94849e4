import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { databaseSnapshot } from "../../../components/snapshot-source.ts";
import { type SnapshotDescription, snapshotLabels } from "../../../rehearsal/snapshot/snapshot-image.ts";
import { sandboxSettings } from "../../component/settings.ts";
import { type FakeEngine, fakeEngine } from "../engine/fake-engine.ts";

const LABEL = { "rehearsal.environment": "reference-branch" };
const said: string[] = [];

beforeEach(() => {
  said.length = 0;
  vi.spyOn(pulumi.log, "info").mockImplementation((line) => {
    said.push(line);
    return Promise.resolve();
  });
});

afterEach(() => {
  vi.restoreAllMocks();
});

interface Engine {
  readonly snapshots?: readonly Partial<SnapshotDescription>[];
  /** Labels of the environment's container, and the image that it was made from. */
  readonly container?: { readonly labels: Record<string, string>; readonly image: string };
  readonly volume?: Record<string, string>;
  /** Major version of the server in the snapshots' images. */
  readonly major?: number;
  /** What a pull adds; without it the registry refuses. */
  readonly registry?: Partial<SnapshotDescription>;
}

async function engineWith({ snapshots = [], container, volume, major = 17, registry }: Engine): Promise<FakeEngine> {
  const there = snapshots.map((snapshot) => imageOf(snapshot, "snapshot"));
  return await fakeEngine(({ call, query }) => {
    if (call === "GET /images/json") return { status: 200, body: there };
    if (call === "GET /containers/reference-branch-database/json" && container !== undefined) {
      return { status: 200, body: { Config: { Labels: container.labels, Image: container.image } } };
    }
    if (call === "GET /volumes/reference-branch-data" && volume !== undefined)
      return { status: 200, body: { Labels: volume } };
    if (call === "POST /images/create" && registry !== undefined) {
      there.push(imageOf(registry, query.get("fromImage") ?? ""));
      return { status: 200, body: { status: "Pulled" } };
    }
    if (call.startsWith("GET /images/")) {
      return { status: 200, body: { Config: { Env: [`PATH=/usr/lib/postgresql/${major}/bin:/bin`] } } };
    }
    return undefined;
  });
}

function imageOf(snapshot: Partial<SnapshotDescription>, repository: string) {
  const description: SnapshotDescription = {
    id: "aaaaaaaaaaaa",
    project: "reference",
    source: "production",
    takenAt: "2026-01-01T00:00:00.000Z",
    serverVersion: "17.5",
    extensions: [],
    rows: {},
    bytes: 1,
    masking: "",
    maskingKey: "",
    migrations: [],
    statements: 0,
    ...snapshot,
  };
  const name = `${repository.replace(/:.*/, "")}:${description.id}`;
  return { Id: `sha256:${description.id}`, RepoTags: [name], Labels: snapshotLabels(description) };
}

function resolve({ host }: FakeEngine, snapshot: string, registry = "none") {
  return databaseSnapshot("branch", sandboxSettings(host, { database: { snapshot }, images: { registry } }));
}

async function refusal(engine: FakeEngine, snapshot: string, registry?: string): Promise<string> {
  const error: unknown = await resolve(engine, snapshot, registry).catch((reason: unknown) => reason);
  expect(pulumi.RunError.isInstance(error)).toBe(true);
  return (error as Error).message;
}

const OLDER = { id: "0000001aaaaa", takenAt: "2026-01-01T00:00:00.000Z" };
const NEWER = { id: "0000002bbbbb", takenAt: "2026-02-01T00:00:00.000Z" };
const both = [OLDER, NEWER];

describe("a database that is not there yet", () => {
  it("starts from the newest snapshot, or the one that is named, or empty", async () => {
    const engine = await engineWith({ snapshots: both });
    expect(await resolve(engine, "newest")).toEqual({ id: NEWER.id, image: `snapshot:${NEWER.id}` });
    expect(await resolve(engine, "0000001")).toEqual({ id: OLDER.id, image: `snapshot:${OLDER.id}` });
    expect(await resolve(engine, "none")).toBeUndefined();
    expect(said).toEqual([]);
  });

  it("starts empty where there is no snapshot, and says how to make one", async () => {
    expect(await resolve(await engineWith({}), "newest")).toBeUndefined();
    expect(said).toEqual([
      "database | starts empty: there is no snapshot. Make one with: npx rehearse snapshot create --from production",
    ]);
  });

  it("does not start from a snapshot that is not there: the error lists what is", async () => {
    expect(await refusal(await engineWith({ snapshots: both }), "ffffff")).toMatch(
      /^The database cannot start .* nothing was changed\.\n {2}rehearsal:database\.snapshot: .*"ffffff".*found 0000002bbbbb, 0000001aaaaa\./,
    );
  });

  it("takes one that a registry has, by its whole id", async () => {
    const registry = "registry.example.com/team";
    const engine = await engineWith({ registry: NEWER });
    expect(await resolve(engine, NEWER.id, registry)).toEqual({
      id: NEWER.id,
      image: `${registry}/snapshot:${NEWER.id}`,
    });
    expect(said).toEqual([`database | pulling ${registry}/snapshot:${NEWER.id}`]);
    const other = await engineWith({ snapshots: [OLDER] });
    expect(await refusal(other, NEWER.id, registry)).toContain(
      `Nor does the registry give ${registry}/snapshot:${NEWER.id} (`,
    );
    expect(await refusal(other, "0000002", registry)).toContain("give all twelve digits of its id");
  });

  it.each([
    { server: "18.1", major: 17, found: "of PostgreSQL 17 from a server of version 18.1" },
    { server: "16.9", major: 16, found: "of PostgreSQL 16 from a server of version 16.9" },
  ])("does not start from one of another major version: %j", async ({ server, major, found }) => {
    const engine = await engineWith({ snapshots: [{ ...NEWER, serverVersion: server }], major });
    expect(await refusal(engine, "newest")).toContain(`found data ${found}.`);
  });
});

describe("a database that is there", () => {
  const fromOlder = {
    labels: { ...LABEL, "rehearsal.snapshot": OLDER.id },
    image: `registry.example.com/snapshot:${OLDER.id}`,
  };

  it("stays with its snapshot when a newer one appears, under the name that it was made by", async () => {
    const engine = await engineWith({ snapshots: both, container: fromOlder });
    for (const wanted of ["newest", "0000001"]) {
      expect(await resolve(engine, wanted)).toEqual({ id: OLDER.id, image: fromOlder.image });
    }
    expect(said[0]).toMatch(/^database \| runs on snapshot 0000001aaaaa; the newest is 0000002bbbbb\./);
  });

  it("moves to another snapshot whose id is set", async () => {
    const engine = await engineWith({ snapshots: both, container: fromOlder });
    expect(await resolve(engine, "0000002")).toEqual({ id: NEWER.id, image: `snapshot:${NEWER.id}` });
  });

  it.each<[string, Engine]>([
    ["container", { container: { labels: LABEL, image: "reference/postgres:1" } }],
    ["volume of a container that is being replaced", { volume: LABEL }],
  ])("stays on its volume when a snapshot appears, known by its %s", async (_, form) => {
    const engine = await engineWith({ snapshots: both, ...form });
    expect(await resolve(engine, "newest")).toBeUndefined();
    expect(await resolve(engine, "none")).toBeUndefined();
    expect(await refusal(engine, "0000002")).toMatch(/keeps its form.*on a volume.*pulumi destroy --stack branch/);
  });

  it("is not moved from a snapshot to a volume", async () => {
    const engine = await engineWith({ snapshots: both, container: fromOlder });
    expect(await refusal(engine, "none")).toContain(`runs from snapshot ${OLDER.id}`);
  });

  it("of somebody else says nothing", async () => {
    const container = { labels: { "rehearsal.environment": "other" }, image: "postgres" };
    const engine = await engineWith({ snapshots: both, container, volume: { "rehearsal.environment": "other" } });
    expect((await resolve(engine, "newest"))?.id).toBe(NEWER.id);
  });
});

it("a server that somebody else runs starts from none, and the engine is not asked", async () => {
  const engine = await engineWith({ snapshots: both });
  const server = { host: "db.example.com", username: "provisioner", password: "external-server-password" };
  const settings = sandboxSettings(engine.host, {
    database: { server, snapshot: "none" },
    network: { outside: true },
  });
  expect(await databaseSnapshot("branch", settings)).toBeUndefined();
  expect(engine.calls()).toEqual([]);
});
