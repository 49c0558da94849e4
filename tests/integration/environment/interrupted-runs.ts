import Docker from "dockerode";
import { ENVIRONMENT_LABEL } from "../../../engine/leftovers.ts";
import { labelled, removeLabelled } from "./left-behind.ts";

/** Names of environments that tests deploy: projects and stacks of tests begin so. */
const OF_TESTS = /^(?:reference-)?it[0-9a-f]{0,6}-/;

/** Removes the environments that tests left which were killed: their state is gone, and their names are taken again. */
export default async function setup(): Promise<void> {
  const docker = new Docker();
  for (const name of await environmentsOfTests(docker)) {
    console.log(`removing ${name}: an interrupted run of these tests left it`);
    await removeLabelled(docker, `${ENVIRONMENT_LABEL}=${name}`);
  }
}

async function environmentsOfTests(docker: Docker): Promise<readonly string[]> {
  const objects = Object.values(await labelled(docker, ENVIRONMENT_LABEL)).flat();
  const names = objects.map(({ labels }) => labels[ENVIRONMENT_LABEL] ?? "").filter((name) => OF_TESTS.test(name));
  return [...new Set(names)].sort();
}
