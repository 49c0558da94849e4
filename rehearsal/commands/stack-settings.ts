import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { parse } from "yaml";
import {
  describeFaults,
  fileSettings,
  parityOfFiles,
  resolveSettings,
  type SettingFault,
  type StackSettings,
  stackSlug,
} from "../../config/load-settings.ts";
import type { Settings } from "../../config/settings.ts";
import type { StateResource } from "../run/declaration.ts";

/** A section as `pulumi config --json` gives it. */
interface ConfigValue {
  readonly value: string;
  readonly objectValue?: unknown;
  readonly secret: boolean;
}

/** The settings of a stack with what is wrong with them. */
export interface ReadSettings {
  /** The stack's name made fit for names on the engine. */
  readonly stack: string;
  readonly faults: readonly SettingFault[];
  /** Undefined where they are not of the form of settings. */
  readonly settings: Settings | undefined;
}

/**
 * The settings of a stack, read outside of a program, in the folder of Pulumi.yaml.
 *
 * @throws Error when there is no such stack, or with every fault of its settings
 */
export function stackSettings(stack: string): StackSettings {
  const { faults, settings, ...named } = readSettings(stack, stackSections(stack));
  if (settings === undefined || faults.length > 0) throw new Error(describeFaults(stack, faults));
  return { ...named, settings };
}

/** Sections of a stack's own configuration, secrets in clear, and which of them hold some. */
export interface StackSections {
  readonly own: Readonly<Record<string, unknown>>;
  readonly encrypted: ReadonlySet<string>;
}

/** @throws Error when there is no such stack, or its secrets cannot be decrypted here */
export function stackSections(stack: string): StackSections {
  const project = projectName();
  const said = pulumiSays(["config", "--json", "--show-secrets", "--stack", stack], `stack ${stack} must exist`);
  const config = JSON.parse(said) as Record<string, ConfigValue>;
  const sections = Object.entries(config)
    .filter(([key]) => key.startsWith(`${project}:`))
    .map(([key, value]) => [key.slice(project.length + 1), value] as const);
  return {
    own: Object.fromEntries(sections.map(([name, value]) => [name, value.objectValue ?? value.value])),
    encrypted: new Set(sections.filter(([, { secret }]) => secret).map(([name]) => name)),
  };
}

/** Settings from a stack's sections, which need not be those that its file holds. */
export function readSettings(stack: string, { own, encrypted }: StackSections): ReadSettings {
  const result = resolveSettings(stack, projectName(), own, encrypted);
  return "faults" in result
    ? { stack: stackSlug(stack), faults: result.faults, settings: result.formed }
    : { stack: stackSlug(stack), faults: [], settings: result.settings };
}

/** Whether the state backend knows a stack of that name. */
export function hasStack(stack: string): boolean {
  const stacks = JSON.parse(pulumiSays(["stack", "ls", "--json"], "the state backend must be readable")) as {
    name: string;
  }[];
  return stacks.some(({ name }) => name === stack || name.endsWith(`/${stack}`));
}

/** What of the files of sandbox and production differs and may not; none where the stack is neither. */
export function fileDifferences(stack: string): string[] {
  return parityOfFiles(stack, projectName());
}

/**
 * An output of a stack, secret or not; undefined where the stack has none of that name.
 *
 * @throws Error when there is no such stack
 */
export function stackOutput(stack: string, name: string): unknown {
  const said = pulumiSays(
    ["stack", "output", "--json", "--show-secrets", "--stack", stack],
    `stack ${stack} must exist`,
  );
  return (JSON.parse(said) as Record<string, unknown>)[name];
}

/**
 * The resources of a stack's state, secrets in clear; none where it has never been deployed.
 *
 * @throws Error when there is no such stack
 */
export function stackResources(stack: string): StateResource[] {
  const said = pulumiSays(["stack", "export", "--show-secrets", "--stack", stack], `stack ${stack} must exist`);
  const state = JSON.parse(said) as { deployment?: { resources?: StateResource[] } };
  return state.deployment?.resources ?? [];
}

/** The names that a map of a stack's file sets, such as `app.environment`; undefined where there is no such file. */
export function namesInFile(stack: string, settings: readonly string[]): Record<string, string[]> | undefined {
  const file = `Pulumi.${stack}.yaml`;
  if (!existsSync(file)) return undefined;
  const project = projectName();
  const { config = {} } = parse(readFileSync(file, "utf8")) as { config?: Record<string, unknown> };
  return Object.fromEntries(
    settings.map((setting) => {
      const [section = "", key = ""] = setting.split(".");
      const map = (config[`${project}:${section}`] as Record<string, unknown> | undefined)?.[key];
      return [setting, typeof map === "object" && map !== null ? Object.keys(map) : []];
    }),
  );
}

/** The sections of a stack's file as they stand there; undefined where there is no such file. */
export function sectionsInFile(stack: string): Readonly<Record<string, Readonly<Record<string, unknown>>>> | undefined {
  const sections = fileSettings(`Pulumi.${stack}.yaml`, projectName());
  if (sections === undefined) return undefined;
  const maps = Object.entries(sections).filter(([, values]) => typeof values === "object" && values !== null);
  return Object.fromEntries(maps as [string, Record<string, unknown>][]);
}

function projectName(): string {
  try {
    return (parse(readFileSync("Pulumi.yaml", "utf8")) as { name: string }).name;
  } catch (error) {
    throw new Error(`Pulumi.yaml must be in this folder; found ${message(error)}. Run it beside Pulumi.yaml.`);
  }
}

function pulumiSays(words: readonly string[], rule: string): string {
  try {
    return execFileSync("pulumi", [...words, "--non-interactive"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      maxBuffer: 64 * 1024 ** 2,
    });
  } catch (error) {
    const told = typeof error === "object" && error !== null && "stderr" in error ? String(error.stderr).trim() : "";
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      throw new Error("pulumi must be on PATH; found none. Run: source toolchain/activate");
    }
    throw new Error(`${rule}; pulumi says: ${told === "" ? message(error) : told}`);
  }
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
