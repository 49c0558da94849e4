/** A resource of a stack's state as `pulumi stack export` gives it. */
export interface StateResource {
  readonly type: string;
  readonly urn: string;
  readonly id?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
  /** ISO 8601. */
  readonly modified?: string;
  /** Whether it is about to be deleted, another one being in its place. */
  readonly delete?: boolean;
}

/** Something declared on the engine. */
export interface DeclaredObject {
  readonly name: string;
  /** The engine's id. */
  readonly id: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  /** When a deployment last changed it, ISO 8601; empty where the state does not say. */
  readonly modified: string;
}

/** What a stack declares to run, from its state: everything of one kind, in the order of creation. */
export interface Declaration {
  readonly services: readonly DeclaredObject[];
  readonly containers: readonly DeclaredObject[];
  readonly networks: readonly DeclaredObject[];
  readonly volumes: readonly DeclaredObject[];
  readonly secrets: readonly DeclaredObject[];
  readonly configs: readonly DeclaredObject[];
  readonly roles: readonly DeclaredObject[];
  readonly databases: readonly DeclaredObject[];
  readonly extensions: readonly DeclaredObject[];
  readonly grants: readonly DeclaredObject[];
  readonly defaultPrivileges: readonly DeclaredObject[];
  /** Id on the engine of each image that was built and stays on it, by name. */
  readonly imageIds: ReadonlyMap<string, string>;
}

/** How Pulumi marks a secret in a state. */
const SECRET_MARK = "4dabf18193072939515e22adb298388d";

/** Sorts the resources of a state, secrets in clear, by what they are on the engine and in the database. */
export function readDeclaration(resources: readonly StateResource[]): Declaration {
  const living = resources.filter((resource) => resource.delete !== true);
  const of = (type: string): DeclaredObject[] =>
    living
      .filter((resource) => resource.type === type)
      .map(({ id = "", inputs = {}, modified = "" }) => {
        const values = inClear(inputs) as Record<string, unknown>;
        return { id, name: typeof values["name"] === "string" ? values["name"] : id, inputs: values, modified };
      });
  return {
    services: of("docker:index/service:Service"),
    containers: of("docker:index/container:Container"),
    networks: of("docker:index/network:Network"),
    volumes: of("docker:index/volume:Volume"),
    secrets: of("docker:index/secret:Secret"),
    configs: of("docker:index/serviceConfig:ServiceConfig"),
    roles: of("postgresql:index/role:Role"),
    databases: of("postgresql:index/database:Database"),
    extensions: of("postgresql:index/extension:Extension"),
    grants: of("postgresql:index/grant:Grant"),
    defaultPrivileges: of("postgresql:index/defaultPrivileges:DefaultPrivileges"),
    imageIds: imageIds(living),
  };
}

/** An image that was pushed has the registry's digest instead of the engine's id. */
function imageIds(resources: readonly StateResource[]): Map<string, string> {
  const ids = new Map<string, string>();
  for (const { type, inputs, outputs } of resources) {
    if (type !== "docker:index/image:Image" || inputs?.["skipPush"] !== true) continue;
    const [name, digest] = [outputs?.["imageName"], outputs?.["repoDigest"]];
    if (typeof name === "string" && typeof digest === "string") ids.set(name, digest.slice(digest.indexOf("sha256:")));
  }
  return ids;
}

/** A value of a state with its secrets in clear; a secret that is still encrypted becomes undefined. */
export function inClear(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inClear);
  if (typeof value !== "object" || value === null) return value;
  if (SECRET_MARK in value) {
    return "plaintext" in value && typeof value.plaintext === "string"
      ? (JSON.parse(value.plaintext) as unknown)
      : undefined;
  }
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, inClear(inner)]));
}
