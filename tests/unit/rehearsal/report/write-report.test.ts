import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readReport, writeReport } from "../../../../rehearsal/report/write-report.ts";
import { CLEAN, EMPTY, FAILING } from "./rehearsals.ts";

let folder: string;

beforeEach(() => {
  folder = path.join(mkdtempSync(path.join(tmpdir(), "rehearsal-report-")), "reports");
});

afterEach(() => {
  rmSync(path.dirname(folder), { recursive: true });
});

describe("the report of a rehearsal", () => {
  it("is a page and a JSON file, named by environment and key, and nothing else", async () => {
    expect(await writeReport(FAILING, folder)).toEqual({
      page: path.join(folder, "migration-production-9c41b7de0f3a.html"),
      json: path.join(folder, "migration-production-9c41b7de0f3a.json"),
    });
    expect(readdirSync(folder)).toEqual([
      "migration-production-9c41b7de0f3a.html",
      "migration-production-9c41b7de0f3a.json",
    ]);
    expect(readFileSync(path.join(folder, "migration-production-9c41b7de0f3a.html"), "utf8")).toMatch(
      /^<!doctype html>/,
    );
  });

  it("is read back as it was written, by environment and key", async () => {
    await writeReport(FAILING, folder);
    await writeReport(CLEAN, folder);
    expect(await readReport(folder, "production", FAILING.key)).toEqual(FAILING);
    expect(await readReport(folder, "production", CLEAN.key)).toEqual(CLEAN);
    expect(await readReport(folder, "sandbox", CLEAN.key)).toBeUndefined();
    expect(await readReport(folder, "production", EMPTY.key)).toBeUndefined();
  });

  it("is replaced by a later one of the same key", async () => {
    await writeReport(CLEAN, folder);
    await writeReport({ ...CLEAN, seconds: 99 }, folder);
    expect((await readReport(folder, "production", CLEAN.key))?.seconds).toBe(99);
  });

  it.each([
    ["is cut off", (text: string) => text.slice(0, 300)],
    ["is of another version", (text: string) => text.replace('"version": 1', '"version": 2')],
    ["has no verdict", (text: string) => text.replace('"verdict"', '"verdikt"')],
    [
      "is about another environment",
      (text: string) => text.replace('"environment": "production"', '"environment": "x"'),
    ],
    ["has another key", (text: string) => text.replace(CLEAN.key, "000000000000")],
  ])("is as if it were not there where the file %s", async (_, spoil) => {
    const { json } = await writeReport(CLEAN, folder);
    const text = readFileSync(json, "utf8");
    expect(spoil(text)).not.toBe(text);
    writeFileSync(json, spoil(text));
    expect(await readReport(folder, "production", CLEAN.key)).toBeUndefined();
  });

  it("stays in its folder whatever the environment is called", async () => {
    const { json } = await writeReport({ ...CLEAN, environment: "../../organisation/production" }, folder);
    expect(path.dirname(json)).toBe(folder);
    expect(await readReport(folder, "../../organisation/production", CLEAN.key)).toMatchObject({ key: CLEAN.key });
  });
});
