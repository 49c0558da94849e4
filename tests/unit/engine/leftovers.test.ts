import { describe, expect, it } from "vitest";
import { unrecorded } from "../../../components/unrecorded-files.ts";
import {
  ENVIRONMENT_LABEL,
  type LeftoverKind,
  removeLeftover,
  requireVolumeUnused,
  unusedFiles,
} from "../../../engine/leftovers.ts";
import { type EngineAnswer, fakeEngine } from "./fake-engine.ts";

const ENVIRONMENT = "shop-sandbox";
const label = (environment: string) => ({ [ENVIRONMENT_LABEL]: environment });

/** How the engine shows an object of each kind with the given labels. */
const SHOWN: Record<LeftoverKind, { inspect: string; body: (labels: object) => object; removal: string[] }> = {
  service: {
    inspect: "GET /services/thing",
    body: (Labels) => ({ Spec: { Labels } }),
    removal: ["DELETE /services/thing"],
  },
  network: {
    inspect: "GET /networks/thing",
    body: (Labels) => ({ Labels }),
    removal: ["DELETE /networks/thing"],
  },
  container: {
    inspect: "GET /containers/thing/json",
    body: (Labels) => ({ Config: { Labels } }),
    // Stopped first: what may run in it is a database.
    removal: ["POST /containers/thing/stop", "DELETE /containers/thing"],
  },
};
const KINDS = Object.keys(SHOWN) as LeftoverKind[];

async function engineWith(kind: LeftoverKind, labels: object, stop: EngineAnswer = { status: 204 }) {
  const { inspect, body } = SHOWN[kind];
  return await fakeEngine(({ call }) => {
    if (call === inspect) return { status: 200, body: body(labels) };
    return call.startsWith("DELETE ") ? { status: 200, body: {} } : stop;
  });
}

describe.each(KINDS)("a %s that an interrupted deployment left behind", (kind) => {
  const { inspect, removal } = SHOWN[kind];

  it("is removed", async () => {
    const engine = await engineWith(kind, label(ENVIRONMENT));
    expect(await removeLeftover(engine.docker, kind, "thing", ENVIRONMENT)).toBe(true);
    expect(engine.calls()).toEqual([inspect, ...removal]);
  });

  it.each([label("shop-production"), {}])("is left alone when it is another's: %j", async (labels) => {
    const engine = await engineWith(kind, labels);
    await expect(removeLeftover(engine.docker, kind, "thing", ENVIRONMENT)).rejects.toThrow(
      `${kind} thing must not exist before it is created; found one on the engine that is not environment shop-sandbox's. ` +
        "Remove or rename it, or choose another app.name or stack name.",
    );
    expect(engine.calls()).toEqual([inspect]);
  });

  it("is not there, and nothing is done", async () => {
    const engine = await fakeEngine(() => undefined);
    expect(await removeLeftover(engine.docker, kind, "thing", ENVIRONMENT)).toBe(false);
    expect(engine.calls()).toEqual([inspect]);
  });

  it("is an error where the engine cannot say", async () => {
    const engine = await fakeEngine(() => ({ status: 500, body: { message: "engine is starting" } }));
    await expect(removeLeftover(engine.docker, kind, "thing", ENVIRONMENT)).rejects.toThrow("engine is starting");
  });
});

it("removes a container that has stopped already", async () => {
  const engine = await engineWith("container", label(ENVIRONMENT), { status: 304 });
  expect(await removeLeftover(engine.docker, "container", "thing", ENVIRONMENT)).toBe(true);
  expect(engine.calls().at(-1)).toBe("DELETE /containers/thing");
});

it("gives a container ten seconds to stop", async () => {
  const engine = await engineWith("container", label(ENVIRONMENT));
  await removeLeftover(engine.docker, "container", "thing", ENVIRONMENT);
  expect(engine.requests.find(({ call }) => call.endsWith("/stop"))?.query.get("t")).toBe("10");
});

it("says what to do when it is in use: then the state is missing, and not the object too many", async () => {
  const engine = await fakeEngine(({ call }) =>
    call === "GET /networks/thing"
      ? { status: 200, body: { Labels: label(ENVIRONMENT) } }
      : { status: 403, body: { message: "network thing has active endpoints" } },
  );
  await expect(removeLeftover(engine.docker, "network", "thing", ENVIRONMENT)).rejects.toThrow(
    /^network thing must not exist before it is created; environment shop-sandbox uses one, but the stack's state does not know it \(.*active endpoints.*\)\. Restore the state/,
  );
});

it("refuses a volume that somebody works on, and takes one that an earlier deployment has left", async () => {
  const engine = async (holders: readonly object[]) =>
    (await fakeEngine(({ call }) => ({ status: 200, body: call === "GET /containers/json" ? holders : {} }))).docker;
  await expect(
    requireVolumeUnused(await engine([{ Id: "1f", Names: ["/shop-sandbox-database"] }]), "data"),
  ).rejects.toThrow(
    /^volume data must not be in use before it is created; container shop-sandbox-database works on it, but the stack's state does not know it\. Restore the state/,
  );
  await expect(requireVolumeUnused(await engine([]), "data")).resolves.toBeUndefined();
});

describe("secrets and configurations of an environment", () => {
  const file = (id: string) => ({ ID: id, Spec: { Name: `shop-sandbox-${id}` } });
  const given = (secrets: readonly string[], configs: readonly string[]) => ({
    TaskTemplate: {
      ContainerSpec: {
        Secrets: secrets.map((SecretID) => ({ SecretID })),
        Configs: configs.map((ConfigID) => ({ ConfigID })),
      },
    },
  });

  async function unused(...services: readonly object[]) {
    const bodies: Record<string, readonly object[]> = {
      "GET /secrets": [file("s1"), file("s2"), file("s3")],
      "GET /configs": [file("c1"), file("c2")],
      "GET /services": services,
    };
    const { docker, requests } = await fakeEngine(({ call }) => ({ status: 200, body: bodies[call] ?? [] }));
    const found = (await unusedFiles(docker, ENVIRONMENT)).map(({ kind, name }) => `${kind} ${name}`);
    const filters = requests.map(({ query }) => query.get("filters"));
    expect(new Set(filters)).toEqual(new Set([JSON.stringify({ label: [`${ENVIRONMENT_LABEL}=${ENVIRONMENT}`] })]));
    return found;
  }

  it("are unused where no service is given them, nor would be when it goes back", async () => {
    const service = { Spec: given(["s1"], ["c1"]), PreviousSpec: given(["s2"], []) };
    expect(await unused(service)).toEqual(["secret shop-sandbox-s3", "config shop-sandbox-c2"]);
    expect(await unused()).toHaveLength(5);
    expect(await unused({ Spec: {} })).toHaveLength(5);
  });

  it("are nobody's where the state does not name them either", () => {
    const files = ["s1", "s2"].map((id) => ({ kind: "secret" as const, id, name: id }));
    expect(unrecorded(files, '{"resources": [{"id": "s1", "delete": true}]}').map(({ id }) => id)).toEqual(["s2"]);
  });
});
