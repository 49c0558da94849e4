import { spawn } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import Docker from "dockerode";
import { DETECTORS, type Detector } from "./detectors.ts";
import { removeLeft } from "./remove-left.ts";
import { readResults, without } from "./results.ts";
import { faultPage, faultTable } from "./table.ts";

const ROOT = path.resolve(import.meta.dirname, "../../..");
const PAGE = path.join(ROOT, "docs/faults.md");

/** Projects of Vitest, by what their faults are applied to. */
const PROJECTS = { clones: "faults", environment: "faults-environment" };

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const INTERRUPTED = 130;

const HELP = `usage: npm run faults -- [FAULT…] [--without DETECTOR] [--table] [--page]

Applies the faults of the catalogue, all or those named (c2, m1, clean), and prints what was caught.

--without DETECTOR  which faults would be missed without it, from the last results: ${Object.keys(DETECTORS).join(" ")}
--table             the table of the last results alone
--page              writes docs/faults.md from the last results`;

/** @returns the exit code: 130 where it was interrupted, 1 where a fault was not caught or a clean release was stopped, 2 for wrong options */
async function main(words: readonly string[]): Promise<number> {
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
  const status = onlyTold ? 0 : await applied(positionals);
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
  const unknown = options.positionals.filter((fault) => filesOf(fault).length === 0);
  if (unknown.length > 0) {
    throw new Error(`a fault must be one that has tests in tests/faults; found ${unknown.join(", ")}`);
  }
  return options;
}

/** Names of the files that are about a fault. */
function filesOf(fault: string): string[] {
  return readdirSync(path.join(ROOT, "tests/faults")).filter(
    (file) => file.endsWith(".test.ts") && file.startsWith(`${fault.toLowerCase()}-`),
  );
}

/**
 * Runs those on clones and those of whole environments side by side: neither meets what the other changes.
 *
 * @returns the exit code
 */
async function applied(faults: readonly string[]): Promise<number> {
  const files = faults.flatMap(filesOf).map((file) => `tests/faults/${file}`);
  // A second environment takes longer to deploy than a single file has to wait for it.
  const environment = files.length === 1 ? { FAULTS_ENVIRONMENTS: "1" } : {};
  const interruption = new AbortController();
  const interrupt = () => {
    interruption.abort();
  };
  for (const name of SIGNALS) process.on(name, interrupt);
  const codes = await Promise.all(
    Object.entries(PROJECTS).map(([name, project]) =>
      vitest(name, ["--project", project, "--passWithNoTests", ...files], environment, interruption.signal),
    ),
  );
  if (!interruption.signal.aborted) return Math.max(...codes);
  console.log("interrupted: removing the environments and clones of the faults; results of files that ended are kept");
  await removeLeft(new Docker());
  return INTERRUPTED;
}

/** What it prints is told line by line, with who says it. */
function vitest(
  name: string,
  options: readonly string[],
  environment: NodeJS.ProcessEnv,
  interruption: AbortSignal,
): Promise<number> {
  const reporters = ["--reporter=default", `--reporter=${path.join(import.meta.dirname, "reporter.ts")}`];
  const child = spawn("vitest", ["run", ...reporters, ...options], {
    cwd: ROOT,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const [from, to] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ] as const) {
    createInterface({ input: from }).on("line", (line) => to.write(`${name} | ${line}\n`));
  }
  // A terminal tells the whole group; who is asked to end by others has to pass it on.
  interruption.addEventListener("abort", () => child.kill("SIGINT"));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      resolve(code ?? 1);
    });
  });
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

process.exitCode = await main(process.argv.slice(2));
