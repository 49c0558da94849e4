import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Checkout } from "./checkout.ts";
import { docker } from "./running-environment.ts";

/** A name of its own, for which the engine has neither images nor snapshots. */
const PROJECT = `it${randomBytes(3).toString("hex")}`;

describe("rehearse migration where it cannot be done", () => {
  const checkout = new Checkout();

  beforeAll(async () => {
    checkout.configure("sandbox", { app: { name: PROJECT }, database: { snapshot: "newest" } });
    await checkout.succeed("stack", "init", "sandbox");
  });

  afterAll(async () => {
    checkout.removeFolder();
    // Nothing was begun: not even a release was built.
    expect(await docker.listImages({ filters: { reference: [`${PROJECT}/*`] } })).toEqual([]);
  });

  it.each([
    [
      "a stack that is not there",
      ["--stack", "nowhere"],
      1,
      "rehearse migration: stack nowhere must exist; pulumi says:",
    ],
    ["an id that means no snapshot", ["--snapshot", "ffff"], 1, 'exactly one snapshot whose id begins with "ffff"'],
    ["an option that it does not know", ["--slow"], 2, "rehearse migration: Unknown option '--slow'"],
    ["a word that means nothing", ["sandbox"], 2, "rehearse migration: Unexpected argument 'sandbox'"],
    ["no snapshot", [], 3, "Not rehearsed: there is no snapshot of production-like data on the engine. Make one with"],
  ])("says so of %s, once, and begins nothing", async (_, words, expected, said) => {
    const { exitCode, output } = await checkout.rehearse("migration", ...words);
    expect(output).toContain(said);
    expect(exitCode).toBe(expected);
    expect(output.split("rehearse migration: ").length, "one error").toBeLessThan(3);
    expect(output, "no stack trace").not.toMatch(/^\s+at .+:\d+:\d+\)?$/m);
  });

  it("says that a new database has nothing that could be harmed", async () => {
    const before = checkout.read("Pulumi.sandbox.yaml");
    checkout.configure("sandbox", { database: { snapshot: "none" } });
    const { exitCode, output } = await checkout.rehearse("migration");
    checkout.edit("Pulumi.sandbox.yaml", () => before);
    expect(output).toContain("Not rehearsed: the database is new: no data and no running release can be harmed");
    expect(exitCode).toBe(3);
  });

  it("tells what it takes, and what its exit codes mean", async () => {
    const { exitCode, output } = await checkout.rehearse("migration", "--help");
    expect(exitCode).toBe(0);
    expect(output).toContain("Usage: rehearse migration [--stack STACK]");
    expect(output).toMatch(/3: nothing could be rehearsed, 130: interrupted/);
  });
});
