import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import Docker from "dockerode";
import { ENVIRONMENT_LABEL } from "../../../engine/leftovers.ts";
import { PROJECT_LABEL } from "../../../rehearsal/snapshot/snapshot-image.ts";
import { labelled, removeLabelled } from "./left-behind.ts";

/** Names of environments that tests deploy: projects and stacks of tests begin so. */
const OF_TESTS = /^(?:reference-)?it[0-9a-f]{0,6}-/;
/** Names the process of the run that is under way. */
const UNDER_WAY = path.join(tmpdir(), "rehearsal-integration-tests.pid");

/**
 * Removes the environments and snapshots that tests left which were killed: their state is gone, their names are taken
 * again, and an environment of the next run would start from such a snapshot.
 */
export default async function setup(): Promise<(() => void) | undefined> {
  const other = runUnderWay();
  if (other !== undefined) {
    console.log(`process ${other} runs these tests as well: what is on the engine may be in use, and is left there`);
    return undefined;
  }
  writeFileSync(UNDER_WAY, String(process.pid));
  const docker = new Docker();
  for (const name of await environmentsOfTests(docker)) {
    console.log(`removing ${name}: an interrupted run of these tests left it`);
    await removeLabelled(docker, `${ENVIRONMENT_LABEL}=${name}`);
  }
  for (const { Id, Labels } of await docker.listImages({ filters: { label: [PROJECT_LABEL] } })) {
    const project = Labels[PROJECT_LABEL] ?? "";
    if (!OF_TESTS.test(`${project}-`)) continue;
    console.log(`removing a snapshot of ${project}: an interrupted run of these tests left it`);
    await docker.getImage(Id).remove({ force: true });
  }
  return () => {
    rmSync(UNDER_WAY, { force: true });
  };
}

/** The process of another run that has not ended. */
function runUnderWay(): number | undefined {
  try {
    const other = Number(readFileSync(UNDER_WAY, "utf8"));
    process.kill(other, 0);
    return other === process.pid ? undefined : other;
  } catch {
    return undefined;
  }
}

async function environmentsOfTests(docker: Docker): Promise<readonly string[]> {
  const objects = Object.values(await labelled(docker, ENVIRONMENT_LABEL)).flat();
  const names = objects.map(({ labels }) => labels[ENVIRONMENT_LABEL] ?? "").filter((name) => OF_TESTS.test(name));
  return [...new Set(names)].sort();
}
