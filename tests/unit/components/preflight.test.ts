import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { preflight } from "../../../components/preflight.ts";
import { sandboxSettings } from "../../component/settings.ts";
import { fakeEngine } from "../engine/fake-engine.ts";

type Demands = Parameters<typeof preflight>[1];

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const RELEASE = {
  application: `shop/application:1@${digest("a")}`,
  static: `shop/static:1@${digest("b")}`,
  gateway: `shop/gateway:1@${digest("c")}`,
  postgres: `shop/postgres:1@${digest("d")}`,
};

/** An engine that manages a swarm, or does not, holds the images of these references, and runs these services. */
async function engineWith(references: readonly string[], manages = true, services: readonly unknown[] = []) {
  const ids = new Map(references.map((reference) => reference.split("@") as [string, string]));
  return await fakeEngine(({ call }) => {
    if (call === "GET /info") return { status: 200, body: { Swarm: { ControlAvailable: manages } } };
    if (call === "GET /services") return { status: 200, body: services };
    if (call === "GET /containers/json") return { status: 200, body: [] };
    const id = ids.get(decodeURIComponent(/^GET \/images\/(.*)\/json$/.exec(call)?.[1] ?? ""));
    return id === undefined ? undefined : { status: 200, body: { Id: id } };
  });
}

const taking = { base: "debian:trixie-slim", registry: "none", release: RELEASE };

/** What is asked of an engine; the ports are those of nobody. */
function demands(host: string, images: Demands["images"] = taking): Demands {
  const { app, gateway, database } = sandboxSettings(host);
  return { app, engine: { host }, gateway: { ...gateway, port: 1 }, database: { ...database, adminPort: 2 }, images };
}

async function refusal(asked: Demands): Promise<string> {
  const error: unknown = await preflight("sandbox", asked).catch((reason: unknown) => reason);
  expect(pulumi.RunError.isInstance(error)).toBe(true);
  return (error as Error).message;
}

describe("before anything is declared", () => {
  it("an engine that manages a swarm and holds the release is enough", async () => {
    const { host } = await engineWith(Object.values(RELEASE));
    await expect(preflight("sandbox", demands(host))).resolves.toBeUndefined();
  });

  it("an engine that manages no swarm is refused, and one that does not answer, each by its setting", async () => {
    const { host } = await engineWith([], false);
    const text = await refusal(demands(host));
    expect(text.split("\n")).toEqual([
      "The engine cannot run this environment; nothing was changed.",
      `  rehearsal:engine.host must be the address of a Docker engine that answers and manages a swarm; found an engine that ` +
        `manages no swarm at "${host}". Start Docker there and run docker swarm init, or set another address with: ` +
        "pulumi config set --path 'rehearsal:engine.host' ADDRESS",
    ]);
    expect(await refusal(demands("unix:///no/such/engine.sock"))).toContain('at "unix:///no/such/engine.sock"');
  });

  it("every image of a release that is not there, or another one, is named", async () => {
    const { host } = await engineWith([RELEASE.application, RELEASE.gateway, `shop/static:1@${digest("0")}`]);
    const lines = (await refusal(demands(host))).split("\n");
    expect(lines[0]).toBe("The engine cannot run this environment; nothing was changed.");
    expect(lines.slice(1)).toEqual([
      expect.stringMatching(/^ {2}rehearsal:images\.release\.static: image shop\/static:1 must be .* found sha256:000/),
      expect.stringMatching(/^ {2}rehearsal:images\.release\.postgres: image shop\/postgres:1 must be .* found none\./),
    ]);
  });

  it.each([
    { ...taking, release: "build" as const },
    { ...taking, registry: "registry.example.com/team" },
  ])("images that are built or pulled need not be there: %j", async (images) => {
    const { host, calls } = await engineWith([]);
    await expect(preflight("sandbox", demands(host, images))).resolves.toBeUndefined();
    expect(calls().filter((call) => call.startsWith("GET /images"))).toEqual([]);
  });

  it("a port that somebody else has is named with its holder; its own services may have it", async () => {
    const gateway = (environment: string) => ({
      Spec: { Name: `${environment}-gateway`, Labels: { "rehearsal.environment": environment } },
      Endpoint: { Ports: [{ PublishedPort: 1 }] },
    });
    const { host } = await engineWith(Object.values(RELEASE), true, [gateway("shop-production")]);
    expect((await refusal(demands(host))).split("\n").slice(1)).toEqual([
      "  rehearsal:gateway.port must be a port that is free on the engine's host; found 1, which service " +
        "shop-production-gateway has. Stop that, or set another port with: pulumi config set --path 'rehearsal:gateway.port' PORT",
    ]);
    const own = await engineWith(Object.values(RELEASE), true, [gateway("reference-sandbox")]);
    await expect(preflight("sandbox", demands(own.host))).resolves.toBeUndefined();
  });
});
