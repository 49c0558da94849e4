import { temporaryLabels } from "../../engine/temporary.ts";
import { askRuntime } from "../runtime.ts";
import type { RunContext } from "./context.ts";
import { configurationFile, specOf } from "./server-command.ts";

/** What of a release is in the folder that its processes start in, which need not be what the checkout has. */
export interface ImageFiles {
  readonly folder: string;
  /** Paths from there, without what tools make; null where they are too many, or the folder is the whole file system. */
  readonly files: readonly string[] | null;
  /** Contents of the files that servers are configured by, by the path that they look for; null where there is none. */
  readonly texts: Readonly<Record<string, string | null>>;
}

type Context = Pick<RunContext, "engine" | "environment" | "process" | "declaration">;

const KEPT = new WeakMap<Context, Promise<ImageFiles | undefined>>();

/**
 * Asks a container of the release that runs, which reaches nothing, once for all steps of a run.
 *
 * @returns undefined where the release's runtime layer is of before this question
 */
export async function imageFiles(context: Context): Promise<ImageFiles | undefined> {
  const answer = KEPT.get(context) ?? ask(context);
  KEPT.set(context, answer);
  return await answer;
}

async function ask({ engine, environment, process, declaration }: Context): Promise<ImageFiles | undefined> {
  const services = declaration.services.filter(({ name }) => isOfProject(environment, name));
  const asked = services.flatMap((service) => configurationFile(specOf(service)) ?? []);
  const answer = await askRuntime<ImageFiles>(engine, {
    name: `${environment}-files`,
    image: process.image,
    command: "files",
    environment: { FILES_ASKED: JSON.stringify([...new Set(asked)]) },
    networks: [],
    memoryBytes: process.memoryBytes,
    labels: temporaryLabels(),
  });
  return "said" in answer ? answer.said : undefined;
}

/** Whether a service runs the image of the Django project. */
export function isOfProject(environment: string, service: string): boolean {
  return [`${environment}-app`, `${environment}-etl`].includes(service);
}
