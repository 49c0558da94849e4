import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb.js";
import type { MockResourceArgs, MockResourceResult } from "@pulumi/pulumi/runtime/mocks.js";

/** One resource as the program registers it. */
export interface Node {
  /** `docker:index/service:Service` */
  readonly type: string;
  readonly name: string;
  /** The last word of the type and the name: what other resources refer to it by. */
  readonly id: string;
  /** Id of the parent; empty for what hangs on the stack itself. */
  readonly parent: string;
  /** Inputs as they go over the wire: a secret is an object that `isSecret` knows. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Ids of the resources that it waits for. */
  readonly dependencies: readonly string[];
  /** Id of the provider; empty for the default one. */
  readonly provider: string;
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  readonly deleteBeforeReplace: boolean;
  /** Id of the resource whose deletion deletes this one too; empty where there is none. */
  readonly deletedWith: string;
  /** A value whose change replaces the resource; undefined where it has none. */
  readonly replacementTrigger: unknown;
  readonly replaceOnChanges: readonly string[];
  readonly ignoreChanges: readonly string[];
  /** Names of the hooks by the moment that they run at. */
  readonly hooks: Readonly<Record<string, readonly string[]>>;
}

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

/** A value that is marked secret, as it goes over the wire. */
export interface MarkedSecret {
  readonly value: unknown;
}

export function isSecret(value: unknown): value is MarkedSecret {
  return typeof value === "object" && value !== null && (value as Record<string, unknown>)[SIGNATURE] === SECRET;
}

/** What lies under a mark, or the value itself. */
export function unmarked(value: unknown): unknown {
  return isSecret(value) ? value.value : value;
}

/** What a generated password is in these graphs, by the role of its resource: the same in every environment. */
export function passwordOf(role: string): string {
  return `generated${createHash("sha256").update(role).digest("hex")}`;
}

/** Declares an environment's resources and gives all of them, in the order of their registration. */
export async function registeredBy(stack: string, environmentName: string, declare: () => unknown): Promise<Node[]> {
  const nodes: Node[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: (args) => stateOf(args, environmentName),
      call: ({ token }) => {
        throw new Error(`${token} is not expected to be called`);
      },
    },
    "rehearsal",
    stack,
  );
  watch(pulumi.runtime.getMonitor() as unknown as Monitor, nodes);
  declare();
  await pulumi.runtime.disconnect();
  return nodes;
}

interface Monitor {
  registerResource(request: RegisterResourceRequest, callback: unknown): unknown;
  readResource(request: RegisterResourceRequest, callback: unknown): unknown;
  registerResourceHook(request: unknown, callback: (error: null) => void): void;
}

function watch(monitor: Monitor, nodes: Node[]): void {
  const register = monitor.registerResource.bind(monitor);
  const read = monitor.readResource.bind(monitor);
  monitor.registerResource = (request, callback) => {
    nodes.push(nodeOf(request));
    return register(request, callback);
  };
  // Such as a reference to a stack.
  monitor.readResource = (request, callback) => {
    const none = {
      hooks: {},
      inputs: {},
      protect: false,
      retainOnDelete: false,
      deleteBeforeReplace: false,
      deletedWith: "",
      replacementTrigger: undefined,
    };
    nodes.push({
      ...none,
      ...namesOf(request),
      replaceOnChanges: [],
      ignoreChanges: [],
    });
    return read(request, callback);
  };
  // The mock monitor knows no hooks: that they are bound is seen in the registrations.
  monitor.registerResourceHook = (_, callback) => {
    callback(null);
  };
}

function namesOf(request: RegisterResourceRequest) {
  const [type, name] = [request.getType(), request.getName()];
  return {
    type,
    name,
    id: idOf(type, name),
    parent: idIn(request.getParent()),
    dependencies: request.getDependenciesList().map(idIn),
    // A reference to a provider is its URN and its own id.
    provider: idIn(request.getProvider().split("::").slice(0, -1).join("::")),
  };
}

function nodeOf(request: RegisterResourceRequest): Node {
  const hooks = request.getHooks()?.toObject() ?? {};
  const bound = Object.entries(hooks).filter(([, names]) => (names as string[]).length > 0);
  return {
    ...namesOf(request),
    inputs: request.getObject()?.toJavaScript() ?? {},
    protect: request.getProtect() ?? false,
    retainOnDelete: request.getRetainondelete() ?? false,
    deleteBeforeReplace: request.getDeletebeforereplace(),
    deletedWith: idIn(request.getDeletedwith()),
    replacementTrigger: request.getReplacementTrigger()?.toJavaScript() ?? undefined,
    replaceOnChanges: request.getReplaceonchangesList(),
    ignoreChanges: request.getIgnorechangesList(),
    hooks: Object.fromEntries(bound.map(([at, names]) => [at.replace(/List$/, ""), names as string[]])),
  };
}

function idOf(type: string, name: string): string {
  return `${type.split(":").at(-1) ?? ""} ${name}`;
}

/** The id of the resource that a URN names; empty for the stack itself and for no resource. */
function idIn(urn: string): string {
  const [, , , types = "", name = ""] = urn.split("::").flatMap((part, index) => (index === 0 ? ["", part] : part));
  const type = types.split("$").at(-1) ?? "";
  return type === "" || type === "pulumi:pulumi:Stack" ? "" : idOf(type, name);
}

/** What the engine would know of a resource after it was created. */
function stateOf({ type, name, inputs }: MockResourceArgs, environmentName: string): MockResourceResult {
  const given = inputs as Record<string, unknown>;
  const role = name.slice(environmentName.length + 1);
  const id = `${name}-id`;
  switch (type) {
    case "random:index/randomPassword:RandomPassword":
      return { id, state: { ...given, result: pulumi.secret(passwordOf(role)) } };
    case "random:index/randomId:RandomId": {
      const bytes = createHash("sha256").update(role).digest().subarray(0, 16);
      return { id, state: { ...given, hex: bytes.toString("hex"), b64Std: bytes.toString("base64") } };
    }
    case "docker:index/image:Image": {
      const digest = createHash("sha256").update(String(given["imageName"])).digest("hex");
      return { id, state: { ...given, repoDigest: `sha256:${digest}` } };
    }
    case "docker:index/secret:Secret":
    case "docker:index/serviceConfig:ServiceConfig":
      return { id, state: { name: `${name}-1a2b3c4`, ...given } };
    case "pulumi:index:Stash":
      return { id, state: { ...given, output: given["input"] } };
    case "pulumi:pulumi:StackReference":
      return { id, state: { ...given, outputs: {} } };
    default:
      return { id, state: given };
  }
}

/** The value of an output that is known. */
export async function promiseOf<T>(output: pulumi.Output<T>): Promise<pulumi.Unwrap<T>> {
  return await new Promise((resolve) => {
    pulumi.output(output).apply(resolve);
  });
}
