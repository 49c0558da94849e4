import { readFileSync, writeFileSync } from "node:fs";
import { type SettingEntry, settingEntries } from "./settings.ts";

const DOCUMENT = "docs/settings.md";

/** The text of `docs/settings.md`: every setting with its rule, its default and whether environments may differ in it. */
export function settingsDocument(): string {
  const entries = settingEntries();
  const sections = [...new Set(entries.map(({ section }) => section))];
  const parts = sections.map((section) =>
    [
      `## ${section}`,
      "",
      "| setting | meaning | must be | default | may differ |",
      "| --- | --- | --- | --- | --- |",
      ...entries.filter((entry) => entry.section === section).map(row),
    ].join("\n"),
  );
  return [
    "# Settings",
    "",
    "Generated from `config/settings.ts`; `npm run docs:settings` writes it anew.",
    "",
    "Settings stand in `Pulumi.<stack>.yaml` as `rehearsal:<section>` with the keys below. Unknown keys are refused. A setting that may",
    "not differ has one value in all environments (`keys`: other values, but the same keys). A branch's stack takes the sandbox's settings;",
    "what follows from the stack's name is marked *from the stack's name*.",
    "",
    parts.join("\n\n"),
    "",
  ].join("\n");
}

function row({ section, key, meta, defaultValue }: SettingEntry): string {
  const cells = [
    `\`${section}.${key}\`${meta.secret ? " (secret)" : ""}`,
    meta.doc,
    meta.rule,
    standard(),
    meta.differs,
  ];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;

  function standard(): string {
    if (meta.defaultNote !== undefined) return meta.defaultNote;
    if (meta.derived !== undefined) return `*from the stack's name*: ${meta.derived}`;
    return defaultValue === undefined ? "required" : `\`${JSON.stringify(defaultValue)}\``;
  }
}

if (import.meta.main) {
  const checking = process.argv.includes("--check");
  const text = settingsDocument();
  if (!checking) writeFileSync(DOCUMENT, text);
  else if (readFileSync(DOCUMENT, "utf8") !== text) {
    console.error(`${DOCUMENT} is not what config/settings.ts says; run npm run docs:settings and commit it.`);
    process.exitCode = 1;
  }
}
