import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { DETECTORS, type Detector } from "./detectors.ts";
import { readResults, without } from "./results.ts";
import { faultPage, faultTable } from "./table.ts";

const ROOT = path.resolve(import.meta.dirname, "../../..");
const PAGE = path.join(ROOT, "docs/faults.md");

const HELP = `usage: npm run faults -- [FAULT…] [--without DETECTOR] [--table] [--page]

Applies the faults of the catalogue, all or those named (c2, m1, clean), and prints what was caught.

--without DETECTOR  which faults would be missed without it, from the last results: ${Object.keys(DETECTORS).join(" ")}
--table             the table of the last results alone
--page              writes docs/faults.md from the last results`;

/** @returns the exit code: 1 where a fault was not caught or a clean release was stopped, 2 for wrong options */
function main(words: readonly string[]): number {
  let options: ReturnType<typeof parsed>;
  try {
    options = parsed(words);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    return 2;
  }
  const { values, positionals } = options;
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const onlyTold = values.without !== undefined || values.table || values.page;
  const status = onlyTold ? 0 : applied(positionals);
  const results = readResults();
  if (Object.keys(results).length === 0) {
    console.error("there must be results of an earlier run; found none. Run: npm run faults");
    return 1;
  }
  if (values.page) {
    writeFileSync(PAGE, faultPage(results));
    console.log(`wrote ${path.relative(ROOT, PAGE)}`);
    return 0;
  }
  if (values.without === undefined) {
    for (const line of faultTable(results)) console.log(line);
    return status;
  }
  tellAblation(values.without as Detector);
  return 0;
}

function parsed(words: readonly string[]) {
  const options = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      without: { type: "string" },
      table: { type: "boolean", default: false },
      page: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const { without: detector } = options.values;
  if (detector !== undefined && !(detector in DETECTORS)) {
    throw new Error(`--without must be one of ${Object.keys(DETECTORS).join(" ")}; found ${detector}`);
  }
  return options;
}

function applied(faults: readonly string[]): number {
  const files = faults.map((fault) => `tests/faults/${fault.toLowerCase()}-`);
  const reporters = ["--reporter=default", `--reporter=${path.join(import.meta.dirname, "reporter.ts")}`];
  const projects = ["--project", "faults", "--project", "faults-environment"];
  const { status } = spawnSync("vitest", ["run", ...projects, ...reporters, ...files], { cwd: ROOT, stdio: "inherit" });
  return status ?? 1;
}

/** Tests that nothing else would have stopped with their cause. */
function tellAblation(detector: Detector): void {
  const results = readResults();
  const reduced = without(results, detector);
  for (const line of faultTable(reduced)) console.log(line);
  console.log(`\nmissed without ${detector} (${DETECTORS[detector]}):`);
  for (const [file, { fault, tests }] of Object.entries(reduced)) {
    const lost = tests.filter(({ passed }, index) => !passed && results[file]?.tests[index]?.passed === true);
    for (const { title } of lost) console.log(`  ${fault.id}  ${title}`);
  }
}

process.exitCode = main(process.argv.slice(2));
