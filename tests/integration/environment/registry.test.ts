import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listSnapshots } from "../../../rehearsal/snapshot/snapshot-image.ts";
import { Checkout } from "./checkout.ts";
import { type Registry, registryAvailable, startRegistry } from "./registry.ts";
import { docker, environmentObjects, RunningEnvironment } from "./running-environment.ts";

const PROJECT = "it-pushed";
const STACK = "it-registry";
const BRANCH = "it-branch";
const IMAGES = ["application", "static", "gateway", "postgres"] as const;

type References = Record<(typeof IMAGES)[number], string>;

const checkout = new Checkout();
let registry: Registry | undefined;
let references: References;
let rehearsedIds: Record<string, string>;

async function imageIds(stack: string): Promise<Record<string, string>> {
  const environment = await RunningEnvironment.of(checkout, stack, `${PROJECT}-${stack}`);
  const services = ["app", "static", "gateway", "database"];
  const ids = services.map(async (service) => [service, (await environment.container(service)).Image] as const);
  return Object.fromEntries(await Promise.all(ids));
}

/** Names on the engine of all images that came from the registry or are pushed to it. */
async function localNames(): Promise<string[]> {
  const prefix = `${registry?.address ?? ""}/`;
  const images = await docker.listImages({ all: true, digests: true });
  const names = images.flatMap(({ RepoTags, RepoDigests }) => [...(RepoTags ?? []), ...(RepoDigests ?? [])]);
  return names.filter((name) => name.startsWith(prefix) && !name.includes("<none>"));
}

async function removeLocalImages(): Promise<void> {
  for (const name of await localNames()) await docker.getImage(name).remove({ force: true }).catch(gone);
  expect(await localNames()).toEqual([]);
}

/** The last name of an image takes its digests along. */
function gone(error: unknown): void {
  if ((error as { statusCode?: number }).statusCode !== 404) throw error;
}

describe.runIf(registryAvailable())("a release in a registry", () => {
  beforeAll(async () => {
    registry = await startRegistry();
    for (const stack of ["sandbox", "production"]) {
      checkout.configure(stack, { app: { name: PROJECT }, images: { registry: `${registry.address}/team` } });
    }
    // Content of its own: images that another build left on the engine are not these.
    checkout.edit("reference/flights/static/flights/site.css", (css) => `${css}\n.from-a-registry { color: teal; }\n`);
    checkout.configure("production", {
      app: { replicas: 1 },
      gateway: { domain: "it-registry.localhost", port: 18_445 },
      tls: { certificate: "generated" },
      database: { adminPort: 18_446, memoryMiB: 512, protect: false },
    });
    await checkout.succeed("stack", "init", STACK);
    await checkout.succeed("stack", "init", "production");
  });

  afterAll(async () => {
    try {
      await checkout.remove("production", STACK);
      await removeLocalImages();
    } finally {
      registry?.stop();
    }
    expect(await environmentObjects(`${PROJECT}-production`)).toEqual([]);
  });

  it("is pushed where it is built, and runs by digest", async () => {
    const { exitCode, output } = await checkout.up(STACK);
    expect(exitCode, output).toBe(0);
    references = await checkout.output<References>(STACK, "releaseReferences");
    for (const image of IMAGES) {
      const pattern = new RegExp(
        `^${registry?.address ?? ""}/team/${PROJECT}/${image}:[0-9a-f]{12}@sha256:[0-9a-f]{64}$`,
      );
      expect(references[image]).toMatch(pattern);
      const [name = "", digest = ""] = references[image].split("@");
      const [, repository = "", tag = ""] = /^[^/]+\/(.+):([^:]+)$/.exec(name) ?? [];
      const stored = await fetch(`http://${registry?.address ?? ""}/v2/${repository}/manifests/${tag}`, {
        headers: { accept: "application/vnd.docker.distribution.manifest.v2+json" },
      });
      expect(stored.headers.get("docker-content-digest"), name).toBe(digest);
    }
    rehearsedIds = await imageIds(STACK);
    const { output: again } = await checkout.up(STACK);
    expect(again).toMatch(/Resources:\s+\d+ unchanged/);
  });

  it("is beside a snapshot of its data, which another engine's branch starts from", async () => {
    const taken = await checkout.rehearse("snapshot", "create", "--from", STACK);
    expect(taken.exitCode, taken.output).toBe(0);
    const [snapshot] = await listSnapshots(docker, PROJECT);
    expect(snapshot?.image).toBe(`${registry?.address ?? ""}/team/snapshot:${snapshot?.id ?? ""}`);
    execFileSync("docker", ["push", "--quiet", snapshot?.image ?? ""]);
    await docker.getImage(snapshot?.image ?? "").remove();
    expect(await listSnapshots(docker, PROJECT)).toEqual([]);

    await checkout.succeed("stack", "init", BRANCH);
    checkout.configure(BRANCH, { database: { snapshot: snapshot?.id } });
    const preview = await checkout.succeed("preview", "--stack", BRANCH);
    expect(preview).toContain(`database | pulling ${snapshot?.image ?? ""}`);
    expect(await listSnapshots(docker, PROJECT)).toEqual([snapshot]);
  });

  it("is pulled by digest in production where the engine has none of its images", async () => {
    const { exitCode, output } = await checkout.rehearse("promote", "--from", STACK);
    expect(exitCode, output).toBe(0);
    await checkout.succeed("destroy", "--yes", "--skip-preview", "--stack", STACK);
    await removeLocalImages();
    const ended = await checkout.up("production");
    expect(ended.exitCode, ended.output).toBe(0);
    expect(await imageIds("production")).toEqual(rehearsedIds);
    const { Id, RepoDigests } = await docker.getImage(references.application).inspect();
    expect(Id).toBe(rehearsedIds["app"]);
    expect(RepoDigests).toContain(references.application.replace(/:[0-9a-f]{12}@/, "@"));
  });

  it("is refused by name and digest where the registry has no such image", async () => {
    const absent = references.static.replace(/sha256:.*/, `sha256:${"0".repeat(64)}`);
    checkout.configure("production", { images: { release: { ...references, static: absent } } });
    const before = await imageIds("production");
    const { exitCode, output } = await checkout.up("production");
    checkout.configure("production", { images: { release: references } });
    expect(exitCode).not.toBe(0);
    expect(output).toContain(absent);
    expect(await imageIds("production")).toEqual(before);
  });
});
