import { describe, expect, it } from "vitest";
import { fitsAsBefore, storageFindings, storageNeed } from "../../../../rehearsal/migration/findings/storage.ts";
import type { MigrationRun, StatementRun } from "../../../../rehearsal/migration/result.ts";

const MEBIBYTE = 1024 ** 2;

function statement(sql: string, start: number, tables: readonly string[] = []): StatementRun {
  const rewritten = tables.map((table) => ({ table, rows: 1, bytes: 1 }));
  return { sql, start, seconds: 1, rows: null, rewritten, sizeBytes: 0, walBytes: 0, locks: [] };
}

function ran(migration: string, ...statements: StatementRun[]): MigrationRun {
  return { migration, atomic: true, start: 0, seconds: 1, statements, locks: [], retries: 0 };
}

const RUN = {
  began: 100,
  migrations: [
    ran("shop.0002_note", statement("ADD COLUMN", 0)),
    ran("shop.0003_wide", statement("ALTER TYPE", 1, ["shop_flight"]), statement("ADD CHECK", 3)),
  ],
};
const samples = (...bytes: number[]) =>
  bytes.map((value, index) => ({ at: 100 + index - 0.5, bytes: value * MEBIBYTE }));

describe("what migrations need of the storage", () => {
  it("is the most that was held beyond what was there before, with the statement that was at work then", () => {
    expect(storageNeed(samples(500, 501, 640, 700, 560), RUN)).toMatchObject({
      bytes: 200 * MEBIBYTE,
      migration: "shop.0003_wide",
      statement: { sql: "ALTER TYPE" },
    });
    expect(storageNeed(samples(500), { began: 100, migrations: [] })).toBeUndefined();
  });

  it("stops the release where less is free, and is worth a warning where hardly more is", () => {
    const need = storageNeed(samples(500, 501, 640, 700, 560), RUN);
    const [finding] = storageFindings(need, 150 * MEBIBYTE);
    expect(finding).toMatchObject({ id: "migration.storage", severity: "blocking", migration: "shop.0003_wide" });
    expect(finding?.cause).toBe(
      "the migrations need 200 MB at their peak (data, files for sorting, write-ahead log), and the storage of the database " +
        "has 150 MB free: shop_flight is written anew beside the old data",
    );
    expect(storageFindings(need, 220 * MEBIBYTE).map(({ severity }) => severity)).toEqual(["warning"]);
    expect(storageFindings(need, 400 * MEBIBYTE)).toEqual([]);
    expect(storageFindings(need, undefined)).toEqual([]);
  });

  it("lets an earlier rehearsal speak only as long as it would say the same", () => {
    const passed = { findings: [], peakBytes: 200 * MEBIBYTE };
    expect(fitsAsBefore(passed, 400 * MEBIBYTE)).toBe(true);
    expect(fitsAsBefore(passed, undefined)).toBe(true);
    expect(fitsAsBefore(passed, 150 * MEBIBYTE)).toBe(false);
    const stopped = { ...passed, findings: storageFindings(storageNeed(samples(500, 501, 700), RUN), 150 * MEBIBYTE) };
    expect(fitsAsBefore(stopped, 150 * MEBIBYTE)).toBe(true);
    expect(fitsAsBefore(stopped, 400 * MEBIBYTE)).toBe(false);
  });
});
