import { aptInstall } from "../apt.mjs";
import { run } from "../commands.mjs";
import { debianSources } from "../debian-sources.mjs";
import { SetUpFailure } from "../failure.mjs";
import { which } from "../files.mjs";

const image = "debian:trixie-slim";
const label = "rehearsal.made-with";
const stallSeconds = 600;

/** @type {import("../context.mjs").Step} */
export const baseImage = {
  name: "base image",
  takes: `${image}: the local one, an image registry's, or one made from the distribution's packages with mmdebstrap`,
  for: ["sandbox", "test"],
  remedy: `\`docker pull ${image}\`, or load it from a machine that has it (\`docker save\`, \`docker load\`)`,

  async present({ user }) {
    const format = `{{index .Config.Labels "${label}"}}`;
    const found = await run("docker", ["image", "inspect", "--format", format, image], { env: user, seconds: 15 });
    if (found.status !== 0) return undefined;
    const made = found.stdout.trim();
    return `${image}, ${made === "" || made === "<no value>" ? "found in the engine" : `made with ${made}`}`;
  },

  async install(context, progress) {
    const pulled = await run("docker", ["pull", image], {
      env: context.user,
      seconds: stallSeconds,
      onLine: (line) => {
        progress.say(`docker pull: ${line}`);
      },
    });
    if (pulled.status === 0) return `${image}, from the image registry`;
    const problem = pulled.tail.at(-1) ?? "";
    progress.say(`no image registry (${problem}); making it with mmdebstrap`);
    if (!which("mmdebstrap", context.user["PATH"])) await aptInstall(context, ["mmdebstrap"], progress);
    await bootstrap(context, progress);
    return `${image}, made with mmdebstrap from the distribution's packages`;
  },
};

/**
 * @param {import("../context.mjs").Context} context
 * @param {import("../progress.mjs").Progress} progress
 */
async function bootstrap(context, progress) {
  const { keyring, mirrors, proxies } = await debianSources(context, progress);
  const made = await pipe(
    ["mmdebstrap", ...mmdebstrapArgs(keyring, mirrors, proxies)],
    ["docker", "import", "--change", `LABEL ${label}=mmdebstrap`, "--change", 'CMD ["bash"]', "-", image],
    context.user,
    progress,
  );
  if (made.status !== 0) throw new SetUpFailure(`${image} could not be made with mmdebstrap`, undefined, made.tail);
}

/**
 * @param {string} keyring
 * @param {readonly string[]} mirrors lines of a sources.list; none means mmdebstrap's own default
 * @param {readonly string[]} proxies apt options
 * @returns {string[]}
 */
export function mmdebstrapArgs(keyring, mirrors, proxies) {
  const leftOut = ["man", "doc", "info", "locale", "lintian"].map(
    (name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`,
  );
  return [
    "--variant=minbase",
    "--include=ca-certificates,tzdata",
    "--format=tar",
    `--keyring=${keyring}`,
    ...leftOut,
    "--dpkgopt=path-include=/usr/share/doc/*/copyright",
    ...proxies.map((option) => `--aptopt=${option}`),
    // Builds install packages with today's security updates, wherever the archive that this one came from has its suite.
    `--customize-hook=${securityHook}`,
    "trixie",
    "-",
    ...mirrors,
  ];
}

const securityHook =
  'grep -qr trixie-security "$1/etc/apt/sources.list" "$1/etc/apt/sources.list.d" || ' +
  "sed -n 's|^deb \\(\\[[^]]*\\] \\)\\?\\(.*\\)/debian/\\? trixie main.*|deb \\2/debian-security trixie-security main|p' " +
  '"$1/etc/apt/sources.list" | head -n 1 >> "$1/etc/apt/sources.list"';

/**
 * Runs `from | to`.
 * @param {readonly string[]} from
 * @param {readonly string[]} to
 * @param {Record<string, string | undefined>} env
 * @param {import("../progress.mjs").Progress} progress
 * @returns {Promise<{ status: number, tail: string[] }>}
 */
async function pipe(from, to, env, progress) {
  const text = [...from].map(quote).join(" ");
  const script = `set -o pipefail; ${text} | ${to.map(quote).join(" ")}`;
  return run("bash", ["-c", script], {
    env,
    seconds: stallSeconds,
    onLine: (line) => {
      progress.say(line);
    },
  });
}

/** @param {string} text */
function quote(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
