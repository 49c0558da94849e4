import { spawn } from "node:child_process";
import { once } from "node:events";
import { parseArgs } from "node:util";
import type Docker from "dockerode";
import { djangoVariables } from "../../components/django-process.ts";
import { environmentName } from "../../components/engine-objects.ts";
import { migrationVariables } from "../../components/migration-step.ts";
import { serverParameters } from "../../components/postgres-database.ts";
import { applicationImage } from "../../components/release-images.ts";
import type { Settings } from "../../config/settings.ts";
import { dockerClient } from "../../engine/docker-client.ts";
import { hasImage } from "../../engine/images.ts";
import { INTERRUPTED_EXIT_CODE, Interrupted, interruptible } from "../../engine/interruption.ts";
import type { PostgresAddress } from "../../engine/postgres.ts";
import { type ReleaseRehearsal, rehearseRelease } from "../migration/release-rehearsal.ts";
import { summariseRehearsal } from "../report/summary.ts";
import { sourceAddress } from "../snapshot/source-address.ts";
import { migrationHelp } from "./migration-help.ts";
import { stackOutput, stackSettings } from "./stack-settings.ts";

const NOT_REHEARSED = 3;

/** `rehearse migration`: the exit codes are in its help. */
export async function migration(words: readonly string[]): Promise<number> {
  let options: { stack: string; snapshot: string; fast: boolean; again: boolean; json: boolean };
  try {
    ({ values: options } = parseArgs({
      args: [...words],
      options: {
        stack: { type: "string", default: "sandbox" },
        snapshot: { type: "string", default: "newest" },
        fast: { type: "boolean", default: false },
        again: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
      },
    }));
  } catch (error) {
    console.error(`rehearse migration: ${message(error)}\n\n${migrationHelp}`);
    return 2;
  }
  const say = options.json ? console.error : console.log;
  try {
    const { stack, settings } = stackSettings(options.stack);
    const docker = dockerClient(settings.engine.host);
    const release = describeRelease(stack, options, settings);
    const { again } = options;
    const outcome = await interruptible(
      (signal) =>
        rehearseRelease(docker, release, say, {
          again,
          signal,
          prepare: () => requireRelease(docker, options.stack, release.incoming.image),
        }),
      () => {
        console.error("interrupted: removing the clones");
      },
    );
    if ("reason" in outcome) {
      say(`Not rehearsed: ${outcome.reason}`);
      return NOT_REHEARSED;
    }
    const { result, page, repeated } = outcome;
    const terminal = options.json ? process.stderr : process.stdout;
    const colours = terminal.isTTY && terminal.hasColors();
    for (const line of summariseRehearsal(result, { page, repeated, steps: repeated, colours })) say(line);
    if (options.json) console.log(JSON.stringify(result));
    return result.verdict === "pass" ? 0 : 1;
  } catch (error) {
    if (error instanceof Interrupted) return INTERRUPTED_EXIT_CODE;
    console.error(`rehearse migration: ${message(error)}`);
    return 1;
  }
}

function describeRelease(
  stack: string,
  { stack: fullName, snapshot, fast }: { stack: string; snapshot: string; fast: boolean },
  settings: Settings,
): ReleaseRehearsal {
  const { app, database, migration: limits } = settings;
  const name = environmentName(app.name, stack);
  const { image, release } = applicationImage({
    projectName: app.name,
    source: app.source,
    settingsModule: app.settingsModule,
    environment: app.environment,
    baseImage: settings.images.base,
    registry: settings.images.registry,
    release: settings.images.release,
  });
  const variables = djangoVariables({
    release,
    settingsModule: app.settingsModule,
    hostnames: settings.gateway.hostnames,
    gatewayPort: settings.gateway.port,
    environment: app.environment,
  });
  return {
    environmentName: name,
    projectName: app.name,
    appService: `${name}-app`,
    form: fast ? "fast" : "full",
    incoming: {
      image,
      environment: migrationVariables({ ...limits, variables, release }),
      // Nothing is signed that anybody keeps.
      secrets: { ...app.secrets, DJANGO_SECRET_KEY: "only for rehearsing migrations" },
      memoryBytes: app.memoryMiB * 1024 * 1024,
    },
    database: databaseOf(fullName),
    databaseName: database.name,
    databaseMemoryMiB: database.memoryMiB,
    databaseParameters: serverParameters(database),
    paths: [settings.checks.page, settings.checks.api, settings.checks.adminLogin].filter((path) => path !== "none"),
    longestWaitSeconds: limits.longestWaitSeconds,
    accepted: settings.checks.accepted,
    snapshot: snapshot === "newest" && database.snapshot !== "none" ? database.snapshot : snapshot,
    startsFromSnapshot: database.snapshot !== "none" || snapshot !== "newest",
  };
}

/** The database of a deployed stack, in the role that only reads; undefined where the stack has not been deployed. */
function databaseOf(stack: string): PostgresAddress | undefined {
  const url = stackOutput(stack, "reportDatabaseUrl");
  return typeof url === "string" ? sourceAddress(url) : undefined;
}

/** A preview builds the images of a release that do not exist yet. This one does not rehearse as well. */
async function requireRelease(docker: Docker, stack: string, image: string): Promise<void> {
  if (await hasImage(docker, image)) return;
  console.error(`${image} is not built yet: building it`);
  const words = ["preview", "--stack", stack, "--non-interactive"];
  const said: Buffer[] = [];
  const building = spawn("pulumi", [...words, "--exclude", "**-migration-applied", "--exclude-dependents"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [building.stdout, building.stderr]) stream.on("data", (chunk: Buffer) => said.push(chunk));
  const [status] = (await once(building, "close")) as [number | null];
  if (await hasImage(docker, image)) return;
  throw new Error(
    `image ${image} must be on the engine; pulumi ${words.join(" ")} ended with exit code ${status ?? -1} and did not ` +
      `build it. Mend what it says:\n${Buffer.concat(said).toString()}`,
  );
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
