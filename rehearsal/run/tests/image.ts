import path from "node:path";
import type Docker from "dockerode";
import { contentTag, folderHash } from "../../../engine/build-context.ts";
import { buildImage } from "../../../engine/build-image.ts";
import { statusCode } from "../../../engine/docker-client.ts";
import { extraCertificates } from "../../../engine/host-certificates.ts";
import { hasImage } from "../../../engine/images.ts";
import type { RunContext } from "../context.ts";

/** Label of images with tests: the project that they are of. */
const LABEL = "rehearsal.tests";
/** Images of a project that stay: environments of several releases may be rehearsed in turn. */
const KEPT = 3;

/**
 * The image that suites run in: the release's own, or one on top of it with what production must not have, tests and
 * what only they need. It is built where the engine does not have it, and named by what it is built from.
 *
 * @throws Error with the build's last lines where it fails
 */
export async function testImage(context: RunContext): Promise<string> {
  const { engine, process, tests, signal, say } = context;
  if (tests.dockerfile === "none") return process.image;
  const folder = path.dirname(tests.dockerfile);
  const dockerfile = path.basename(tests.dockerfile);
  const { Id } = await engine.getImage(process.image).inspect();
  const name = `${tests.project}/tests:${contentTag(Id, tests.baseImage, folderHash(folder), dockerfile)}`;
  if (!(await hasImage(engine, name))) {
    say(`    building ${name} from ${tests.dockerfile}`);
    await buildImage(
      engine,
      {
        name,
        context: folder,
        dockerfile,
        args: {
          RELEASE_IMAGE: process.image,
          BASE_IMAGE: tests.baseImage,
          EXTRA_CA_CERTIFICATES: extraCertificates(),
        },
        labels: { [LABEL]: tests.project },
      },
      (line) => {
        say(`    build | ${line}`);
      },
      signal,
    );
  }
  await removeOld(engine, tests.project, name);
  return name;
}

/** Removes older images of the project's tests, which every release would add to; those in use stay. */
async function removeOld(docker: Docker, project: string, current: string): Promise<void> {
  const images = await docker.listImages({ filters: { label: [`${LABEL}=${project}`] } });
  const old = images
    .filter(({ RepoTags }) => !(RepoTags ?? []).includes(current))
    .toSorted((one, other) => other.Created - one.Created)
    .slice(KEPT - 1);
  for (const { Id } of old) {
    try {
      await docker.getImage(Id).remove();
    } catch (error) {
      // 409: a container uses it, or another image is built on it. 404: another run was quicker.
      if (![404, 409].includes(statusCode(error) ?? 0)) throw error;
    }
  }
}
