import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { releaseTags } from "../../../components/release-images.ts";
import { listSnapshots } from "../../../rehearsal/snapshot/snapshot-image.ts";
import { Checkout } from "../environment/checkout.ts";
import { docker, SnapshotBench } from "./support.ts";

/** As the settings of the sandbox have it, but for the name, so that images are the test's own. */
const NAME = `it${randomBytes(3).toString("hex")}`;

describe("rehearse snapshot", () => {
  let bench: SnapshotBench;
  const checkout = new Checkout();
  let url = "";

  beforeAll(async () => {
    bench = await SnapshotBench.open();
    await bench.database(
      "shop",
      "CREATE TABLE customer (id serial PRIMARY KEY, email varchar(80)); INSERT INTO customer (email) VALUES ('anna@example.org')",
    );
    const { host, port } = bench.server;
    url = `postgres://report:report@${host}:${port}/shop`;
    checkout.configure("sandbox", { app: { name: NAME }, snapshot: { masking: { "customer.email": "hash" } } });
    checkout.edit("Pulumi.sandbox.yaml", (text) => text.replace(/^ {6}(etl|flights)_.*\n/gm, ""));
    await checkout.succeed("stack", "init", "sandbox");
  });

  afterAll(async () => {
    for (const { image } of await listSnapshots(docker, NAME)) await docker.getImage(image).remove();
    for (const { RepoTags } of await docker.listImages({ filters: { reference: [`${NAME}/postgres`] } })) {
      for (const tag of RepoTags ?? []) await docker.getImage(tag).remove();
    }
    await bench.remove();
    checkout.removeFolder();
  });

  it("says what is missing before anything starts: options, stack, deployment, image, rules", async () => {
    const said = async (...words: string[]) => await checkout.rehearse("snapshot", ...words);
    expect(await said()).toMatchObject({
      exitCode: 2,
      output: expect.stringContaining("create, list, show, prune; found nothing") as string,
    });
    expect(await said("create")).toMatchObject({
      exitCode: 2,
      output: expect.stringContaining("--from must name a stack or a URL") as string,
    });
    expect(await said("create", "--form", "x")).toMatchObject({
      exitCode: 2,
      output: expect.stringContaining("--form") as string,
    });
    expect(await said("create", "--from", "nowhere")).toMatchObject({
      exitCode: 1,
      output: expect.stringContaining("stack nowhere must exist") as string,
    });
    expect(await said("create", "--from", "sandbox")).toMatchObject({
      exitCode: 1,
      output: expect.stringContaining("stack sandbox must have been deployed: its output reportDatabaseUrl") as string,
    });
    expect(await said("create", "--from", url)).toMatchObject({
      exitCode: 1,
      output: expect.stringMatching(
        /image it\w+\/postgres:\w+ must be on the engine.*pulumi preview --stack sandbox/,
      ) as string,
    });
  });

  it("reports every fault of the stack's rules at once", async () => {
    const before = checkout.read("Pulumi.sandbox.yaml");
    checkout.configure("sandbox", { snapshot: { masking: { "customer.email": "scramble", "no pattern": "hash" } } });
    const { exitCode, output } = await checkout.rehearse("snapshot", "list");
    checkout.edit("Pulumi.sandbox.yaml", () => before);
    expect(exitCode).toBe(1);
    expect(output).toContain("2 settings are wrong");
    expect(output).toMatch(/rehearsal:snapshot\.masking\.customer\.email must be .*found "scramble"/);
  });

  it("takes a snapshot, lists it, shows it, and takes it once", async () => {
    const { postgres } = releaseTags({
      source: checkout.path("reference"),
      settingsModule: "airways.settings",
      environment: {},
      baseImage: "debian:trixie-slim",
    });
    await docker.getImage(bench.image).tag({ repo: `${NAME}/postgres`, tag: postgres });
    const away = await checkout.rehearse("snapshot", "create", "--from", "postgres://report:geheim@127.0.0.1:1/shop");
    expect(away).toMatchObject({
      exitCode: 1,
      output: expect.stringMatching(
        /^rehearse snapshot create: the source must answer at 127\.0\.0\.1:1\/shop; found .*ECONNREFUSED.*\n$/,
      ) as string,
    });
    const made = await checkout.rehearse("snapshot", "create", "--from", url);
    expect(made.output).toMatch(
      /restore drill passed: .*reports\/snapshot-[0-9a-f]{12}\.json\nsnapshot [0-9a-f]{12} of .*\/shop: snapshot:/,
    );
    expect(made.exitCode).toBe(0);
    expect(made.output).not.toContain("report:report");
    const again = await checkout.rehearse("snapshot", "create", "--from", url);
    expect(again).toMatchObject({ exitCode: 0, output: expect.stringContaining("has this content already") as string });
    const [snapshot] = await listSnapshots(docker, NAME);
    const id = snapshot?.id ?? "none";
    expect((await checkout.rehearse("snapshot", "list")).output).toMatch(new RegExp(`^id .*\\n${id} `));
    expect((await checkout.rehearse("snapshot", "show", id.slice(0, 4))).output).toMatch(/public\.customer +1/);
    const shown = await checkout.rehearse("snapshot", "show", "newest", "--json");
    expect(JSON.parse(shown.output)).toEqual(snapshot);
    expect(JSON.stringify(await docker.getImage(snapshot?.image ?? "").inspect())).not.toContain("report:report");
    expect((await checkout.rehearse("snapshot", "prune", "--keep", "0", "--dry-run")).output).toContain(
      `would remove snapshot:${id}`,
    );
    expect((await checkout.rehearse("snapshot", "prune", "--keep", "0")).output).toContain(`removed snapshot:${id}`);
    expect(await listSnapshots(docker, NAME)).toEqual([]);
  });

  it("tells what each subcommand takes", async () => {
    for (const name of ["create", "list", "show", "prune"]) {
      const { exitCode, output } = await checkout.rehearse("snapshot", name, "--help");
      expect(exitCode).toBe(0);
      expect(output).toContain(`Usage: rehearse snapshot ${name}`);
    }
  });

  it("keeps the key of masks out of git, for its owner alone", () => {
    const mode = execFileSync("stat", ["-c", "%a", checkout.path(".toolchain", "masking-key")], { encoding: "utf8" });
    expect(mode.trim()).toBe("600");
  });
});
