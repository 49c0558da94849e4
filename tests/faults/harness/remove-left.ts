import type Docker from "dockerode";
import { ENVIRONMENT_LABEL } from "../../../engine/leftovers.ts";
import { removeAbandoned } from "../../../engine/temporary.ts";
import { PROJECT_LABEL } from "../../../rehearsal/snapshot/snapshot-image.ts";
import { removeAbandoned as removeAbandonedWork } from "../../../rehearsal/snapshot/work.ts";
import { labelled, removeLabelled } from "../../integration/environment/left-behind.ts";
import { PREFIX, PROJECT } from "./names.ts";

/** Removes what a run of the faults that was interrupted has left on the engine: environments, clones, images. */
export async function removeLeft(docker: Docker): Promise<void> {
  const objects = Object.values(await labelled(docker, ENVIRONMENT_LABEL)).flat();
  const environments = new Set(objects.map(({ labels }) => labels[ENVIRONMENT_LABEL] ?? ""));
  for (const name of environments) {
    if (name.startsWith(`${PROJECT}-`)) await removeEnvironment(docker, name);
  }
  await removeAbandoned(docker);
  await removeAbandonedWork(docker);
  const images = [
    ...(await docker.listImages({ filters: { reference: [`${PREFIX}/*`, `${PROJECT}/*`] } })),
    ...(await docker.listImages({ filters: { label: [PROJECT_LABEL] } })).filter(({ Labels }) =>
      `${Labels[PROJECT_LABEL] ?? ""}-`.startsWith(`${PREFIX}-`),
    ),
  ];
  // A snapshot may have been taken away with the last image that it was made of.
  const names = images.flatMap(({ Id, RepoTags }) => (RepoTags?.length ? RepoTags : [Id]));
  await Promise.allSettled(names.map((name) => docker.getImage(name).remove({ force: true })));
}

/** Removes an environment with what a case has made beside it, which carries none of its labels. */
export async function removeEnvironment(docker: Docker, name: string): Promise<void> {
  const containers = await docker.listContainers({ all: true, filters: { name: [`^/${name}-by-hand-`] } });
  await Promise.all(containers.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true })));
  await removeLabelled(docker, `${ENVIRONMENT_LABEL}=${name}`);
  const filters = { name: [`${name}-fault-`] };
  for (const { ID } of await docker.listSecrets({ filters })) await docker.getSecret(ID).remove();
  for (const { ID } of await docker.listConfigs({ filters })) await docker.getConfig(ID).remove();
}
