import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { RunContext } from "./../context.ts";
import type { DeclaredObject } from "../declaration.ts";
import type { ConnectionUser } from "./headroom/connections.ts";

interface ServiceSpec {
  readonly command: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  readonly tasks: number;
  readonly secrets: readonly string[];
}

/** The services of an environment that connect to its database, each in its role; a page's request may use a second one. */
export function connectionUsers(
  context: Pick<RunContext, "environment" | "declaration" | "logins" | "source">,
): ConnectionUser[] {
  const roleName = (role: string) => context.logins.find((login) => login.role === role)?.address.username;
  return context.declaration.services.flatMap((service) => {
    const spec = specOf(service);
    const suffix = service.name.slice(context.environment.length + 1);
    const main = roleName(suffix);
    if (main === undefined || !spec.secrets.includes("DATABASE_URL")) return [];
    const perTask = connectionsOf(spec.command, spec.variables, context.source);
    const user = { service: service.name, tasks: spec.tasks, perTask };
    const report = spec.secrets.includes("REPORT_DATABASE_URL") ? roleName("report") : undefined;
    return [
      { ...user, role: main, main: true },
      ...(report === undefined ? [] : [{ ...user, role: report, main: false }]),
    ];
  });
}

/** How many requests all tasks of the application serve at a time; undefined where its command does not tell. */
export function servedAtOnce(context: Parameters<typeof connectionUsers>[0]): number | undefined {
  const app = connectionUsers(context).find(({ service, main }) => main && service === `${context.environment}-app`);
  return app?.perTask === undefined ? undefined : app.tasks * app.perTask;
}

function specOf({ inputs }: DeclaredObject): ServiceSpec {
  const { taskSpec, mode } = inputs as {
    taskSpec: {
      containerSpec: { commands?: string[]; env?: Record<string, string>; secrets?: { fileName: string }[] };
    };
    mode?: { replicated?: { replicas?: number } };
  };
  const { commands = [], env = {}, secrets = [] } = taskSpec.containerSpec;
  return {
    command: commands.includes("--") ? commands.slice(commands.indexOf("--") + 1) : commands,
    variables: env,
    tasks: mode?.replicated?.replicas ?? 1,
    secrets: secrets.map(({ fileName }) => path.posix.basename(fileName)),
  };
}

/**
 * How many connections a process and its children hold at most: Django keeps one for each thread that serves. Undefined
 * where the command does not tell, as with servers that open threads as they are needed.
 */
export function connectionsOf(
  command: readonly string[],
  variables: Readonly<Record<string, string>>,
  source: string,
): number | undefined {
  const words = command.map((word) => path.posix.basename(word));
  const option = (...names: readonly string[]) => optionOf(command, names);
  if (words.includes("gunicorn")) {
    const given = (variables["GUNICORN_CMD_ARGS"] ?? "").split(/\s+/);
    const file = configuration(source, optionOf(command, ["-c", "--config"]) ?? "gunicorn.conf.py");
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

function optionOf(words: readonly string[], names: readonly string[]): string | undefined {
  for (const [index, word] of words.entries()) {
    for (const name of names) {
      if (word === name) return words[index + 1];
      if (word.startsWith(`${name}=`)) return word.slice(name.length + 1);
    }
  }
  return undefined;
}

function configuration(source: string, name: string): string {
  const file = path.join(source, name.replace(/^file:/, ""));
  return existsSync(file) ? readFileSync(file, "utf8") : "";
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
