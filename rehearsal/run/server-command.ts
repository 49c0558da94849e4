import path from "node:path";
import type { DeclaredObject } from "./declaration.ts";

/** What a service is started with. */
export interface ServiceSpec {
  /** Words of the project's own command, none where it brings none. */
  readonly command: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  readonly tasks: number;
  /** Names of the variables that are secrets. */
  readonly secrets: readonly string[];
}

/** What is read where nothing names another file: by gunicorn itself, and by the runtime layer for projects without a command. */
const USUAL_FILE = "gunicorn.conf.py";
const CONFIG = ["-c", "--config"];

/** What a declared service of the Django project is started with. */
export function specOf({ inputs }: DeclaredObject): ServiceSpec {
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

/** The file that gunicorn is configured by, from the folder that it starts in; undefined for another server. */
export function configurationFile({ command, variables }: Pick<ServiceSpec, "command" | "variables">) {
  if (command.length > 0 && !command.some((word) => path.posix.basename(word) === "gunicorn")) return undefined;
  const name = optionOf(command, CONFIG) ?? optionOf(furtherWords(variables), CONFIG) ?? USUAL_FILE;
  const module = /^python:(.+)$/.exec(name)?.[1];
  return module === undefined ? name.replace(/^file:/, "").replace(/^\.\//, "") : `${module.replaceAll(".", "/")}.py`;
}

/** What gunicorn takes for further words of its command. */
export function furtherWords(variables: Readonly<Record<string, string>>): string[] {
  return (variables["GUNICORN_CMD_ARGS"] ?? "").split(/\s+/);
}

/** The value of an option among the words of a command. */
export function optionOf(words: readonly string[], names: readonly string[]): string | undefined {
  for (const [index, word] of words.entries()) {
    for (const name of names) {
      if (word === name) return words[index + 1];
      if (word.startsWith(`${name}=`)) return word.slice(name.length + 1);
    }
  }
  return undefined;
}
