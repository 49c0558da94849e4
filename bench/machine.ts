import { readFileSync } from "node:fs";
import os from "node:os";
import type Docker from "dockerode";
import { readChoices } from "../toolchain/choices.mjs";
import { paths } from "../toolchain/paths.mjs";
import { run } from "./commands.ts";

/** What figures of two machines, or of one on two days, are told apart by. */
export interface Machine {
  readonly processors: number;
  readonly processor: string;
  readonly memoryGiB: number;
  readonly kernel: string;
  /** Of the last 1, 5 and 15 minutes, before the first measurement. */
  readonly loadAverage: readonly number[];
  readonly docker: string;
  readonly dockerClient: string;
  readonly pulumi: string;
  readonly node: string;
  /** Version of the project's packages. */
  readonly packages: Readonly<Record<string, string>>;
  /** `stand-in` or `official`, for each of Pulumi's plugins. */
  readonly plugins: Readonly<Record<string, string>>;
}

const PACKAGES = ["@pulumi/pulumi", "@pulumi/docker", "@pulumi/postgresql", "@pulumi/random"];

/** Reads the facts of this machine. */
export async function machine(docker: Docker): Promise<Machine> {
  const [engine, client, pulumi] = await Promise.all([
    docker.version(),
    run("docker", ["version", "--format", "{{.Client.Version}}"]),
    run("pulumi", ["version"]),
  ]);
  return {
    processors: os.availableParallelism(),
    processor: os.cpus()[0]?.model ?? "unknown",
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    kernel: os.release(),
    loadAverage: os.loadavg().map((load) => Number(load.toFixed(2))),
    docker: engine.Version,
    dockerClient: client.trim(),
    pulumi: pulumi.trim(),
    node: process.version,
    packages: Object.fromEntries(PACKAGES.map((name) => [name, packageVersion(name)])),
    plugins: plugins(),
  };
}

/** The facts in lines for a person. */
export function describeMachine(facts: Machine): string {
  const { processors, memoryGiB, loadAverage, docker, pulumi, node } = facts;
  const kinds = [...new Set(Object.values(facts.plugins))];
  return [
    `${processors} processors, ${memoryGiB} GiB, load average ${loadAverage.map((load) => load.toFixed(1)).join(" ")}`,
    `Docker ${docker}, Pulumi ${pulumi}, Node ${node}, plugins: ${kinds.length === 0 ? "of the user's own installation" : kinds.join(" and ")}`,
  ].join("\n");
}

function packageVersion(name: string): string {
  const file = new URL(`../node_modules/${name}/package.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}

function plugins(): Record<string, string> {
  const chosen = Object.entries(readChoices(paths().choices)).filter(([name]) => name.startsWith("plugin "));
  return Object.fromEntries(
    chosen.map(([name, { fallback }]) => [name.slice("plugin ".length), fallback === true ? "stand-in" : "official"]),
  );
}
