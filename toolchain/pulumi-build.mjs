import fs from "node:fs";
import path from "node:path";
import { run, runOrFail } from "./commands.mjs";
import { partialName } from "./files.mjs";
import { findGo, goEnvironment } from "./go.mjs";
import { wantedPulumi } from "./versions.mjs";

const program = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi";

/**
 * Builds the CLI from the modules that toolchain/pulumi-cli/ pins, into `.toolchain/bin/pulumi`.
 * @param {import("./context.mjs").Context} context
 * @param {import("./progress.mjs").Progress} progress
 * @returns {Promise<string>} its version
 */
export async function buildPulumi(context, progress) {
  const { where } = context;
  const version = wantedPulumi(where.sources);
  const { env, own } = await goEnvironment(context);
  const go = await findGo(context, env, progress);
  const cwd = path.join(where.sources, "pulumi-cli");
  const onLine = (/** @type {string} */ line) => {
    progress.say(line.replace(/^go: /, ""));
  };
  const listed = await runOrFail(go, ["list", "-deps", program], { cwd, env, onLine: onlyDownloads(onLine) });
  const total = listed.stdout.trim().split("\n").length;
  const file = path.join(where.bin, "pulumi");
  fs.mkdirSync(where.bin, { recursive: true });
  const partial = partialName(file);
  const flags = `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${version}`;
  let compiled = 0;
  try {
    await runOrFail(go, ["build", "-v", "-buildvcs=false", "-ldflags", flags, "-o", partial, program], {
      cwd,
      env,
      onLine: (line) => {
        if (line.startsWith("go: ")) onLine(line);
        else progress.say(`${String(++compiled)} of ${String(total)} packages compiled`);
      },
    });
    await runOrFail(partial, ["version"], { env: context.env() });
    fs.renameSync(partial, file);
  } finally {
    fs.rmSync(partial, { force: true });
  }
  // Two gigabytes that nothing needs before the next version; what the user's own Go keeps is left alone.
  for (const directory of own) await run("rm", ["-rf", directory]);
  return version;
}

/**
 * @param {(line: string) => void} onLine
 * @returns {(line: string) => void}
 */
function onlyDownloads(onLine) {
  return (line) => {
    if (line.startsWith("go: ")) onLine(line);
  };
}
