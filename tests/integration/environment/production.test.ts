import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { createAuthority, issueCertificate } from "../../../components/certificate-authority.ts";
import { fullHostnames } from "../../../config/consistency.ts";
import { stackSlug } from "../../../config/load-settings.ts";
import { withConnection } from "../../../engine/postgres.ts";
import { criticalChecks } from "../../../rehearsal/checks/critical-checks.ts";
import { reproductionStack } from "../../../rehearsal/commands/reproduce.ts";
import type { RunResult } from "../../../rehearsal/run/run-result.ts";
import { listSnapshots, SNAPSHOT_LABEL } from "../../../rehearsal/snapshot/snapshot-image.ts";
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
/** The stack that reproduces production. */
let reproduction = "";

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
  await checkout.remove("production", BRANCH, reproduction);
  for (const { image } of await listSnapshots(docker, PROJECT)) await docker.getImage(image).remove();
  for (const name of await volumes(PRODUCTION)) await docker.getVolume(name).remove();
  await removeImages(PROJECT);
  expect([...(await environmentObjects(PRODUCTION)), ...(await environmentObjects(REHEARSED))]).toEqual([]);
});

/** A certificate as a public authority would issue it, by a chain; gives the root that verifies it. */
async function setCertificate(issued?: Date): Promise<string> {
  const issuer = createAuthority("it-public", issued);
  const hostnames = fullHostnames(DOMAIN, ["@", "www", "api", "*.tenants"]);
  const { chain, key } = issueCertificate(issuer, hostnames, issued);
  await checkout.setSecret("production", "rehearsal:tls.certificate.chain", chain);
  await checkout.setSecret("production", "rehearsal:tls.certificate.key", key);
  await checkout.setSecret("production", "rehearsal:tls.certificate.authority", issuer.root);
  return issuer.root;
}

/** The preflight of production for the release of the branch, alone. */
async function preflight() {
  const { output } = await checkout.rehearse("run", "--stack", BRANCH, "--step", "preflight");
  const reports = readdirSync(checkout.path("reports")).filter((name) => /^rehearsal-.*\.json$/.test(name));
  const newest = readFileSync(checkout.path("reports", reports.sort().at(-1) ?? ""), "utf8");
  const [step] = (JSON.parse(newest) as RunResult).steps;
  if (step === undefined) throw new Error(output);
  const found = step.findings.map(({ severity, id, subject }) => `${severity} ${id}: ${subject}`);
  return { status: step.status, detail: step.detail, found };
}

