import { execFileSync } from "node:child_process";
import { parseArgs } from "node:util";
import type Docker from "dockerode";
import { COMPLETE_STACKS } from "../../config/load-settings.ts";
import type { Settings } from "../../config/settings.ts";
import { dockerClient } from "../../engine/docker-client.ts";
import { engineFault } from "../../engine/engine-fault.ts";
import { requireImage } from "../../engine/images.ts";
import { INTERRUPTED_EXIT_CODE, Interrupted, interruptible } from "../../engine/interruption.ts";
import { findSnapshot, listSnapshots } from "../snapshot/snapshot-image.ts";
import { deploy } from "./deploy.ts";
import { releaseOf } from "./promote.ts";
import { reproduceHelp } from "./reproduce-help.ts";
import { changeStackFile, RELEASE_IMAGES, type References, withRelease, withSetting } from "./stack-file.ts";
import { hasStack, stackOutput, stackResources, stackSections, stackSettings } from "./stack-settings.ts";

/** What a reproduction is made of. */
interface Reproduction {
  readonly stack: string;
  /** The stack whose release it has. */
  readonly of: string;
  readonly references: References;
  /** Id of a snapshot, or `none`. */
  readonly snapshot: string;
}

const STACK_NAME = /^[A-Za-z0-9_.-]{1,100}$/;
/** With it the stack's name is as long as names on the engine may hold. */
const RELEASE_DIGITS = 6;

/** `rehearse reproduce`: the exit codes are in its help. */
export async function reproduce(words: readonly string[]): Promise<number> {
  let options: { release: string; stack?: string; snapshot: string };
  try {
    ({ values: options } = parseArgs({
      args: [...words],
      options: {
        release: { type: "string", default: "production" },
        stack: { type: "string" },
        snapshot: { type: "string", default: "newest" },
      },
    }));
    requireOwnStack(options);
  } catch (error) {
    console.error(`rehearse reproduce: ${message(error)}\n\n${reproduceHelp}`);
    return 2;
  }
  let begun: string | undefined;
  try {
    return await interruptible(
      async (signal) => {
        const reproduction = await planned(options);
        signal.throwIfAborted();
        begun = reproduction.stack;
        declare(reproduction);
        signal.throwIfAborted();
        if (!(await deploy(begun, signal, console.error, "rehearse reproduce"))) {
          console.error(howToGoOn(begun, options));
          return 1;
        }
        for (const line of whatToLookAt(reproduction, stackOutput)) console.log(line);
        return 0;
      },
      () => {
        console.error("interrupted: waiting for pulumi to end what it is doing");
      },
    );
  } catch (error) {
    if (error instanceof Interrupted) {
      console.error("rehearse reproduce: interrupted; what was reached stays.");
      if (begun !== undefined) console.error(howToGoOn(begun, options));
      return INTERRUPTED_EXIT_CODE;
    }
    console.error(`rehearse reproduce: ${message(error)}`);
    return 1;
  }
}

/** @throws Error where the name is one that the command must not touch */
function requireOwnStack({ release, stack }: { readonly release: string; readonly stack?: string }): void {
  if (stack === undefined) return;
  if (!STACK_NAME.test(stack)) {
    throw new Error(
      `--stack must be letters, digits, hyphens, underscores and full stops; found ${JSON.stringify(stack)}`,
    );
  }
  if (stack === release || COMPLETE_STACKS.includes(stack)) {
    throw new Error(
      `--stack must be a stack of its own, not ${[...new Set([...COMPLETE_STACKS, release])].join(" or ")}; found ${stack}`,
    );
  }
}

/** The name of the stack for a release: with as many digits of it as a name may hold. */
export function reproductionStack({ application = "" }: References): string {
  const name = application.slice(0, application.indexOf("@"));
  return `reproduce-${name.slice(name.lastIndexOf(":") + 1).slice(0, RELEASE_DIGITS)}`;
}

/**
 * Makes sure of all that is needed before anything is made.
 *
 * @throws Error with what is not there and how it comes there
 */
