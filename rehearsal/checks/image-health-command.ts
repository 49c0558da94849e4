import type { IncomingMessage } from "node:http";
import type Docker from "dockerode";
import { isNotFound } from "../../engine/docker-client.ts";
import type { Check, DeployedEnvironment, Finding } from "./check.ts";
import { serviceTask } from "./service-spec.ts";

const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** Bits of a file's mode that let somebody execute it. */
const EXECUTABLE = 0o111;
const LINKS = 8;

/** An image that lacks the tool which its health check calls restarts for ever. */
export const imageHealthCommand: Check = {
  id: "image.health-command",
  title: "every service has a health check, and its image the executable that it calls",
  cause: "A health check with a tool (curl, wget, pg_isready) that was in the image before, or a service without any.",
  consequence: "Tasks restart for ever; without a health check a release that does not work goes live.",
  remedy:
    "Add the tool to the image, or call one that is there; run pulumi up --refresh where the service was changed by hand.",
  run: async (environment) =>
    (await Promise.all(environment.services.map(({ name }) => judge(environment, name)))).flat(),
};

async function judge({ engine, name: environmentName }: DeployedEnvironment, service: string): Promise<Finding[]> {
  const { image, healthTest } = await serviceTask(engine, service);
  const [kind = "NONE", ...words] = healthTest;
  const programs = kind === "CMD-SHELL" ? ["/bin/sh"] : programsOf(words);
  if (kind === "NONE" || programs.length === 0) return [{ expected: `${service} with a health check`, seen: "none" }];
  const missing = await inImage(engine, image, environmentName, async (container, path) => {
    const absent: string[] = [];
    for (const program of programs) if (!(await isThere(container, program, path))) absent.push(program);
    return absent;
  });
  return missing.map((program) => ({
    expected: `${program} in ${image}, for the health check of ${service}`,
    seen: "no such executable",
  }));
}

/** A shell that is handed a program behind its script calls that one. */
function programsOf([program, option, , called]: readonly string[]): string[] {
  const handed = option === "-c" && called !== undefined;
  return program === undefined ? [] : [program, ...(handed ? [called] : [])];
}

async function isThere(container: Docker.Container, program: string, path: string): Promise<boolean> {
  const places = program.includes("/") ? [program] : path.split(":").map((folder) => `${folder}/${program}`);
  for (const place of places) if (await isExecutable(container, place)) return true;
  return false;
}

/** Looks at the files of an image in a container that is never started. */
async function inImage<T>(
  engine: Docker,
  image: string,
  environmentName: string,
  look: (container: Docker.Container, path: string) => Promise<T>,
): Promise<T> {
  const { Config } = await engine.getImage(image).inspect();
  const path = Config.Env.find((line) => line.startsWith("PATH="))?.slice("PATH=".length) ?? DEFAULT_PATH;
  const container = await engine.createContainer({
    Image: image,
    Cmd: ["true"],
    Labels: { "rehearsal.check": environmentName },
    HostConfig: { NetworkMode: "none" },
  });
  try {
    return await look(container, path);
  } finally {
    await container.remove({ force: true });
  }
}

async function isExecutable(container: Docker.Container, file: string): Promise<boolean> {
  let place = file;
  for (let links = 0; links < LINKS; links++) {
    const stat = await fileStat(container, place);
    if (stat === undefined) return false;
    if (stat.linkTarget === "") return (stat.mode & EXECUTABLE) !== 0;
    place = stat.linkTarget;
  }
  return false;
}

async function fileStat(
  container: Docker.Container,
  file: string,
): Promise<{ readonly mode: number; readonly linkTarget: string } | undefined> {
  try {
    const answer = (await container.infoArchive({ path: file })) as IncomingMessage;
    // An answer that nobody reads keeps its connection, and with it this process.
    answer.resume();
    const header = String(answer.headers["x-docker-container-path-stat"]);
    return JSON.parse(Buffer.from(header, "base64").toString()) as { mode: number; linkTarget: string };
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
