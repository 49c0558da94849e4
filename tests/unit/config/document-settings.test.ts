import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { settingsDocument } from "../../../config/document-settings.ts";
import { settingEntries } from "../../../config/settings.ts";

it("is what docs/settings.md says", () => {
  expect(readFileSync("docs/settings.md", "utf8"), "run npm run docs:settings").toBe(settingsDocument());
});

it("has one row for every setting, with its rule and whether environments may differ in it", () => {
  const rows = settingsDocument()
    .split("\n")
    .filter((line) => line.startsWith("| `"));
  expect(rows).toHaveLength(settingEntries().length);
  for (const [index, { section, key, meta }] of settingEntries().entries()) {
    expect(rows[index]).toMatch(new RegExp(`^\\| \`${section}\\.${key}\`( \\(secret\\))? \\|`));
    expect(rows[index]).toContain(`| ${meta.rule} |`);
    expect(rows[index]?.endsWith(`| ${meta.differs} |`)).toBe(true);
  }
});

it("says which settings are required, follow from the stack's name, or have a default", () => {
  const cell = (setting: string) =>
    settingsDocument()
      .split("\n")
      .find((line) => line.startsWith(`| \`${setting}\``))
      ?.split(" | ")[3];
  expect(cell("app.source")).toBe("required");
  expect(cell("gateway.domain")).toBe("*from the stack's name*: `<stack>.localhost`");
  expect(cell("app.replicas")).toBe("`2`");
  expect(cell("engine.host")).toBe("the variable `DOCKER_HOST`, else the local engine");
});
