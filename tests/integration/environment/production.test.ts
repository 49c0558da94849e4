import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { createAuthority, issueCertificate } from "../../../components/certificate-authority.ts";
import { fullHostnames } from "../../../config/consistency.ts";
import { stackSlug } from "../../../config/load-settings.ts";
import { Checkout } from "./checkout.ts";
import { docker, environmentObjects, RunningEnvironment, removeImages } from "./running-environment.ts";

// A name of its own: production's stack has one name, and the project's own may run on this engine.
const PROJECT = "it-airways";
const BRANCH = "it-Branch_2.x";
const REHEARSED = `${PROJECT}-${stackSlug(BRANCH)}`;
const PRODUCTION = `${PROJECT}-production`;
const DOMAIN = "it-production.localhost";
const PORT = 18_443;
const ADMIN_PORT = 18_444;
const SERVICES = ["app", "etl", "static", "gateway", "database"];

type References = Record<"application" | "static" | "gateway" | "postgres", string>;

const checkout = new Checkout();
let rehearsed: RunningEnvironment;
let production: RunningEnvironment;
let references: References;
let authority: string;

beforeAll(async () => {
  checkout.configure("sandbox", { app: { name: PROJECT } });
  checkout.configure("production", {
    app: { name: PROJECT, replicas: 2 },
    gateway: { domain: DOMAIN, port: PORT },
    database: { adminPort: ADMIN_PORT, memoryMiB: 1024 },
  });
  await checkout.succeed("stack", "init", BRANCH);
  const { exitCode, output } = await checkout.up(BRANCH);
  expect(exitCode, output).toBe(0);
  rehearsed = await RunningEnvironment.of(checkout, BRANCH, REHEARSED);
  references = await checkout.output<References>(BRANCH, "releaseReferences");
  await checkout.succeed("stack", "init", "production");
  authority = await setCertificate();
});

afterAll(async () => {
  await checkout.pulumi("state", "unprotect", "--all", "--yes", "--stack", "production");
  await checkout.remove("production", BRANCH);
  for (const name of await volumes(PRODUCTION)) await docker.getVolume(name).remove();
  await removeImages(PROJECT);
  expect([...(await environmentObjects(PRODUCTION)), ...(await environmentObjects(REHEARSED))]).toEqual([]);
});

/** A certificate as a public authority would issue it, by a chain; gives the root that verifies it. */
async function setCertificate(): Promise<string> {
  const issuer = createAuthority("it-public");
  const { chain, key } = issueCertificate(issuer, fullHostnames(DOMAIN, ["@", "www", "api", "*.tenants"]));
  await checkout.setSecret("production", "rehearsal:tls.certificate.chain", chain);
  await checkout.setSecret("production", "rehearsal:tls.certificate.key", key);
  await checkout.setSecret("production", "rehearsal:tls.certificate.authority", issuer.root);
  return issuer.root;
}

/** The release that production's file names. */
function promoted(): unknown {
  const { config } = parse(checkout.read("Pulumi.production.yaml")) as {
    config: Record<string, { release?: unknown }>;
  };
  return config["rehearsal:images"]?.release;
}

async function volumes(environment: string): Promise<string[]> {
  const objects = await environmentObjects(environment);
  return objects.flatMap((object) => (object.startsWith("volume ") ? [object.slice("volume ".length)] : []));
}

/** Ids of the images that the containers of an environment run, by service. */
async function imageIds(environment: RunningEnvironment): Promise<Record<string, string>> {
  const ids = SERVICES.map(async (service) => [service, (await environment.container(service)).Image] as const);
  return Object.fromEntries(await Promise.all(ids));
}

