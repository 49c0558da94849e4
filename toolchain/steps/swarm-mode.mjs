import { runOrFail } from "../commands.mjs";
import { SetUpFailure } from "../failure.mjs";

/** @type {import("../context.mjs").Step} */
export const swarmMode = {
  name: "swarm mode",
  takes: "the engine's own, with `docker swarm init` for one node",
  for: ["sandbox", "test"],
  remedy: "run `docker swarm init` and see to what it says",

  async present(context) {
    const engine = await context.engine();
    return engine.swarm === "active" && engine.manager ? "on, this engine is a manager" : undefined;
  },

  async install(context) {
    const engine = await context.engine();
    const refused = whyNot(engine);
    if (refused) throw new SetUpFailure(...refused);
    // No other machine is to join without somebody deciding so: on loopback none can.
    await runOrFail("docker", ["swarm", "init", "--advertise-addr", "127.0.0.1"], { env: context.user, seconds: 60 });
    context.forgetEngine();
    return "switched on for this one node";
  },
};

/**
 * @param {import("../engine.mjs").Engine} engine
 * @returns {readonly [string, string] | undefined} the reason and the remedy where swarm mode must not be switched on
 */
export function whyNot(engine) {
  if (engine.swarm === "active") {
    return [
      "this engine is in a swarm, but is not a manager of it",
      "point DOCKER_HOST at a manager, or have one run `docker node promote` for this node",
    ];
  }
  if (engine.swarm === "locked") return ["this engine's swarm is locked", "run `docker swarm unlock` with its key"];
  if (engine.swarm === "inactive") return undefined;
  return [
    `this engine's swarm mode is in state "${engine.swarm}"`,
    "see what `docker info` says; `docker swarm leave` ends a membership that cannot be mended",
  ];
}
