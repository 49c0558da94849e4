import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { aptCandidate, aptInstall, unavailable } from "../apt.mjs";
import { run } from "../commands.mjs";
import { SetUpFailure } from "../failure.mjs";
import { which } from "../files.mjs";
import { isAtLeast, minimumDocker } from "../versions.mjs";

const startSeconds = 60;

/** @type {import("../context.mjs").Step} */
export const dockerEngine = {
  name: "Docker engine",
  takes: `${minimumDocker} or newer: the one that answers, the installed one started, or the distribution's package docker.io`,
  for: ["sandbox", "test"],
  remedy:
    "install Docker Engine (docker.io of the distribution, or as docs.docker.com says), start it, and let this user reach it",

  async present(context) {
    const engine = await context.engine();
    if (engine.state !== "reachable" || !isAtLeast(engine.version, minimumDocker)) return undefined;
    return `${engine.version}, answers${context.user["DOCKER_HOST"] ? ` at ${context.user["DOCKER_HOST"]} (DOCKER_HOST)` : ""}`;
  },

  async install(context, progress) {
    const before = await context.engine();
    const host = context.user["DOCKER_HOST"];
    if (before.state === "reachable") {
      throw new SetUpFailure(
        `the engine has version ${before.version}; ${minimumDocker} or newer is needed`,
        "upgrade it",
      );
    }
    if (before.state === "denied") throw denied(before.problem);
    let installed = "";
    if (before.state === "no client" || (!host && !which("dockerd", withSbin(context.user)["PATH"]))) {
      await installPackages(context, progress, host !== undefined);
      installed = "installed from the distribution's packages, ";
      context.forgetEngine();
      const now = await context.engine();
      if (now.state === "denied") throw denied(now.problem);
      if (now.state === "reachable") return checked(now.version, `${installed}started by them`);
    }
    if (host) {
      const { problem } = await context.engine();
      throw new SetUpFailure(
        `the engine that DOCKER_HOST names (${host}) does not answer`,
        "start it, or unset DOCKER_HOST to use this machine's own",
        [problem],
      );
    }
    if (!context.root) {
      throw new SetUpFailure(
        "the Docker engine is installed but does not run, and only root may start it",
        "start it as root: `systemctl start docker`",
        [before.problem],
      );
    }
    const how = await start(context, progress);
    return checked((await context.engine()).version, `${installed}started with ${how}`);
  },
};

/**
 * @param {string} version
 * @param {string} how
 */
function checked(version, how) {
  if (!isAtLeast(version, minimumDocker)) {
    throw new SetUpFailure(`the engine has version ${version}; ${minimumDocker} or newer is needed`, "upgrade it");
  }
  return `${version}, ${how}`;
}

/** @param {string} problem the client's words */
function denied(problem) {
  return new SetUpFailure(
    "the Docker engine runs, but this user may not use its socket",
    'add the user to the group of the socket (as root: `usermod -aG docker "$USER"`, then log in again), or run this as root; who is in that group is root on this machine in effect',
    [problem],
  );
}

/**
 * @param {import("../context.mjs").Context} context
 * @param {import("../progress.mjs").Progress} progress
 * @param {boolean} clientOnly
 */
async function installPackages(context, progress, clientOnly) {
  const why = unavailable(context);
  if (why) {
    const what = clientOnly ? "the docker command" : "the Docker engine";
    throw new SetUpFailure(`${what} is not installed, and cannot be from here: ${why}`);
  }
  // Later releases of the distribution package the client by itself.
  const client = (await aptCandidate(context, "docker-cli")) ? ["docker-cli"] : [];
  const packages = clientOnly && client.length > 0 ? client : ["docker.io", "iptables", ...client];
  await aptInstall(context, packages, progress);
}

/**
 * @param {import("../context.mjs").Context} context
 * @param {import("../progress.mjs").Progress} progress
 * @returns {Promise<string>} how it was started
 */
async function start(context, progress) {
  const env = withSbin(context.user);
  /** @type {string[]} */
  const output = [];
  if (fs.existsSync("/run/systemd/system")) {
    progress.say("systemctl start docker");
    const result = await run("systemctl", ["start", "docker"], { env, seconds: startSeconds });
    if (await answers(context, result.status === 0 ? startSeconds : 1)) return "systemctl start docker";
    throw new SetUpFailure("systemd could not start the Docker engine", "see `journalctl -u docker`", result.tail);
  }
  if (fs.existsSync("/etc/init.d/docker") && which("service", env["PATH"])) {
    progress.say("service docker start");
    const result = await run("service", ["docker", "start"], { env, seconds: startSeconds });
    if (await answers(context, result.status === 0 ? 20 : 1)) return "service docker start";
    output.push(...result.tail);
  }
  const log = path.join(context.where.toolchain, "dockerd.log");
  progress.say(`dockerd, log in ${log}`);
  fs.mkdirSync(context.where.toolchain, { recursive: true });
  const file = fs.openSync(log, "a");
  // Detached: the engine outlives this command and its terminal.
  const daemon = spawn("dockerd", [], { cwd: "/", detached: true, env, stdio: ["ignore", file, file] });
  fs.closeSync(file);
  let ended = false;
  daemon.on("error", (error) => {
    output.push(error.message);
    ended = true;
  });
  daemon.on("exit", () => {
    ended = true;
  });
  const started = await answers(context, startSeconds, () => ended);
  daemon.unref();
  if (started) return `dockerd (log: ${path.relative(context.where.root, log)})`;
  if (!ended && daemon.pid !== undefined) process.kill(daemon.pid);
  output.push(...lastLines(log));
  throw new SetUpFailure("the Docker engine does not start", "start `dockerd` as root and see to what it says", output);
}

/**
 * @param {import("../context.mjs").Context} context
 * @param {number} seconds
 * @param {() => boolean} [hopeless]
 */
async function answers(context, seconds, hopeless = () => false) {
  const until = Date.now() + seconds * 1000;
  for (;;) {
    context.forgetEngine();
    if ((await context.engine()).state === "reachable") return true;
    if (hopeless() || Date.now() > until) return false;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** @param {string} file */
function lastLines(file) {
  try {
    return fs.readFileSync(file, "utf8").trimEnd().split("\n").slice(-10);
  } catch {
    return [];
  }
}

/**
 * Shells of ordinary users leave out where the daemon and `service` are.
 * @param {Record<string, string | undefined>} env
 */
function withSbin(env) {
  return { ...env, PATH: `${env["PATH"] ?? ""}:/usr/local/sbin:/usr/sbin:/sbin` };
}
