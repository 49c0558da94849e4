import { compare } from "bcryptjs";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type CliProject, createCliProject } from "./framework-cli.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let project: CliProject;

function program(keeper: string, extra = ""): string {
  return `
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
const password = new random.RandomPassword("password", { length: 24, minSpecial: 2, overrideSpecial: "_-" });
const text = new random.RandomString("text", { length: 12, upper: false, special: false, keepers: { of: "${keeper}" } });
const id = new random.RandomId("id", { byteLength: 4, prefix: "id-" });
const integer = new random.RandomInteger("integer", { min: 1, max: 6 });
const uuid = new random.RandomUuid("uuid");
${extra}
export const all = pulumi.all({ password: password.result, bcryptHash: password.bcryptHash, text: text.result, hex: id.hex,
  dec: id.dec, b64Std: id.b64Std, b64Url: id.b64Url, id: id.id, integer: integer.result, uuid: uuid.result });
`;
}

interface All {
  readonly password: string;
  readonly bcryptHash: string;
  readonly text: string;
  readonly hex: string;
  readonly dec: string;
  readonly b64Std: string;
  readonly b64Url: string;
  readonly id: string;
  readonly integer: number;
  readonly uuid: string;
}

async function values(): Promise<All> {
  return (await project.outputs())["all"] as All;
}

beforeAll(async () => {
  project = await createCliProject([{ name: "random", version: "4.21.2" }]);
  await project.program(program("first"));
});

afterAll(() => project.remove());

describe("the stand-in of the random plugin", () => {
  it("previews with outputs unknown, a secret one hidden", async () => {
    const output = await project.succeed("preview");
    expect(output).toContain("+ 6 to create");
    expect(output).toContain("all: [secret]");
  });

  it("makes values by their rules", async () => {
    await project.succeed("up", "--yes", "--skip-preview");
    const made = await values();
    expect(made.password).toMatch(/^[A-Za-z0-9_-]{24}$/);
    expect(made.password.replaceAll(/[^_-]/g, "").length).toBeGreaterThanOrEqual(2);
    expect(await compare(made.password, made.bcryptHash)).toBe(true);
    expect(made.text).toMatch(/^[a-z0-9]{12}$/);
    const bytes = Buffer.from(made.id, "base64url");
    expect(made).toMatchObject({
      hex: `id-${bytes.toString("hex")}`,
      dec: `id-${bytes.readUInt32BE()}`,
      b64Std: `id-${bytes.toString("base64")}`,
      b64Url: `id-${made.id}`,
    });
    expect([1, 2, 3, 4, 5, 6]).toContain(made.integer);
    expect(made.uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it("stores the password and its hash encrypted only", async () => {
    const { text } = await project.state();
    const { password, bcryptHash } = await values();
    expect(text).not.toContain(password);
    expect(text).not.toContain(bcryptHash);
  });

  it("keeps its values through updates and refreshes", async () => {
    const before = await values();
    await project.succeed("refresh", "--yes", "--skip-preview");
    expect(await project.succeed("up", "--yes", "--skip-preview")).toContain("6 unchanged");
    expect(await values()).toEqual(before);
  });

  it("replaces a value, and no other, when its keepers change", async () => {
    const before = await values();
    await project.program(program("second"));
    expect(await project.succeed("up", "--yes", "--skip-preview")).toContain("+-1 replaced");
    const { text, ...others } = await values();
    expect(before).toMatchObject(others);
    expect(text).not.toBe(before.text);
  });

  it("imports a password by its value, encrypted as one that it made", async () => {
    const extra = `new random.RandomPassword("known", { length: 9 }, { import: "known-pwd" });`;
    await project.program(program("second", extra));
    expect(await project.succeed("up", "--yes", "--skip-preview")).toContain("= 1 imported");
    const { resources } = await project.state();
    expect(resources.find(({ urn }) => urn.endsWith("::known"))).toMatchObject({
      id: "none",
      outputs: { length: 9, special: true, result: { ciphertext: expect.any(String) as string } },
    });
  });

  it("leaves a value alone whose changed keepers the program ignores", async () => {
    const ignoring = program("third").replace(
      'keepers: { of: "third" } }',
      'keepers: { of: "third" } }, { ignoreChanges: ["keepers"] }',
    );
    await project.program(ignoring);
    const before = await values();
    expect(await project.succeed("up", "--yes", "--skip-preview")).toContain("6 unchanged");
    expect(await values()).toEqual(before);
  });

  it("says which rules contradict each other", async () => {
    await project.program(
      program("second", `new random.RandomString("short", { length: 2, minLower: 2, minUpper: 1 });`),
    );
    const { code, output } = await project.pulumi("preview");
    expect(code).not.toBe(0);
    expect(output).toContain("length must be at least minLower + minUpper + minNumeric + minSpecial = 3; found 2");
  });

  it("refuses, by name, what it does not cover", async () => {
    await project.program(program("second", `new random.RandomInteger("seeded", { min: 1, max: 2, seed: "x" });`));
    expect((await project.pulumi("preview")).output).toContain('The property "seed"');
    await project.program(program("second", `new random.RandomPet("pet");`));
    const { code, output } = await project.pulumi("preview");
    expect(code).not.toBe(0);
    expect(output).toContain("The resource type random:index/randomPet:RandomPet is not supported here");
    expect(output).toContain("pulumi plugin install resource random v4.21.2");
  });
});