/** Statements in production's database, as its superuser. */
async function inProduction(...statements: readonly string[]): Promise<void> {
  const text = await checkout.succeed("stack", "export", "--show-secrets", "--stack", "production");
  const { deployment } = JSON.parse(text) as {
    deployment: { resources: { urn: string; outputs?: { result?: { plaintext?: string } } }[] };
  };
  const superuser = deployment.resources.find(({ urn }) => urn.endsWith("-database-superuser"));
  const password = JSON.parse(superuser?.outputs?.result?.plaintext ?? '""') as string;
  const address = { host: "127.0.0.1", port: ADMIN_PORT, username: "postgres", password, database: "app" };
  await withConnection({ ...address, sslmode: "disable" }, async (client) => {
    for (const statement of statements) await client.query(statement);
  });
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

describe("the preflight of a production that was never deployed", () => {
  it("looks at its settings, its engine and what the release reads, and finds nothing", async () => {
    const { status, detail, found } = await preflight();
    expect(found).toEqual([]);
    expect([status, detail]).toEqual(["passed", "production was never deployed: its settings and its engine"]);
  });
});

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
    expect(checks).toHaveLength(criticalChecks.length);
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

  it("takes the release that it runs, as a preflight sees it", async () => {
    const { status, detail, found } = await preflight();
    expect(found).toEqual(["note preflight.restore-unproven: copies of production's data"]);
    expect(status).toBe("passed");
    expect(detail).toMatch(/^production runs release [0-9a-f]{12} \(no evidence of it here\), \d+ migrations applied/);
  });

  it("does not take it with what only a preflight can see", async () => {
    const certificate = checkout.read("Pulumi.production.yaml");
    // Issued so long ago that it has 17 days left.
    await setCertificate(new Date(Date.now() - (820 - 17) * 86_400_000));
    checkout.configure("production", { gateway: { port: rehearsed.port } });
    checkout.configure(BRANCH, { app: { environment: { ONLY_HERE: "1" } } });
    const sequence = "pg_get_serial_sequence('auth_group', 'id')";
    await inProduction(
      `SELECT setval(${sequence}, 2147483000)`,
      "INSERT INTO django_migrations (app, name, applied) VALUES ('flights', '9999_hotfix', now())",
    );
    try {
      const { status, found } = await preflight();
      expect(status).toBe("failed");
      expect(found.filter((finding) => !finding.startsWith("note")).sort()).toEqual([
        "blocking preflight.key-headroom: production, public.auth_group.id",
        "blocking preflight.migration-unknown: flights.9999_hotfix",
        `blocking preflight.port: port ${rehearsed.port} of production's host`,
        "blocking preflight.variable-missing: production, app.environment.ONLY_HERE",
        expect.stringMatching(/^warning preflight\.certificate: production, the given certificate/),
        expect.stringMatching(/^warning preflight\.gateway-unreachable: production, the gateway at/),
      ]);
    } finally {
      checkout.edit("Pulumi.production.yaml", () => certificate);
      checkout.configure(BRANCH, { app: { environment: {} } });
      await inProduction(
        `SELECT setval(${sequence}, 1, false)`,
        "DELETE FROM django_migrations WHERE name = '9999_hotfix'",
      );
    }
    // Nothing of it was written down anywhere: it takes the release again.
    expect((await preflight()).status).toBe("passed");
  });

  it("does not take it with what somebody did there by hand", async () => {
    // The snapshot of an earlier day, and the sandbox, have none of it.
    const last = "app = 'flights' AND name = '0007_validate_flight_checks'";
    const container = await docker.createContainer({
      name: "it-by-hand",
      Image: references.application.split("@")[0] ?? "",
      Entrypoint: ["sleep"],
      Cmd: ["600"],
      HostConfig: { NetworkMode: `${PRODUCTION}-data` },
    });
    await container.start();
    await inProduction(
      `DELETE FROM django_migrations WHERE ${last}`,
      "ALTER TABLE flights_flight OWNER TO postgres",
      "ALTER TABLE flights_airport RENAME COLUMN photo TO picture",
      "CREATE INDEX by_hand ON flights_remark (text)",
    );
    try {
      const { status, found } = await preflight();
      expect(status).toBe("failed");
      expect(found.filter((finding) => !finding.startsWith("note")).sort()).toEqual([
        "blocking preflight.owner: production, owner of sequence public.flights_flight_id_seq",
        "blocking preflight.owner: production, owner of table public.flights_flight",
        "blocking preflight.schema-differs: production, column public.flights_airport.photo, and 2 more",
        "blocking preflight.undeclared-container: production, container it-by-hand",
        expect.stringMatching(
          /^warning preflight\.schema-undeclared: production, column public.flights_airport.picture/,
        ),
      ]);
    } finally {
      await container.remove({ force: true });
      await inProduction(
        "INSERT INTO django_migrations (app, name, applied) VALUES ('flights', '0007_validate_flight_checks', now())",
        "ALTER TABLE flights_flight OWNER TO owner",
        "ALTER TABLE flights_airport RENAME COLUMN picture TO photo",
        "DROP INDEX by_hand",
      );
    }
    expect((await preflight()).status).toBe("passed");
  });

  it("is reproduced with its release and its data, in one command that can be given again", async () => {
    // Its settings are those of any stack beside the two.
    await checkout.succeed("stack", "init", "sandbox");
    const without = await checkout.rehearse("reproduce");
    expect(without.output).toContain("the engine must hold a snapshot of production; found none. Make one with");
    expect(without.exitCode).toBe(1);
    const made = await checkout.rehearse("snapshot", "create", "--from", "production");
    expect(made.exitCode, made.output).toBe(0);
    const [snapshot] = await listSnapshots(docker, PROJECT);
    reproduction = reproductionStack(references);
    const { exitCode, output } = await checkout.rehearse("reproduce");
    expect(exitCode, output).toBe(0);
    expect(output).toContain(`take it away  pulumi destroy --yes --stack ${reproduction}`);
    const copy = await RunningEnvironment.of(checkout, reproduction, `${PROJECT}-${reproduction}`);
    const { database, ...services } = await imageIds(copy);
    expect(services).toEqual(Object.fromEntries(Object.entries(await imageIds(production)).slice(0, -1)));
    expect(database).toBe(snapshot?.imageId);
    expect((await copy.container("database")).Config.Labels[SNAPSHOT_LABEL]).toBe(snapshot?.id);
    expect((await copy.get("/")).status).toBe(200);
    const again = await checkout.rehearse("reproduce");
    expect(again.output).toMatch(/Resources:\s+\d+ unchanged/);
    await checkout.succeed("destroy", "--yes", "--skip-preview", "--stack", reproduction);
    expect(await environmentObjects(`${PROJECT}-${reproduction}`)).toEqual([]);
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
