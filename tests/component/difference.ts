import { isDeepStrictEqual } from "node:util";
import type { EnvironmentSettings } from "../../components/environment-settings.ts";
import { serverParameters } from "../../components/postgres-database.ts";
import { isSecret, type Node } from "./graph.ts";

/** One environment's graph, and what it was declared by. */
export interface Declared {
  /** `<project>-<stack>`: the beginning of every name. */
  readonly environmentName: string;
  readonly settings: EnvironmentSettings;
  readonly domain: string;
  readonly nodes: readonly Node[];
}

/**
 * A place of the graph where the value of a setting stands. Every difference between two environments has to be explained
 * by one of these: the place must hold exactly what the setting says, or it is compared as it is.
 */
interface Place {
  readonly setting: string;
  /** Matches the id of a resource, with the environment's name taken out. */
  readonly of: RegExp;
  /** Where in the resource, keys joined by dots. */
  readonly at: string;
  readonly value: (settings: EnvironmentSettings) => unknown;
}

const IMAGE_TYPES = ["docker:index/image:Image", "docker:index/remoteImage:RemoteImage"];

const PLACES: readonly Place[] = [
  {
    setting: "app.replicas",
    of: /^Service <environment>-app-service$/,
    at: "inputs.mode.replicated.replicas",
    value: ({ app }) => app.replicas,
  },
  {
    setting: "gateway.port",
    of: /^Service <environment>-gateway-service$/,
    at: "inputs.endpointSpec.ports.0.publishedPort",
    value: ({ gateway }) => gateway.port,
  },
  {
    setting: "database.adminPort",
    of: /^Container <environment>-database-server$/,
    at: "inputs.ports.0.external",
    value: ({ database }) => database.adminPort,
  },
  {
    setting: "database.adminPort",
    of: /^postgresql <environment>-database-admin$/,
    at: "inputs.port",
    value: ({ database }) => String(database.adminPort),
  },
  ...["memory", "memorySwap"].map(
    (name): Place => ({
      setting: "database.memoryMiB",
      of: /^Container <environment>-database-server$/,
      at: `inputs.${name}`,
      value: ({ database }) => database.memoryMiB,
    }),
  ),
  {
    setting: "database.memoryMiB",
    of: /^Container <environment>-database-server$/,
    at: "inputs.command",
    value: ({ database }) => ["postgres", ...serverParameters(database).flatMap((parameter) => ["-c", parameter])],
  },
  {
    setting: "database.protect",
    of: /^Stash <environment>-checks-passed$/,
    at: "protect",
    value: ({ database }) => database.protect,
  },
  ...["protect", "retainOnDelete"].map(
    (name): Place => ({
      setting: "database.protect",
      of: /^(Volume <environment>-(database-data|media)|(Database|Role) <environment>-database-roles-[a-z]+)$/,
      at: name,
      value: ({ database }) => database.protect,
    }),
  ),
  {
    setting: "network.outside",
    of: /^Network <environment>-(app|data)$/,
    at: "inputs.internal",
    value: ({ network }) => !network.outside,
  },
  ...["authority", "server-<hostnames>"].map(
    (name): Place => ({
      setting: "tls.certificate",
      of: new RegExp(`^Stash <environment>-tls-${name}$`),
      at: "ignoreChanges",
      // Only what is generated is made once and then kept.
      value: ({ tls }) => (tls.certificate === "generated" ? ["input"] : []),
    }),
  ),
];

/**
 * What is not the same in two environments, names and the values of settings taken out, and where images come from; a
 * line each. Empty when they are identical.
 */
export function differences(one: Declared, other: Declared): string[] {
  const [left, right] = [normalised(one), normalised(other)];
  return [...new Set([...left.keys(), ...right.keys()])].toSorted().flatMap((id) => {
    const [a, b] = [left.get(id), right.get(id)];
    if (a === undefined) return [`${id} is in ${other.environmentName} only`];
    if (b === undefined) return [`${id} is in ${one.environmentName} only`];
    return [...differing("", a, b)].map((place) => `${id}: ${place}`);
  });
}

function normalised(declared: Declared): Map<string, Node> {
  const compared = declared.nodes
    .filter(({ type }) => !IMAGE_TYPES.includes(type))
    .map((node) => normalise(node, declared));
  const byId = new Map(compared.map((node) => [node.id, node]));
  if (byId.size !== compared.length) throw new Error("two resources of the graph have one id");
  return byId;
}

