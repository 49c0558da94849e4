import { run } from "./commands.mjs";
import { which } from "./files.mjs";

/**
 * What can be said about the Docker engine.
 * @typedef {object} Engine
 * @property {"reachable" | "denied" | "unreachable" | "no client"} state
 * @property {string} version of the engine; empty unless it is reachable
 * @property {string} swarm "active", "inactive", "pending", "locked" or "error"
 * @property {boolean} manager
 * @property {string} problem the client's own words where the engine is not reachable
 */

/**
 * Asks the engine that the docker client talks to (DOCKER_HOST and contexts included).
 * @param {Record<string, string | undefined>} env
 * @returns {Promise<Engine>}
 */
export async function askEngine(env) {
  if (!which("docker", env["PATH"])) return nothing("no client", "there is no `docker` command on PATH");
  const result = await run("docker", ["info", "--format", "{{json .}}"], { env, seconds: 15 });
  return readInfo(result.stdout, result.tail.join("\n"));
}

/**
 * @param {string} stdout of `docker info --format '{{json .}}'`
 * @param {string} output standard output and error together
 * @returns {Engine}
 */
export function readInfo(stdout, output) {
  /** @type {Record<string, any>} */
  let info = {};
  try {
    info = JSON.parse(stdout);
  } catch {
    // A client that reaches nothing prints its error instead.
  }
  if (!info["ServerVersion"]) {
    const problem = [...(info["ServerErrors"] ?? []), output]
      .join("\n")
      .replace(/^\{.*\}$/gm, "")
      .trim();
    return nothing(/permission denied/i.test(problem) ? "denied" : "unreachable", problem);
  }
  return {
    state: "reachable",
    version: String(info["ServerVersion"]),
    swarm: String(info["Swarm"]?.LocalNodeState ?? "inactive"),
    manager: info["Swarm"]?.ControlAvailable === true,
    problem: "",
  };
}

/**
 * @param {"denied" | "unreachable" | "no client"} state
 * @param {string} problem
 * @returns {Engine}
 */
function nothing(state, problem) {
  return { state, version: "", swarm: "inactive", manager: false, problem };
}
