import fs from "node:fs";
import path from "node:path";
import { identity, readChoices, remember, unchanged } from "../choices.mjs";
import { run } from "../commands.mjs";
import { which } from "../files.mjs";
import { buildPulumi } from "../pulumi-build.mjs";
import { downloadPulumi } from "../pulumi-download.mjs";
import { isAtLeast, minimumPulumi, parseVersion } from "../versions.mjs";

/** @type {import("../context.mjs").Step} */
export const pulumiCli = {
  name: "Pulumi CLI",
  takes: `${minimumPulumi} or newer: the one on PATH, the official download, or a build from the Go module proxy (minutes)`,
  for: ["sandbox", "test"],
  remedy: `install Pulumi ${minimumPulumi} or newer as pulumi.com/docs/install says and put it on PATH, or install Go 1.25 for the build`,

  async present({ where, again }) {
    const choice = readChoices(where.choices)["pulumi"];
    if (!choice?.version || (again && choice.fallback) || !unchanged(choice, where)) return undefined;
    return isAtLeast(choice.version, minimumPulumi) ? `${choice.version}, ${choice.source}` : undefined;
  },

  async install(context, progress) {
    const { where } = context;
    const own = path.join(where.bin, "pulumi");
    const onPath = await findOnPath(context);
    if (onPath) {
      // The checkout's own would come first on PATH.
      fs.rmSync(own, { force: true });
      return keep(where, { ...onPath, source: `found at ${onPath.file}` });
    }
    const download = await downloadPulumi(context, progress);
    if ("file" in download) return keep(where, { ...download, source: "the official download, checksum verified" });
    const built = readChoices(where.choices)["pulumi"];
    if (context.again && built?.fallback && built.file && fs.existsSync(built.file)) {
      return `${built.version ?? ""}, ${built.source} (official download: ${download.problem})`;
    }
    progress.say(`no official download (${download.problem}); building it`);
    const version = await buildPulumi(context, progress);
    return keep(where, { file: own, version, source: "built from the Go module proxy", fallback: true });
  },
};

/**
 * @param {import("../paths.mjs").Paths} where
 * @param {{ file: string, version: string, source: string, fallback?: boolean }} found
 */
function keep(where, { file, version, source, fallback }) {
  remember(where.choices, "pulumi", { source, version, ...identity(file), ...(fallback && { fallback }) });
  return `${version}, ${source}`;
}

/**
 * An installation of the user's own, complete with its language host: that one lies beside the real file.
 * @param {import("../context.mjs").Context} context
 * @returns {Promise<{ file: string, version: string } | undefined>}
 */
export async function findOnPath({ where, user, env }) {
  const file = which("pulumi", user["PATH"], [where.bin]);
  if (!file || !which("pulumi-language-nodejs", path.dirname(fs.realpathSync(file)))) return undefined;
  const { stdout } = await run(file, ["version"], { env: env(), seconds: 20 });
  const version = parseVersion(stdout)?.join(".");
  return version && isAtLeast(version, minimumPulumi) ? { file, version } : undefined;
}
