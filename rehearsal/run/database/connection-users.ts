import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { RunContext } from "../context.ts";
import { imageFiles, isOfProject } from "../image-files.ts";
import { configurationFile, furtherWords, optionOf, specOf } from "../server-command.ts";
import type { ConnectionUser } from "./headroom/connections.ts";

/** Contents of a file that a server is configured by; empty where there is none. */
export type ReadConfiguration = (name: string) => string;

type Context = Pick<RunContext, "environment" | "declaration" | "logins" | "source" | "engine" | "process">;

/** The services of an environment that connect to its database, each in its role; a page's request may use a second one. */
export async function connectionUsers(context: Context): Promise<ConnectionUser[]> {
  const read = await configurationReader(context);
  const roleName = (role: string) => context.logins.find((login) => login.role === role)?.address.username;
  return context.declaration.services.flatMap((service) => {
    const spec = specOf(service);
    const suffix = service.name.slice(context.environment.length + 1);
    const main = roleName(suffix);
    if (main === undefined || !spec.secrets.includes("DATABASE_URL")) return [];
    const perTask = connectionsOf(spec.command, spec.variables, read);
    const user = { service: service.name, tasks: spec.tasks, perTask };
    const report = spec.secrets.includes("REPORT_DATABASE_URL") ? roleName("report") : undefined;
    return [
      { ...user, role: main, main: true },
      ...(report === undefined ? [] : [{ ...user, role: report, main: false }]),
    ];
  });
}

/** How many requests all tasks of the application serve at a time; undefined where its command does not tell. */
export async function servedAtOnce(context: Context): Promise<number | undefined> {
  const users = await connectionUsers(context);
  const app = users.find(({ service, main }) => main && service === `${context.environment}-app`);
  return app?.perTask === undefined ? undefined : app.tasks * app.perTask;
}

/** Reads what is in the image, which is what runs; the checkout's where the image is not asked. */
async function configurationReader(context: Context): Promise<ReadConfiguration> {
  const { environment, declaration } = context;
  const reads = declaration.services.some(
    (service) => isOfProject(environment, service.name) && configurationFile(specOf(service)) !== undefined,
  );
  const files = reads ? await imageFiles(context) : undefined;
  return files === undefined ? checkoutReader(context.source) : (name) => files.texts[name] ?? "";
}

/** Reads what is in a folder of sources. */
export function checkoutReader(source: string): ReadConfiguration {
  return (name) => {
    const file = path.join(source, name);
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  };
}

/**
 * How many connections a process and its children hold at most: Django keeps one for each thread that serves. Undefined
 * where the command does not tell, as with servers that open threads as they are needed.
 */
export function connectionsOf(
  command: readonly string[],
  variables: Readonly<Record<string, string>>,
  read: ReadConfiguration,
): number | undefined {
  const words = command.map((word) => path.posix.basename(word));
  const option = (...names: readonly string[]) => optionOf(command, names);
  if (words.includes("gunicorn")) {
    const given = furtherWords(variables);
    const file = read(configurationFile({ command, variables }) ?? "");
    const numberOf = (name: string, short: string) =>
      option(`--${name}`, short) ?? optionOf(given, [`--${name}`, short]) ?? inConfiguration(file, name, variables);
    const workers = whole(numberOf("workers", "-w") ?? variables["WEB_CONCURRENCY"] ?? "1");
    const threads = whole(numberOf("threads", "--threads") ?? "1");
    const kind = numberOf("worker-class", "-k") ?? inConfiguration(file, "worker_class", variables) ?? "sync";
    if (!/^(sync|gthread)$/.test(kind) || workers === undefined || threads === undefined) return undefined;
    return workers * threads;
  }
  if (words.includes("uwsgi")) {
    const [processes, threads] = [whole(option("--processes", "-p") ?? "1"), whole(option("--threads") ?? "1")];
    return processes === undefined || threads === undefined ? undefined : processes * threads;
  }
  if (words.includes("waitress-serve")) return whole(option("--threads") ?? "4");
  return undefined;
}

/** A number or text of gunicorn's configuration, or the variable that it is taken from with its default. */
function inConfiguration(text: string, name: string, variables: Readonly<Record<string, string>>): string | undefined {
  const value = new RegExp(`^${name}\\s*=\\s*(.+?)\\s*(?:#.*)?$`, "m").exec(text)?.[1];
  if (value === undefined) return undefined;
  const plain = /^["']?([\w.]+)["']?$/.exec(value)?.[1];
  const variable = /(?:environ\.get|getenv)\(\s*["'](\w+)["']\s*(?:,\s*["']?(\w+)["']?)?/.exec(value);
  if (variable !== null) return variables[variable[1] ?? ""] ?? variable[2] ?? "unknown";
  return plain ?? "unknown";
}

function whole(value: string): number | undefined {
  return /^\d+$/.test(value) ? Number(value) : undefined;
}
