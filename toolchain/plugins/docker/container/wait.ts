import type { ContainerInspectInfo } from "dockerode";
import type { ResourceContext } from "../../framework/provider.ts";
import type { DockerConfig } from "../client.ts";
import { poll } from "../polling.ts";
import { containerOutput } from "./logs.ts";

const POLL_INTERVAL_MS = 100;
const SHOWN_LOG_LINES = 25;
const DEFAULT_WAIT_SECONDS = 60;

/** Waits until the container is healthy. Rejects with its state, its last check's output and its last log lines. */
export async function waitUntilHealthy(
  id: string,
  name: string,
  waitTimeout: number | undefined,
  context: ResourceContext<DockerConfig>,
): Promise<void> {
  const { docker } = context.config;
  const seconds = waitTimeout ?? DEFAULT_WAIT_SECONDS;
  let last: ContainerInspectInfo | undefined;
  const outcome = await poll(
    async () => {
      last = await docker.getContainer(id).inspect();
      const health = last.State.Health?.Status;
      if (health === undefined || health === "none") return "unchecked" as const;
      if (health === "healthy") return "healthy" as const;
      return last.State.Running ? undefined : ("ended" as const);
    },
    { intervalMs: POLL_INTERVAL_MS, timeoutMs: seconds * 1000, signal: context.signal },
  );
  if (outcome === "healthy") return;
  const reasons = {
    unchecked: "it has no health check: declare one, or leave out wait",
    ended: `it ended with exit code ${last?.State.ExitCode ?? "unknown"}`,
    late: `its health is "${last?.State.Health?.Status ?? "unknown"}" after ${seconds} s (waitTimeout)`,
  };
  const checks = last?.State.Health?.Log ?? [];
  const check = checks.at(-1)?.Output.trim() ?? "";
  const shown = check === "" ? "" : `\nThe last health check said: ${check}`;
  throw new Error(
    `The container "${name}" did not become healthy: ${reasons[outcome ?? "late"]}${shown}${await lastLogLines(id, context)}`,
  );
}

/** The container's last log lines, to be put behind an error's message. */
export async function lastLogLines(id: string, context: ResourceContext<DockerConfig>): Promise<string> {
  try {
    const output = await containerOutput(context.config.docker, id, SHOWN_LOG_LINES);
    const lines = output.split("\n").filter((line) => line.trim() !== "");
    return lines.length === 0
      ? "\nIts log is empty"
      : `\nIts last log lines:\n${lines.map((line) => `  ${line}`).join("\n")}`;
  } catch {
    // Some log drivers cannot be read; the failure itself counts.
    return "";
  }
}
