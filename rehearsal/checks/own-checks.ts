import { runOneShot } from "../../engine/one-shot.ts";
import type { Check, CheckOptions, DeployedEnvironment } from "./check.ts";
import { concreteHostname } from "./gateway-client.ts";

const RUNTIME = "/opt/rehearsal/run";
/** Where the gateway listens inside of the environment's networks. */
const GATEWAY_PORT = 8443;
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
  const { engine, releaseContainer, hostnames, authority, name } = environment;
  const address = await gatewayAddress(environment);
  const concrete = hostnames.map(concreteHostname);
  return await runOneShot(
    engine,
    {
      ...releaseContainer,
      name: `${releaseContainer.name}-own-${id}`,
      command: [RUNTIME, "exec", "--secrets-from-stdin", "--", ...command],
      networks: [`${name}-app`, `${name}-data`],
      hosts: Object.fromEntries(concrete.map((hostname) => [hostname, address])),
      environment: { ...releaseContainer.environment, BASE_URL: `https://${concrete[0] ?? ""}:${GATEWAY_PORT}` },
      secrets: { ...releaseContainer.secrets, ...(authority === "" ? {} : { BASE_URL_AUTHORITY: authority }) },
    },
    () => undefined,
  );
}

/** The gateway's address in the network that it shares with the application. */
async function gatewayAddress({ engine, services, name }: DeployedEnvironment): Promise<string> {
  const gateway = services.find(({ role }) => role === "gateway")?.name ?? "";
  const filters = { service: [gateway], "desired-state": ["running"] };
  const tasks = (await engine.listTasks({ filters })) as unknown as {
    NetworksAttachments?: { Network: { Spec: { Name: string } }; Addresses?: string[] }[];
  }[];
  const attachments = tasks.flatMap(({ NetworksAttachments }) => NetworksAttachments ?? []);
  const found = attachments.find(({ Network }) => Network.Spec.Name === `${name}-app`)?.Addresses?.[0];
  if (found === undefined) throw new Error(`${gateway} must run in the network ${name}-app; no task of it does`);
  return found.replace(/\/\d+$/, "");
}
