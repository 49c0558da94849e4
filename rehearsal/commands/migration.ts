import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import type Docker from "dockerode";
import { djangoVariables } from "../../components/django-process.ts";
import { environmentName } from "../../components/engine-objects.ts";
import { migrationVariables } from "../../components/migration.ts";
import { serverParameters } from "../../components/postgres-database.ts";
import { applicationImage } from "../../components/release-images.ts";
import type { Settings } from "../../config/settings.ts";
import { dockerClient } from "../../engine/docker-client.ts";
import { hasImage } from "../../engine/images.ts";
import type { PostgresAddress } from "../../engine/postgres.ts";
import { type ReleaseRehearsal, rehearseRelease } from "../migration/release-rehearsal.ts";
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
    await requireRelease(docker, options.stack, release.incoming.image);
    const outcome = await rehearseRelease(docker, release, say, options.again);
    if ("reason" in outcome) {
      say(`Not rehearsed: ${outcome.reason}`);
      return NOT_REHEARSED;
    }
    if (options.json) console.log(JSON.stringify(outcome.result));
    return outcome.result.verdict === "pass" ? 0 : 1;
  } catch (error) {
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
    paths: Object.values(settings.checks).filter((path) => path !== "none"),
    longestWaitSeconds: limits.longestWaitSeconds,
    snapshot: snapshot === "newest" && database.snapshot !== "none" ? database.snapshot : snapshot,
    startsFromSnapshot: true,
  };
}

/** The database of a deployed stack, in the role that only reads; undefined where the stack has not been deployed. */
function databaseOf(stack: string): PostgresAddress | undefined {
  const url = stackOutput(stack, "reportDatabaseUrl");
  return typeof url === "string" ? sourceAddress(url) : undefined;
}

/** A preview builds the images of a release that do not exist yet. */
async function requireRelease(docker: Docker, stack: string, image: string): Promise<void> {
  if (await hasImage(docker, image)) return;
  console.error(`${image} is not built yet: pulumi preview --stack ${stack} builds it`);
  const { status } = spawnSync("pulumi", ["preview", "--stack", stack, "--non-interactive"], {
    stdio: ["ignore", process.stderr, process.stderr],
  });
  if (await hasImage(docker, image)) return;
  throw new Error(
    `image ${image} must be on the engine; pulumi preview --stack ${stack} ended with exit code ${status ?? -1} and did not ` +
      "build it. Mend what it says above.",
  );
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