async function planned(options: { release: string; stack?: string; snapshot: string }): Promise<Reproduction> {
  const of = options.release;
  const references = releaseOf(of);
  const stack = options.stack ?? reproductionStack(references);
  const exists = hasStack(stack);
  if (exists) requireReproduction(stack);
  // A branch has the sandbox's settings; its own file names no engine and no registry.
  const { settings } = stackSettings(exists ? stack : "sandbox");
  const docker = dockerClient(settings.engine.host);
  const fault = await engineFault(docker);
  if (fault !== undefined) {
    throw new Error(
      `the sandbox's engine must answer and manage a swarm; found ${fault} at ${settings.engine.host}. Start Docker there, ` +
        "or correct rehearsal:engine.host or DOCKER_HOST.",
    );
  }
  if (settings.images.registry === "none") {
    for (const image of RELEASE_IMAGES) await requireReleaseImage(docker, of, references[image] ?? "");
  }
  return { stack, of, references, snapshot: await snapshotFor(docker, settings, of, options.snapshot) };
}

async function requireReleaseImage(docker: Docker, of: string, reference: string): Promise<void> {
  try {
    await requireImage(docker, reference);
  } catch (error) {
    throw new Error(
      `the release that ${of} runs must be on the sandbox's engine: ${message(error).split(". ")[0] ?? ""}. Load it there ` +
        `(docker save on the engine of ${of}, docker load here), or set images.registry in both stacks.`,
    );
  }
}

/** @throws Error where a stack of that name is somebody's, with a release of another kind */
function requireReproduction(stack: string): void {
  const images = stackSections(stack).own["images"];
  const takes = typeof images === "object" && images !== null && "release" in images && images.release !== "build";
  if (takes || stackResources(stack).length === 0) return;
  throw new Error(
    `stack ${stack} must be new or one that this command has made; found one that builds its release. Give another name with --stack.`,
  );
}

async function snapshotFor(docker: Docker, { app, database }: Settings, of: string, wanted: string): Promise<string> {
  if (wanted === "none") return "none";
  if (database.server !== "container") {
    throw new Error(
      "the database must be a container to start from a snapshot; rehearsal:database.server of the sandbox is an external " +
        "server. Give --snapshot none, which takes that server as it is.",
    );
  }
  if (wanted !== "newest") return (await findSnapshot(docker, app.name, wanted)).id;
  const newest = (await listSnapshots(docker, app.name)).find(({ source }) => source === of);
  if (newest !== undefined) return newest.id;
  throw new Error(
    `the engine must hold a snapshot of ${of}; found none. Make one with: npx rehearse snapshot create --from ${of}, or start ` +
      "from an empty database with: --snapshot none",
  );
}

/** Makes the stack where there is none, and writes its file. */
function declare({ stack, of, references, snapshot }: Reproduction): void {
  if (!hasStack(stack)) {
    // Who works in another stack stays there.
    execFileSync("pulumi", ["stack", "init", stack, "--no-select", "--non-interactive"], {
      stdio: ["ignore", process.stderr, process.stderr],
    });
  }
  changeStackFile(stack, (content) => withSetting(withRelease(content, references), "database", "snapshot", snapshot));
  const data = snapshot === "none" ? "an empty database" : `snapshot ${snapshot}`;
  console.error(`${stack} has the release of ${of} (${references["application"] ?? ""}) and ${data}.`);
}

function howToGoOn(
  stack: string,
  { release, snapshot }: { readonly release: string; readonly snapshot: string },
): string {
  return [
    `  go on:        npx rehearse reproduce --release ${release} --stack ${stack} --snapshot ${snapshot}`,
    `  take it away: ${takeAway(stack)}`,
  ].join("\n");
}

function takeAway(stack: string): string {
  return `pulumi destroy --yes --stack ${stack} && pulumi stack rm --yes ${stack}`;
}

function whatToLookAt(
  { stack, of, snapshot }: Reproduction,
  output: (stack: string, name: string) => unknown,
): string[] {
  const text = (name: string) => String(output(stack, name));
  const urls = output(stack, "urls");
  return [
    "",
    `${stack} is up with release ${text("release")} of ${of}, ${snapshot === "none" ? "database empty at first" : `data of snapshot ${snapshot}`}:`,
    ...(Array.isArray(urls) ? urls.map((url) => `  ${String(url)}`) : []),
    `  admin         user ${text("adminUsername")}, password: pulumi stack output adminPassword --show-secrets --stack ${stack}`,
    `  certificates  pulumi stack output certificateAuthority --stack ${stack} > ${stack}-ca.pem; curl --cacert ${stack}-ca.pem URL`,
    `  log           ${text("logs")}`,
    `  database      ${text("databaseAddress")}`,
    `  rehearse      npx rehearse run --stack ${stack}`,
    `  take it away  ${takeAway(stack)}`,
  ];
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
