import { runOneShot } from "../../engine/one-shot.ts";
import { throughGateway } from "../inside-gateway.ts";
import { RUNTIME } from "../runtime.ts";
import type { Check, CheckOptions, DeployedEnvironment } from "./check.ts";

const QUOTED_LINES = 10;

/** A command of the project's as a check: 0 means passed, what it prints is the evidence. */
export function ownCheck({ id, command }: CheckOptions["own"][number]): Check {
  return {
    id: `own.${id}`,
    title: `${command.join(" ")} succeeds`,
    cause: "What the command printed says it.",
    consequence: "The project's own condition on a deployment is not met.",
    remedy: "See what the command printed, and the setting checks.own.",
    run: async (environment) => {
      const { exitCode, lastLines } = await runOwn(environment, id, command);
      if (exitCode === 0) return [];
      const said = lastLines.slice(-QUOTED_LINES).join("\n    ") || "nothing printed";
      return [{ expected: "exit code 0", seen: `${exitCode}: ${said}` }];
    },
  };
}

async function runOwn(environment: DeployedEnvironment, id: string, command: readonly string[]) {
  const { engine, releaseContainer, hostnames, authority, name, services } = environment;
  const service = services.find(({ role }) => role === "gateway")?.name ?? "";
  const access = await throughGateway(engine, { environment: name, service, hostnames, authority }, "BASE_URL");
  return await runOneShot(
    engine,
    {
      ...releaseContainer,
      name: `${releaseContainer.name}-own-${id}`,
      command: [RUNTIME, "exec", "--secrets-from-stdin", "--", ...command],
      networks: [...access.networks, ...releaseContainer.networks],
      hosts: access.hosts,
      environment: { ...releaseContainer.environment, ...access.environment },
      secrets: { ...releaseContainer.secrets, ...access.secrets },
    },
    () => undefined,
  );
}
