import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { parse as parseYaml } from "yaml";
import type { z } from "zod";
import { consistencyFaults, fullHostnames } from "./consistency.ts";
import { parityFaults } from "./parity.ts";
import { type SettingEntry, type Settings, settingEntries, settingsSchema } from "./settings.ts";

/** Sections of settings as they stand in a stack's file: not checked yet. */
export type RawSettings = Record<string, unknown>;

/** One setting that is wrong. */
export interface SettingFault {
  /** `section.key`, with the place inside of it where there is one. */
  readonly path: string;
  readonly rule: string;
  /** The value found, in the form of JSON; secrets are not shown. */
  readonly found: string;
  readonly remedy: string;
}

/** What a stack declares, and where it stands. */
export interface StackSettings {
  /** The stack's name made fit for host names and for names on the engine. */
  readonly stack: string;
  readonly settings: Settings;
}

/** Stacks whose file is complete; every other stack takes the sandbox's settings under its own. */
export const COMPLETE_STACKS: readonly string[] = ["sandbox", "production"];

/**
 * Reads the settings of the selected stack.
 *
 * @throws pulumi.RunError with every fault of the file at once.
 */
export function loadSettings(): StackSettings {
  const stack = pulumi.getStack();
  const own = sectionsOf(pulumi.runtime.allConfig(), pulumi.getProject());
  // The SDK keeps to itself which keys are encrypted; the language host says it in this variable.
  const secretKeys = JSON.parse(process.env["PULUMI_CONFIG_SECRET_KEYS"] ?? "[]") as string[];
  const encrypted = new Set(Object.keys(own).filter((key) => secretKeys.includes(`${pulumi.getProject()}:${key}`)));
  const result = resolveSettings(stack, pulumi.getProject(), own, encrypted);
  if ("faults" in result) throw new pulumi.RunError(describeFaults(stack, result.faults));
  const differences = parityOfFiles(stack, pulumi.getProject());
  if (differences.length > 0) {
    const lines = differences.map((difference) => `  ${difference}`);
    throw new pulumi.RunError(["Environments differ in what they may not; nothing was changed.", ...lines].join("\n"));
  }
  return { stack: stackSlug(stack), settings: result.settings };
}

/**
 * The settings of a stack from its own sections, with the sandbox's below a branch's.
 *
 * @param encrypted sections that the stack's file holds encrypted
 * @returns beside faults the settings, where each is of its form and only together they are wrong
 */
export function resolveSettings(
  stack: string,
  project: string,
  own: RawSettings,
  encrypted: ReadonlySet<string>,
): { settings: Settings } | { faults: SettingFault[]; formed?: Settings } {
  const inherited = COMPLETE_STACKS.includes(stack) ? {} : sandboxSettings(project);
  const result = parseSettings(stack, merge(inherited, own), encrypted);
  const inClear = partlyInClear(fileSettings(`Pulumi.${stack}.yaml`, project) ?? {}, encrypted);
  const formed = "faults" in result ? result.formed : result.settings;
  const faults = [...("faults" in result ? result.faults : []), ...inClear];
  if (formed === undefined) return { faults };
  const settings = withFullHostnames(formed);
  return faults.length > 0 ? { faults, formed: settings } : { settings };
}

/** Differences between the files of the complete stacks in what may not differ; none where the stack is another one. */
export function parityOfFiles(stack: string, project: string): string[] {
  if (!COMPLETE_STACKS.includes(stack)) return [];
  const [one, other] = COMPLETE_STACKS.map((stack) => ({
    name: `Pulumi.${stack}.yaml`,
    raw: fileSettings(`Pulumi.${stack}.yaml`, project),
  }));
  if (one?.raw === undefined || other?.raw === undefined) return [];
  return parityFaults({ name: one.name, raw: one.raw }, { name: other.name, raw: other.raw });
}

function withFullHostnames(settings: Settings): Settings {
  const { domain, hostnames } = settings.gateway;
  return { ...settings, gateway: { ...settings.gateway, hostnames: fullHostnames(domain, hostnames) } };
}

/**
 * Checks raw settings and fills in defaults and what follows from the stack's name.
 *
 * @param encrypted sections that the stack's file holds encrypted
 */
