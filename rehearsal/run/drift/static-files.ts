import { runInContainer } from "../../../engine/container-command.ts";
import type { Finding } from "../../finding.ts";
import type { RunContext } from "../context.ts";

const RELEASE = "/release/static";
const SERVED = "/srv/static";
const QUOTED = 12;
/** Files of the releases before are there as well, and belong there. */
const COMPARE = ["diff", "--recursive", "--brief", "--no-dereference", RELEASE, SERVED];

/**
 * Files that are served otherwise than the release has them: they are on a volume, where no comparison with an image's file
 * system looks, and browsers keep them for a year.
 */
export async function staticFilesFindings({ engine, environment, declaration }: RunContext): Promise<Finding[]> {
  const service = `${environment}-static`;
  if (!declaration.services.some(({ name }) => name === service)) return [];
  const filters = { label: [`com.docker.swarm.service.name=${service}`], status: ["running"] };
  const [container] = await engine.listContainers({ filters });
  // What does not run is told elsewhere, and what runs on another node is not seen from here.
  if (container === undefined) return [];
  const { exitCode, output } = await runInContainer(engine, container.Id, COMPARE, "");
  if (exitCode > 1) throw new Error(`the static files cannot be compared: ${output.slice(-3).join(" / ")}`);
  return differingFindings(service, differingFiles(output));
}

/** The files, relative to the release, that are missing or other among the served ones, as `diff --brief` tells them. */
export function differingFiles(lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const changed = /^Files (.+) and .+ differ$/.exec(line)?.[1];
    const [, folder, name] = /^Only in (.+): (.+)$/.exec(line) ?? [];
    const path = changed ?? (folder === undefined ? undefined : `${folder}/${name ?? ""}`);
    return path?.startsWith(`${RELEASE}/`) === true ? [path.slice(RELEASE.length + 1)] : [];
  });
}

function differingFindings(service: string, files: readonly string[]): Finding[] {
  const [first] = files;
  if (first === undefined) return [];
  const more = files.length > 1 ? ` and ${files.length - 1} more` : "";
  return [
    {
      id: "drift.changed-file",
      severity: "blocking",
      subject: `service ${service}, ${SERVED}/${first}${more}`,
      cause: `declared is the release's file, found is another one or none at ${SERVED}/${first}${more}: somebody changed the volume`,
      consequence:
        "Visitors get what was in no rehearsal, and browsers keep it for a year; the next release takes it away.",
      remedy: `Publish the release's files again: docker service update --force ${service}`,
      evidence: files.slice(0, QUOTED).map((file) => `${SERVED}/${file}`),
    },
  ];
}
