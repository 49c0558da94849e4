import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { run } from "./commands.mjs";
import { linkWhole, partialName, replaceDirectory } from "./files.mjs";
import { wantedPulumi } from "./versions.mjs";

/**
 * Takes the official archive and links the CLI from `.toolchain/bin`; the language host stays beside the real file.
 * @param {import("./context.mjs").Context} context
 * @param {import("./progress.mjs").Progress} progress
 * @returns {Promise<{ file: string, version: string } | { problem: string }>} the problem where it cannot be had
 */
export async function downloadPulumi(context, progress) {
  const { where } = context;
  const version = wantedPulumi(where.sources);
  const archive = archiveName(version, process.platform, process.arch);
  if (!archive) return { problem: `none for ${process.platform} on ${process.arch}` };
  const directory = path.join(where.cache, `pulumi-v${version}`);
  const partial = partialName(directory);
  let problem = "";
  try {
    for (const base of [
      "https://get.pulumi.com/releases/sdk",
      `https://github.com/pulumi/pulumi/releases/download/v${version}`,
    ]) {
      fs.rmSync(partial, { recursive: true, force: true });
      fs.mkdirSync(partial, { recursive: true });
      const failed = await fetchVerified(context, progress, base, `pulumi-${version}-checksums.txt`, archive, partial);
      if (failed === undefined) {
        fs.rmSync(path.join(partial, archive));
        replaceDirectory(partial, directory);
        const file = path.join(directory, "pulumi", "pulumi");
        linkWhole(file, path.join(where.bin, "pulumi"));
        return { file, version };
      }
      problem ||= failed;
    }
    return { problem };
  } finally {
    fs.rmSync(partial, { recursive: true, force: true });
  }
}

/**
 * @param {import("./context.mjs").Context} context
 * @param {import("./progress.mjs").Progress} progress
 * @param {string} base
 * @param {string} checksums
 * @param {string} archive
 * @param {string} directory where the archive and what is in it are put
 * @returns {Promise<string | undefined>} what went wrong
 */
async function fetchVerified({ where, user }, progress, base, checksums, archive, directory) {
  const env = { ...user, NODE_USE_ENV_PROXY: "1" };
  for (const name of [checksums, archive]) {
    const args = [
      "--use-system-ca",
      path.join(where.sources, "download.mjs"),
      `${base}/${name}`,
      path.join(directory, name),
    ];
    const result = await run(path.join(where.bin, "node"), args, {
      env,
      seconds: 900,
      onLine: (line) => {
        progress.say(`${base}/${name}: ${line}`);
      },
    });
    if (result.status !== 0) return result.tail.at(-1) ?? "no answer";
  }
  const file = path.join(directory, archive);
  const wanted = publishedChecksum(fs.readFileSync(path.join(directory, checksums), "utf8"), archive);
  const found = crypto.createHash("sha256").update(fs.readFileSync(file)).digest("hex");
  if (wanted !== found) return `${base}/${archive} has SHA-256 ${found}; published is ${wanted ?? "none"}`;
  const unpacked = await run("tar", ["-xzf", file, "-C", directory]);
  return unpacked.status === 0 ? undefined : (unpacked.tail.at(-1) ?? "tar failed");
}

/**
 * @param {string} text lines of `<sha256>  <file name>`
 * @param {string} name
 * @returns {string | undefined}
 */
export function publishedChecksum(text, name) {
  for (const line of text.split("\n")) {
    const [sum, file] = line.trim().split(/\s+\*?/);
    if (file === name) return sum?.toLowerCase();
  }
  return undefined;
}

/**
 * @param {string} version
 * @param {string} platform Node's name for it
 * @param {string} arch Node's name for it
 * @returns {string | undefined} undefined where no archive is published
 */
export function archiveName(version, platform, arch) {
  const known = ["linux", "darwin"].includes(platform) && ["x64", "arm64"].includes(arch);
  return known ? `pulumi-v${version}-${platform}-${arch}.tar.gz` : undefined;
}