function normalise(node: Node, declared: Declared): Node {
  const named = namesTaken(withoutRandomness(node), declared) as Node;
  const dependencies = named.dependencies.filter((id) => !/^(Image|RemoteImage) /.test(id)).toSorted();
  let result: Node = { ...named, dependencies };
  for (const { of, at, setting, value } of PLACES) {
    if (of.test(result.id)) result = replaced(result, at.split("."), value(declared.settings), `<${setting}>`) as Node;
  }
  return result;
}

/** Takes out what is made anew for each environment: certificates, and hashes of declarations that are compared themselves. */
function withoutRandomness(node: Node): Node {
  if (/-tls-(authority|server-[0-9a-f]{8}|chain|key)$/.test(node.name)) {
    const inputs = Object.entries(node.inputs).map(([name, value]) =>
      (name === "input" || name === "data") && isSecret(value) ? [name, "<certificate>"] : [name, value],
    );
    return { ...node, inputs: Object.fromEntries(inputs) as Node["inputs"] };
  }
  return node;
}

/** The environment's name, its domain and its port out of every text; what is encoded is decoded first. */
function namesTaken(value: unknown, declared: Declared): unknown {
  if (typeof value === "string") {
    const text = namesTakenOutOf(decoded(value), declared);
    // By lines, so that a difference in a long text is told by its line.
    return text.includes("\n") ? text.split("\n") : text;
  }
  if (Array.isArray(value)) return value.map((item) => namesTaken(item, declared));
  if (typeof value !== "object" || value === null) return value;
  if ((value as Record<string, unknown>)["label"] === "rehearsal.declaration") return "<declaration>";
  const entries = Object.entries(value).map(([name, item]) => [name, namesTaken(item, declared)]);
  return Object.fromEntries(entries) as unknown;
}

function namesTakenOutOf(text: string, { environmentName, domain, settings }: Declared): string {
  const stack = environmentName.slice(settings.app.name.length + 1);
  const end = `<domain>${settings.gateway.port === 443 ? "" : `:${settings.gateway.port}`}`;
  return text
    .replaceAll(environmentName, "<environment>")
    .replace(`organization/rehearsal/${stack}`, "organization/rehearsal/<stack>")
    .replaceAll(domain, "<domain>")
    .replace(/https:\/\/[^,]+/g, (origin) =>
      origin.endsWith(end) ? `${origin.slice(0, -end.length)}<domain><port>` : origin,
    )
    .replace(/-tls-server-[0-9a-f]{8}$/, "-tls-server-<hostnames>")
    .replace(/(-service-id) [0-9a-f]{16} (\d+)/g, "$1 <declaration> $2")
    .replace(`-app-service-id <declaration> ${settings.app.replicas}`, "-app-service-id <declaration> <app.replicas>");
}

/** The text of the data of secrets and configs, so that names in it are seen. */
function decoded(text: string): string {
  if (text.length < 16 || !/^[A-Za-z0-9+/]+=*$/.test(text) || text.length % 4 !== 0) return text;
  const plain = Buffer.from(text, "base64").toString("utf8");
  return /^[\x20-\x7e\n]+$/.test(plain) ? plain : text;
}

/** The value with `mark` in a place that holds exactly `expected`. */
function replaced(value: unknown, path: readonly string[], expected: unknown, mark: string): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return isDeepStrictEqual(value, expected) ? mark : value;
  if (typeof value !== "object" || value === null || !(key in value)) return value;
  const inner = replaced((value as Record<string, unknown>)[key], rest, expected, mark);
  return Array.isArray(value) ? value.with(Number(key), inner) : { ...value, [key]: inner };
}

function* differing(path: string, a: unknown, b: unknown): Generator<string> {
  if (isDeepStrictEqual(a, b)) return;
  const bothHold = [a, b].every((value) => typeof value === "object" && value !== null);
  if (!bothHold) {
    yield `${path} is ${JSON.stringify(a)} and ${JSON.stringify(b)}`;
    return;
  }
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    yield* differing(path === "" ? key : `${path}.${key}`, left[key], right[key]);
  }
}
