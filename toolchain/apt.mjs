import { run } from "./commands.mjs";
import { SetUpFailure } from "./failure.mjs";
import { which } from "./files.mjs";

/**
 * Installs packages of the distribution. Package lists are fetched first where they lack one of the packages.
 * @param {import("./context.mjs").Context} context
 * @param {readonly string[]} packages each needed
 * @param {import("./progress.mjs").Progress} progress
 */
export async function aptInstall(context, packages, progress) {
  const missing = unavailable(context);
  const list = packages.join(" ");
  if (missing) throw new SetUpFailure(`cannot install ${list}: ${missing}`);
  const env = { ...context.user, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" };
  const options = ["--yes", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Use-Pty=0"];
  const install = () =>
    run("apt-get", ["install", ...options, ...packages], {
      env,
      onLine: (line) => {
        progress.say(`apt-get install ${list}: ${line}`);
      },
    });
  const known = await run("apt-cache", ["show", "--no-all-versions", ...packages], { env });
  let result = known.status === 0 ? await install() : known;
  if (result.status !== 0) {
    // Lists that are missing or out of date are the usual reason.
    progress.say("apt-get update");
    const update = await run("apt-get", ["update", "-o", "DPkg::Lock::Timeout=300"], { env, seconds: 300 });
    result = await install();
    if (result.status !== 0) {
      const output = update.status === 0 ? result.tail : [...update.tail, ...result.tail];
      throw new SetUpFailure(
        `\`apt-get install ${list}\` ended with status ${String(result.status)}`,
        undefined,
        output,
      );
    }
  }
}

/**
 * Whether the distribution has a package of this name.
 * @param {import("./context.mjs").Context} context
 * @param {string} name
 * @returns {Promise<string | undefined>} the version that would be installed
 */
export async function aptCandidate(context, name) {
  if (!which("apt-cache", context.user["PATH"])) return undefined;
  const result = await run("apt-cache", ["policy", name], { env: { ...context.user, LC_ALL: "C" } });
  const found = /Candidate: (\S+)/.exec(result.stdout)?.[1];
  return found === "(none)" ? undefined : found;
}

/**
 * Why the package manager cannot be used.
 * @param {import("./context.mjs").Context} context
 * @returns {string | undefined} undefined where it can
 */
export function unavailable(context) {
  if (!which("apt-get", context.user["PATH"])) return "this machine has no apt-get";
  if (!context.root) return "only root may install packages";
  return undefined;
}
