import fs from "node:fs";
import { aptInstall } from "./apt.mjs";
import { run } from "./commands.mjs";

const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
const suite = "trixie";

/** @typedef {{ uri: string, release: string, component: string, origin: string }} IndexTarget */

/**
 * Where the packages of the base image come from: the mirrors that this machine's own apt uses, where it runs Debian.
 * @param {import("./context.mjs").Context} context
 * @param {import("./progress.mjs").Progress} progress
 * @returns {Promise<{ keyring: string, mirrors: string[], proxies: string[] }>} `mirrors`: lines of a sources.list, none where
 *   mmdebstrap's own default is to be taken; `proxies`: apt options
 */
export async function debianSources(context, progress) {
  if (!fs.existsSync(keyring)) await aptInstall(context, ["debian-archive-keyring"], progress);
  const env = { ...context.user, LC_ALL: "C" };
  const format = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)";
  const list = () => run("apt-get", ["indextargets", "--format", format, "Identifier: Packages"], { env });
  let targets = readTargets((await list()).stdout);
  if (targets.every(({ origin }) => origin === "") && context.root) {
    progress.say("apt-get update");
    await run("apt-get", ["update"], { env, seconds: 300 });
    targets = readTargets((await list()).stdout);
  }
  const { stdout } = await run("apt-config", ["dump"], { env });
  return { keyring, mirrors: mirrorLines(targets), proxies: proxyOptions(stdout) };
}

/**
 * @param {string} text
 * @returns {IndexTarget[]}
 */
export function readTargets(text) {
  return text
    .split("\n")
    .filter((line) => line.includes("|"))
    .map((line) => {
      const [uri = "", release = "", component = "", origin = ""] = line.split("|");
      return { uri, release, component, origin };
    });
}

/**
 * The base image's sources.list in terms of this machine's mirrors. Only http(s) mirrors are reachable from a container.
 * @param {readonly IndexTarget[]} targets
 * @returns {string[]}
 */
export function mirrorLines(targets) {
  const usable = targets.filter(
    ({ uri, component, origin }) => origin === "Debian" && component === "main" && /^https?:\/\//.test(uri),
  );
  const main = usable.find(({ release }) => !/-(security|updates|backports.*)$/.test(release));
  if (!main) return [];
  const lines = [`deb ${main.uri} ${suite} main`, `deb ${main.uri} ${suite}-updates main`];
  const security = usable.find(({ release }) => release.endsWith("-security"));
  return security ? [...lines, `deb ${security.uri} ${suite}-security main`] : lines;
}

/**
 * Proxies that builds need as much as this machine does; one on loopback is out of a container's reach.
 * @param {string} dump of `apt-config dump`
 * @returns {string[]}
 */
export function proxyOptions(dump) {
  return dump
    .split("\n")
    .filter((line) => /^Acquire::https?::Proxy(::[^ ]+)? ".+";$/i.test(line))
    .filter((line) => !/\/\/(localhost|127\.|\[::1\])/.test(line))
    .map((line) => line.replace(/;$/, ""));
}