describe("a branch's stack with a legal, odd name", () => {
  it("takes the sandbox's settings under a domain and ports of its own", async () => {
    expect(rehearsed.hostname).toBe(`${stackSlug(BRANCH)}.localhost`);
    expect(rehearsed.hostname).toMatch(/^it-branch-[0-9a-f]{5}\.localhost$/);
    const { config } = parse(checkout.read("Pulumi.sandbox.yaml")) as {
      config: Record<string, { port?: number; adminPort?: number }>;
    };
    const database = await checkout.output<string>(BRANCH, "databaseAddress");
    const ports = [rehearsed.port, Number(/:(\d+)\//.exec(database)?.[1])];
    expect(ports.filter((port) => port >= 20_000 && port < 30_000)).toEqual(ports);
    expect(ports).not.toContain(config["rehearsal:gateway"]?.port);
    expect(ports).not.toContain(config["rehearsal:database"]?.adminPort);
    expect((await rehearsed.containers()).filter(({ Name }) => Name.includes("-app."))).toHaveLength(2);
    expect((await rehearsed.get("/")).status).toBe(200);
  });
});

describe("a release that production names", () => {
  it("must be there at all", async () => {
    const { exitCode, output } = await checkout.pulumi("preview", "--stack", "production");
    expect(exitCode).not.toBe(0);
    expect(output).toContain("rehearsal:images.release must be build, or application, static, gateway and postgres");
    expect(output).toContain("npx rehearse promote");
  });

  it("is promoted into its file by name and digest, once", async () => {
    const { exitCode, output } = await checkout.rehearse("promote", "--from", BRANCH, "--to", "production");
    expect(exitCode, output).toBe(0);
    expect(output).toContain(`Pulumi.production.yaml now names the release of ${BRANCH}`);
    expect(promoted()).toEqual(references);
    const again = await checkout.rehearse("promote", "--from", BRANCH, "--to", "production");
    expect(again).toEqual({ exitCode: 0, output: "Pulumi.production.yaml names this release already.\n" });
  });

  it("is refused by name and digest where the engine has no such image, before anything changes", async () => {
    const absent = references.application.replace(/:[0-9a-f]+@/, ":0123456789ab@");
    const [name = "", digest = ""] = absent.split("@");
    await refused({ application: absent }, [name, digest, "found none", "promote"]);
  });

  it("is refused where the image of that name is another one, before anything changes", async () => {
    const [name = ""] = references.application.split("@");
    const digest = references.gateway.split("@")[1] ?? "";
    const own = references.application.split("@")[1] ?? "";
    await refused({ application: `${name}@${digest}` }, [name, digest, `found ${own}`, "promote"]);
  });
});

/** A production that names these images is refused in a preview as in a deployment, with these words. */
async function refused(images: Partial<References>, words: readonly string[]): Promise<void> {
  const before = (await environmentObjects(PRODUCTION)).sort();
  checkout.configure("production", { images: { release: { ...references, ...images } } });
  try {
    for (const attempt of [
      await checkout.pulumi("preview", "--stack", "production"),
      await checkout.up("production"),
    ]) {
      expect(attempt.exitCode, attempt.output).not.toBe(0);
      for (const word of words) expect(attempt.output).toContain(word);
      expect(attempt.output).not.toMatch(/^\s+at .*\.ts:\d+/m);
      expect((await environmentObjects(PRODUCTION)).sort()).toEqual(before);
    }
  } finally {
    checkout.configure("production", { images: { release: references } });
  }
}

describe("production", () => {
  it("runs the very images that were rehearsed, builds none, and passes every check", async () => {
    const { exitCode, output } = await checkout.up("production");
    expect(exitCode, output).toBe(0);
    expect(output).not.toMatch(/docker:index:Image\b|Building the image/);
    production = await RunningEnvironment.of(checkout, "production", PRODUCTION);
    expect(await imageIds(production)).toEqual(await imageIds(rehearsed));
    expect(await checkout.output<string>("production", "release")).toBe(
      await checkout.output<string>(BRANCH, "release"),
    );
    const checks = await checkout.output<string[]>("production", "checks");
    expect(checks.map((line) => line.replace(/:.*/s, ""))).toHaveLength(29);
    expect(checks.filter((line) => !/^[a-z.-]+ passed:/.test(line))).toEqual([
      "network.closed not applicable: network.outside is true",
    ]);
  });

  it("serves its own domain with the given certificate", async () => {
    expect([production.hostname, production.port]).toEqual([DOMAIN, PORT]);
    expect(production.authority.trim()).toBe(authority.trim());
    expect((await production.get("/")).status).toBe(200);
  });

  it("stands beside the rehearsed environment, sharing no name, port, network or volume", async () => {
    const [mine, theirs] = [await environmentObjects(PRODUCTION), await environmentObjects(REHEARSED)];
    expect(mine.filter((object) => theirs.includes(object))).toEqual([]);
    const networks = async (environment: RunningEnvironment) =>
      (await environment.containers()).flatMap(({ NetworkSettings }) => Object.keys(NetworkSettings.Networks));
    // Docker's own bridge is where the databases are administered from the host.
    const shared = (await networks(production)).filter((name) => name !== "bridge");
    expect(shared.filter((name) => !name.startsWith(PRODUCTION))).toEqual([]);
    expect((await rehearsed.get("/")).status).toBe(200);
    const { output } = await checkout.up(BRANCH);
    expect(output).toMatch(/Resources:\s+\d+ unchanged/);
  });

  it("is refused a port that the other environment has", async () => {
    const before = (await production.containers()).map(({ Id }) => Id).sort();
    checkout.configure("production", { gateway: { port: rehearsed.port } });
    const { exitCode, output } = await checkout.up("production");
    checkout.configure("production", { gateway: { port: PORT } });
    expect(exitCode).not.toBe(0);
    expect(output).toContain(
      `rehearsal:gateway.port must be a port that is free on the engine's host; found ${rehearsed.port}, which service ${REHEARSED}-gateway has.`,
    );
    expect((await production.containers()).map(({ Id }) => Id).sort()).toEqual(before);
  });

  it("changes nothing the second time", async () => {
    const { output } = await checkout.up("production");
    expect(output).toMatch(/Resources:\s+\d+ unchanged/);
  });

  it("goes on with what it runs when a release is refused", async () => {
    const before = (await production.containers()).map(({ Id }) => Id).sort();
    const absent = references.static.replace(/:[0-9a-f]+@/, ":0123456789ab@");
    await refused({ static: absent }, absent.split("@"));
    expect((await production.containers()).map(({ Id }) => Id).sort()).toEqual(before);
    expect((await production.get("/")).status).toBe(200);
  });

  it.each([[[]], [["--skip-preview"]]])("is not destroyed, and serves: destroy %j", async (options) => {
    const before = (await environmentObjects(PRODUCTION)).sort();
    const { exitCode, output } = await checkout.pulumi("destroy", "--yes", ...options, "--stack", "production");
    expect(exitCode).not.toBe(0);
    expect(output).toMatch(/protect/);
    expect((await environmentObjects(PRODUCTION)).sort()).toEqual(before);
    expect((await production.get("/")).status).toBe(200);
  });

  it("leaves its data where it is allowed to be taken down", async () => {
    const guard = `urn:pulumi:production::rehearsal::rehearsal:index:Environment$rehearsal:index:CriticalChecks$pulumi:index:Stash::${PRODUCTION}-checks-passed`;
    await checkout.succeed("state", "unprotect", guard, "--yes", "--stack", "production");
    await checkout.succeed("destroy", "--yes", "--skip-preview", "--exclude-protected", "--stack", "production");
    expect((await volumes(PRODUCTION)).sort()).toEqual([`${PRODUCTION}-data`, `${PRODUCTION}-media`]);
    expect((await production.get("/")).status).toBe(0);
  });
});
