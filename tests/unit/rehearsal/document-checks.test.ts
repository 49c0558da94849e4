import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { criticalChecks } from "../../../rehearsal/checks/critical-checks.ts";
import { checksDocument } from "../../../rehearsal/checks/document-checks.ts";

describe("docs/checks.md", () => {
  const text = readFileSync("docs/checks.md", "utf8");

  it("is what the checks say of themselves", () => {
    expect(text).toBe(checksDocument());
  });

  it("has a section for each check, with cause, consequence and remedy", () => {
    for (const { id, title, cause, consequence, remedy } of criticalChecks) {
      for (const part of [`\n## ${id}\n`, title, cause, consequence, remedy]) expect(text, id).toContain(part);
    }
  });
});
