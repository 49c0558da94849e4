import { readFile } from "node:fs/promises";
import path from "node:path";
import { PassThrough } from "node:stream";
import tar from "tar-fs";
import { directoryOf, docker, extraCertificates } from "./support.ts";

const ROOT = path.resolve(import.meta.dirname, "../../..");

export const IMAGES = path.join(ROOT, "images");
export const MINIMAL = path.join(ROOT, "tests/projects/minimal");

export interface BuildOptions {
  readonly tag: string;
  readonly context: string;
  /** A Dockerfile outside of the context. */
  readonly dockerfile?: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
}

interface BuildEvent {
  readonly stream?: string;
  readonly error?: string;
}

/** A build that failed, with everything that it printed. */
export class BuildError extends Error {
  readonly log: string;

  constructor(tag: string, log: string) {
    super(`building ${tag} failed:\n${log.slice(-4000)}`);
    this.log = log;
  }
}

/**
 * Builds an image and returns what the build printed.
 *
 * @throws BuildError when it fails.
 */
export async function build(options: BuildOptions): Promise<string> {
  const outside = options.dockerfile === undefined ? undefined : await readFile(options.dockerfile);
  const pack = tar.pack(options.context, {
    ignore: (name) => /(^|\/)(\.git|__pycache__|node_modules|tests)$/.test(path.relative(options.context, name)),
    ...(outside === undefined
      ? {}
      : {
          finalize: false,
          finish: (entries) => {
            entries.entry({ name: ".outside.Dockerfile" }, outside, () => {
              entries.finalize();
            });
          },
        }),
  });
  const stream: NodeJS.ReadableStream = await docker.buildImage(pack.pipe(new PassThrough()), {
    t: options.tag,
    forcerm: true,
    dockerfile: outside === undefined ? "Dockerfile" : ".outside.Dockerfile",
    buildargs: { ...options.buildArgs },
  });
  const events = await new Promise<BuildEvent[]>((resolve, reject) => {
    docker.modem.followProgress(stream, (error: Error | null, output: BuildEvent[]) => {
      if (error !== null && output.length === 0) {
        reject(error);
      } else {
        resolve(error === null ? output : [...output, { error: error.message }]);
      }
    });
  });
  const log = events.map((event) => event.stream ?? event.error ?? "").join("");
  if (events.some((event) => event.error !== undefined)) {
    throw new BuildError(options.tag, log);
  }
  return log;
}

/** Builds a small image on top of another, with files laid over it. */
export async function buildOver(
  tag: string,
  base: string,
  files: Readonly<Record<string, string>>,
  steps: string,
): Promise<void> {
  const context = await directoryOf({ ...files, Dockerfile: `FROM ${base}\n${steps}\n` });
  try {
    await build({ tag, context: context.path });
  } finally {
    await context.remove();
  }
}

export async function buildPostgres(): Promise<string> {
  const tag = "images-test-postgres";
  await build({ tag, context: path.join(IMAGES, "postgres") });
  return tag;
}

export async function buildNginx(): Promise<string> {
  const tag = "images-test-nginx";
  await build({ tag, context: path.join(IMAGES, "nginx") });
  return tag;
}

/** The application image of a project image. */
export async function buildApplication(
  tag: string,
  projectImage: string,
  buildArgs: Record<string, string> = {},
): Promise<string> {
  return build({
    tag,
    context: path.join(IMAGES, "runtime"),
    buildArgs: { PROJECT_IMAGE: projectImage, EXTRA_CA_CERTIFICATES: await extraCertificates(), ...buildArgs },
  });
}

/** The application image of the second project, which brings a Dockerfile of its own. */
export async function buildMinimal(): Promise<string> {
  await build({
    tag: "images-test-minimal-project",
    context: MINIMAL,
    buildArgs: { EXTRA_CA_CERTIFICATES: await extraCertificates() },
  });
  await buildApplication("images-test-minimal", "images-test-minimal-project");
  return "images-test-minimal";
}

/** A project image by images/django. */
export async function buildProject(
  tag: string,
  context: string,
  buildArgs: Record<string, string> = {},
): Promise<string> {
  return build({
    tag,
    context,
    dockerfile: path.join(IMAGES, "django/Dockerfile"),
    buildArgs: { EXTRA_CA_CERTIFICATES: await extraCertificates(), ...buildArgs },
  });
}