export function parseSettings(
  stack: string,
  raw: RawSettings,
  encrypted: ReadonlySet<string>,
): { settings: Settings } | { faults: SettingFault[]; formed?: Settings } {
  const parsed = settingsSchema.safeParse(merge(derivedSettings(stack), raw));
  const faults = parsed.success
    ? consistencyFaults(parsed.data)
    : parsed.error.issues.flatMap((issue) => faultsOf(issue, raw));
  faults.push(...secretsInClear(raw, encrypted));
  if (!parsed.success) return { faults };
  return faults.length === 0 ? { settings: parsed.data } : { faults, formed: parsed.data };
}

/** The text of the error that a stack's wrong settings end in. */
export function describeFaults(stack: string, faults: readonly SettingFault[]): string {
  const lines = faults.map(({ path, rule, found, remedy }) => `  ${path} must be ${rule}; found ${found}. ${remedy}`);
  const count = faults.length === 1 ? "1 setting is" : `${faults.length} settings are`;
  return [`Pulumi.${stack}.yaml: ${count} wrong; nothing was changed.`, ...lines].join("\n");
}

/** What follows from the stack's name, so that stacks stand side by side on one engine. */
export function derivedSettings(stack: string): RawSettings {
  // Below the range of ephemeral ports, two for each stack.
  const port = 20_000 + 2 * (createHash("sha256").update(stack).digest().readUInt32BE() % 5_000);
  return { gateway: { domain: `${stackSlug(stack)}.localhost`, port }, database: { adminPort: port + 1 } };
}

/** The stack's name as at most 16 lower-case letters, digits and hyphens; a shortened one keeps apart by its hash. */
export function stackSlug(stack: string): string {
  const plain = stack
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
  if (plain === stack && plain.length <= 16) return plain;
  const hash = createHash("sha256").update(stack).digest("hex").slice(0, 5);
  return [plain.slice(0, 10).replace(/-+$/, ""), hash].filter((part) => part !== "").join("-");
}

function sectionsOf(config: Record<string, string>, project: string): RawSettings {
  const own = Object.entries(config).filter(([key]) => key.startsWith(`${project}:`));
  return Object.fromEntries(own.map(([key, value]) => [key.slice(project.length + 1), fromJson(value)]));
}

function fromJson(value: string): unknown {
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

/** The sandbox's settings for a branch: all but what belongs to the sandbox alone and what only it can decrypt. */
function sandboxSettings(project: string): RawSettings {
  const raw = fileSettings("Pulumi.sandbox.yaml", project) ?? {};
  for (const { section, key, meta } of settingEntries()) {
    const values = raw[section];
    if (isRecord(values) && (meta.derived !== undefined || holdsCiphertext(values[key]))) {
      raw[section] = Object.fromEntries(Object.entries(values).filter(([name]) => name !== key));
    }
  }
  return raw;
}

/** The settings of a stack's file as they stand there; undefined where there is no such file. */
export function fileSettings(file: string, project: string): RawSettings | undefined {
  if (!existsSync(file)) return undefined;
  const content = parseYaml(readFileSync(file, "utf8")) as { config?: Record<string, unknown> } | null;
  const sections = Object.entries(content?.config ?? {}).filter(([key]) => key.startsWith(`${project}:`));
  return Object.fromEntries(sections.map(([key, value]) => [key.slice(project.length + 1), value]));
}

function holdsCiphertext(value: unknown): boolean {
  return isRecord(value) && (typeof value["secure"] === "string" || Object.values(value).some(holdsCiphertext));
}

/** Section by section, key by key: the second wins. */
function merge(under: RawSettings, over: RawSettings): RawSettings {
  const merged: RawSettings = { ...under };
  for (const [section, values] of Object.entries(over)) {
    const below = merged[section];
    merged[section] = isRecord(below) && isRecord(values) ? { ...below, ...values } : values;
  }
  return merged;
}

function faultsOf(issue: z.core.$ZodIssue, raw: RawSettings): SettingFault[] {
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey([...issue.path, key]));
  const inner = issue.code === "invalid_union" && isRecord(valueAt(raw, issue.path)) ? issue.errors.at(-1) : undefined;
  if (inner !== undefined) {
    return inner.flatMap((nested) => faultsOf({ ...nested, path: [...issue.path, ...nested.path] }, raw));
  }
  const [section, key] = issue.path;
  const entry = settingEntries().find((candidate) => candidate.section === section && candidate.key === key);
  if (entry === undefined) return missingSection(String(section), raw);
  return [
    {
      path: `rehearsal:${issue.path.map(String).join(".")}`,
      rule: entry.meta.rule,
      found: entry.meta.secret ? describeSecret(valueAt(raw, issue.path)) : describe(valueAt(raw, issue.path)),
      remedy: remedyFor(entry),
    },
  ];
}

