import fs from "node:fs";
import path from "node:path";

/** Older engines have no swarm features that the declared services use. */
export const minimumDocker = "20.10.0";
/** The oldest CLI that the SDK of package.json was run with. */
export const minimumPulumi = "3.259.0";
/** The oldest Go that can fetch the toolchain which the CLI's go.mod names. */
export const minimumGo = "1.21.0";

/**
 * The first `1.2.3` of a text ("v3.259.0", "20.10.24+dfsg1", "go version go1.26.8 linux/amd64"); a missing third part is 0.
 * @param {string} text
 * @returns {readonly [number, number, number] | undefined} undefined where there is none
 */
export function parseVersion(text) {
  const found = /(\d+)\.(\d+)(?:\.(\d+))?/.exec(text);
  return found ? [Number(found[1]), Number(found[2]), Number(found[3] ?? 0)] : undefined;
}

/**
 * @param {string} found
 * @param {string} minimum
 * @returns {boolean} false where `found` holds no version
 */
export function isAtLeast(found, minimum) {
  const a = parseVersion(found);
  const b = parseVersion(minimum);
  if (!a || !b) return false;
  for (const part of /** @type {const} */ ([0, 1, 2])) {
    if (a[part] !== b[part]) return a[part] > b[part];
  }
  return true;
}

/**
 * Whether this Node runs TypeScript as it is: type stripping is on by default since 22.18 and 23.6.
 * @param {string} version
 */
export function runsTypeScript(version) {
  return isAtLeast(version, "23.6.0") || (isAtLeast(version, "22.18.0") && !isAtLeast(version, "23.0.0"));
}

/**
 * The CLI's version that toolchain/pulumi-cli/go.mod names, without the "v".
 * @param {string} sources `toolchain/`
 */
export function wantedPulumi(sources) {
  const text = fs.readFileSync(path.join(sources, "pulumi-cli", "go.mod"), "utf8");
  const found = /github\.com\/pulumi\/pulumi\/pkg\/v3 v(\d+\.\d+\.\d+)/.exec(text);
  if (!found?.[1]) throw new Error("toolchain/pulumi-cli/go.mod requires no github.com/pulumi/pulumi/pkg/v3");
  return found[1];
}

/**
 * The providers' plugins that the program needs: those whose npm packages are installed.
 * @param {string} root the checkout
 * @returns {{ name: string, version: string }[]}
 */
export function wantedPlugins(root) {
  return ["docker", "postgresql", "random"].map((name) => {
    const file = path.join(root, "node_modules", "@pulumi", name, "package.json");
    return { name, version: String(JSON.parse(fs.readFileSync(file, "utf8")).version) };
  });
}
