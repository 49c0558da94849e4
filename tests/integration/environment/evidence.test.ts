import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SignedEvidence } from "../../../rehearsal/evidence/record.ts";
import { Checkout } from "./checkout.ts";
import { environmentObjects, removeImages } from "./running-environment.ts";

const STACK = "it-evidence";
const PROJECT = "it-evidence";
const NAME = `${PROJECT}-${STACK}`;
const SOURCE = path.resolve(import.meta.dirname, "../../projects/minimal");

const checkout = new Checkout();

beforeAll(async () => {
  cpSync(SOURCE, checkout.path("guestbook"), { recursive: true });
  await checkout.succeed("stack", "init", STACK);
  checkout.configure(STACK, {
    app: {
      name: PROJECT,
      source: "guestbook",
      settingsModule: "site_config.settings.deployed",
      command: ["uvicorn", "site_config.asgi:application", "--host", "0.0.0.0", "--port", "8000"],
      replicas: 1,
    },
    etl: { command: "none" },
    checks: { api: "none" },
    load: { seconds: 3, requestsPerSecond: 15 },
    database: { extensions: [] },
  });
  const { exitCode, output } = await checkout.up(STACK);
  expect(exitCode, output).toBe(0);
});

afterAll(async () => {
  await checkout.remove(STACK);
  await removeImages(PROJECT);
  expect(await environmentObjects(NAME)).toEqual([]);
});

function reports(pattern: RegExp): string[] {
  return readdirSync(checkout.path("reports")).filter((name) => pattern.test(name));
}

async function outputs(): Promise<Record<string, unknown>> {
  return JSON.parse(await checkout.succeed("stack", "output", "--json", "--stack", STACK)) as Record<string, unknown>;
}

describe("evidence of a rehearsal", () => {
  it("is made by a run in which all steps passed, beside a page and Markdown", async () => {
    const { exitCode, output } = await checkout.rehearse("run", "--stack", STACK);
    expect(output).toContain("evidence: reports/evidence-");
    expect(exitCode, output).toBe(0);
    for (const extension of ["html", "md", "json"]) {
      expect(reports(new RegExp(`^rehearsal-${NAME}-.*\\.${extension}$`))).toHaveLength(1);
    }
    const text = reports(/./)
      .map((name) => readFileSync(checkout.path("reports", name), "utf8"))
      .join();
    expect(text).not.toContain("PRIVATE KEY");
  });

  it("is not made by a run of some steps", async () => {
    const { exitCode, output } = await checkout.rehearse("run", "--stack", STACK, "--step", "prepare");
    expect(output).toContain("no evidence: ");
    expect(output).toContain("did not run");
    expect(exitCode).toBe(0);
    expect(reports(/^evidence-/)).toHaveLength(1);
  });

  it("becomes an output of the stack with the next deployment, and stays one without its file", async () => {
    expect((await outputs())["evidence"]).toBeUndefined();
    await checkout.succeed("up", "--yes", "--skip-preview", "--stack", STACK);
    const made = (await outputs())["evidence"] as SignedEvidence;
    const [file = ""] = reports(/^evidence-/);
    expect(made).toEqual(JSON.parse(readFileSync(checkout.path("reports", file), "utf8")));
    expect(made.record.environment).toBe(NAME);
    const { output, exitCode } = await checkout.rehearse("evidence", "verify", "--stack", STACK);
    expect(output).toContain("VALID");
    expect(exitCode).toBe(0);

    const kept = checkout.read(`reports/${file}`);
    writeFileSync(checkout.path("reports", file), "");
    await checkout.succeed("up", "--yes", "--skip-preview", "--stack", STACK);
    expect((await outputs())["evidence"]).toEqual(made);
    writeFileSync(checkout.path("reports", file), kept);
  });

  it("is void once a setting that environments share is another one", async () => {
    checkout.configure(STACK, { rollout: { timeoutSeconds: 181 } });
    const verified = await checkout.rehearse("evidence", "verify", "--stack", STACK);
    expect(verified.output).toMatch(/VOID: [\s\S]*hash of the shared settings/);
    expect(verified.exitCode).toBe(1);
    const { output, exitCode } = await checkout.up(STACK);
    expect(exitCode, output).toBe(0);
    expect(output).toContain("is void");
    expect((await outputs())["evidence"]).toBeUndefined();
  });
});