function missingSection(section: string, raw: RawSettings): SettingFault[] {
  const required = settingEntries().filter(
    (entry) => entry.section === section && entry.defaultValue === undefined && entry.meta.derived === undefined,
  );
  return [
    {
      path: `rehearsal:${section}`,
      rule: `a map${required.length > 0 ? ` with at least ${required.map(({ key }) => key).join(", ")}` : ""}`,
      found: describe(raw[section]),
      remedy: `See docs/settings.md, section ${section}.`,
    },
  ];
}

function unknownKey(path: PropertyKey[]): SettingFault {
  const nested = path.length > 2;
  const known =
    path.length === 1
      ? [...new Set(settingEntries().map(({ section }) => section))]
      : settingEntries().flatMap(({ section, key }) => (section === path[0] ? [key] : []));
  return {
    path: `rehearsal:${path.map(String).join(".")}`,
    rule: nested ? "a key that the setting knows" : `one of the known keys ${known.join(", ")}`,
    // The name alone: what stands under a mistyped key may be a secret.
    found: describe(path.at(-1)),
    remedy: "Correct the key or take it out.",
  };
}

function secretsInClear(raw: RawSettings, encrypted: ReadonlySet<string>): SettingFault[] {
  return settingEntries().flatMap((entry) => {
    const section = raw[entry.section];
    const value = isRecord(section) ? section[entry.key] : undefined;
    const holdsSecret = isRecord(value) && Object.values(value).some((held) => held !== "");
    if (!entry.meta.secret || !holdsSecret || encrypted.has(entry.section)) return [];
    return [
      {
        path: `rehearsal:${entry.section}.${entry.key}`,
        rule: "stored encrypted",
        found: "it in clear",
        remedy: remedyFor(entry),
      },
    ];
  });
}

/** Secrets in clear beside encrypted ones: of a section the engine says only that it holds an encrypted value. */
function partlyInClear(file: RawSettings, encrypted: ReadonlySet<string>): SettingFault[] {
  return settingEntries().flatMap(({ section, key, meta }) => {
    const value = valueAt(file, [section, key]);
    if (meta.secret === undefined || !isRecord(value) || !encrypted.has(section)) return [];
    const names = meta.secret === "all" ? Object.keys(value) : meta.secret;
    const inClear = names.filter((name) => typeof value[name] === "string" && value[name] !== "");
    return inClear.map((name) => ({
      path: `rehearsal:${section}.${key}.${name}`,
      rule: "stored encrypted",
      found: "it in clear",
      remedy: `Set it with: pulumi config set --path --secret 'rehearsal:${section}.${key}.${name}' VALUE`,
    }));
  });
}

function remedyFor({ section, key, meta }: SettingEntry): string {
  if (meta.remedy !== undefined) return meta.remedy;
  const flags = meta.secret ? "--path --secret" : "--path";
  const place = `rehearsal:${section}.${key}`;
  if (typeof meta.example === "object" || meta.secret) {
    const inner = meta.secret ? `${place}.NAME` : `${place}[0]`;
    return `Set it with: pulumi config set ${flags} '${inner}' VALUE (example: ${JSON.stringify(meta.example)}).`;
  }
  const example = typeof meta.example === "string" ? meta.example : JSON.stringify(meta.example);
  return `Set it with: pulumi config set ${flags} '${place}' ${example}`;
}

function valueAt(raw: RawSettings, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => {
    if (Array.isArray(value)) return (value as unknown[])[Number(key)];
    return isRecord(value) ? value[String(key)] : undefined;
  }, raw);
}

function describe(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}

function describeSecret(value: unknown): string {
  return value === undefined || value === "" ? "nothing" : "another value (not shown)";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
