import * as docker from "@pulumi/docker";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Environment } from "../../components/environment.ts";
import type { EnvironmentSettings } from "../../components/environment-settings.ts";
import type { ReleaseReferences } from "../../components/release-images.ts";
import { type FakeEngine, startFakeEngine } from "../unit/engine/fake-engine.ts";
import { type Declared, differences } from "./difference.ts";
import { type Node, registeredBy } from "./graph.ts";
import { productionSettings, sandboxSettings } from "./settings.ts";

let engine: FakeEngine;
let sandbox: Declared;
let production: Declared;

beforeAll(async () => {
  engine = await startFakeEngine(() => undefined);
  let references: ReleaseReferences | undefined;
  sandbox = await declared("sandbox", sandboxSettings(engine.host), (environment) => {
    environment.releaseReferences.apply((value) => {
      references = value;
    });
  });
  if (references === undefined) expect.fail("the sandbox names no release");
  production = await declared("production", productionSettings(engine.host, references));
});

afterAll(() => {
  engine.close();
});

async function declared(
  stack: string,
  settings: EnvironmentSettings,
  look: (environment: Environment) => void = () => undefined,
): Promise<Declared> {
  const environmentName = `reference-${stack}`;
  const nodes = await registeredBy(stack, environmentName, () => {
    look(new Environment(stack, settings));
  });
  return { environmentName, settings, domain: settings.gateway.hostnames[0] ?? "", nodes };
}

/** The production graph with one resource changed. */
function changed(id: RegExp, change: (node: Node) => Node | undefined): Declared {
  const nodes = production.nodes.flatMap((node) => (id.test(node.id) ? (change(node) ?? []) : [node]));
  expect(nodes).not.toEqual(production.nodes);
  return { ...production, nodes };
}

/** A resource with another value in a place of its inputs. */
function withInput(node: Node, path: readonly string[], value: unknown): Node {
  const put = (inner: unknown, [key, ...rest]: readonly string[]): unknown =>
    key === undefined ? value : { ...(inner as object), [key]: put((inner as Record<string, unknown>)[key], rest) };
  return { ...node, inputs: put(node.inputs, path) as Node["inputs"] };
}

describe("the graphs of sandbox and production", () => {
  it("are equal, but for settings' values and where images come from", () => {
    expect(differences(sandbox, production)).toEqual([]);
  });

  it("are compared in full: nothing is left out but images", () => {
    const images = (nodes: readonly Node[]) => nodes.filter(({ type }) => /:(Remote)?Image$/.test(type));
    expect(images(sandbox.nodes).map(({ type, name }) => `${type} ${name}`)).toEqual(
      ["project", "gateway", "postgres", "application", "static"].map(
        (image) => `docker:index/image:Image reference-sandbox-release-${image}`,
      ),
    );
    expect(
      images(production.nodes)
        .map(({ type, name }) => `${type} ${name}`)
        .toSorted(),
    ).toEqual(
      ["application", "gateway", "postgres", "static"].map(
        (image) => `docker:index/remoteImage:RemoteImage reference-production-release-${image}`,
      ),
    );
    expect(sandbox.nodes.length - 5).toBe(production.nodes.length - 4);
    expect(production.nodes.length).toBeGreaterThan(60);
  });

  it("run the same images: production takes by name what the sandbox has built", () => {
    const imageOf = (nodes: readonly Node[], id: RegExp) => {
      const node = nodes.find((candidate) => id.test(candidate.id));
      const spec = node?.inputs["taskSpec"] as { containerSpec: { image: string } } | undefined;
      return spec?.containerSpec.image ?? node?.inputs["image"];
    };
    for (const id of [/^Service .*-app-service$/, /^Service .*-static-service$/, /^Container .*-server$/]) {
      expect(imageOf(production.nodes, id)).toMatch(/^reference\/\w+:[0-9a-f]{12}$/);
      expect(imageOf(production.nodes, id)).toBe(imageOf(sandbox.nodes, id));
    }
  });
});

describe("a graph", () => {
  it("is the same under another stack's name: no component asks which environment it is in", async () => {
    for (const stack of ["production", "feature-login"]) {
      const other = await declared(stack, sandbox.settings);
      expect(differences(sandbox, other), stack).toEqual([]);
    }
  });

  it("differs when a component asks for its environment", async () => {
    const asking = async (stack: string, settings: EnvironmentSettings) => {
      const nodes = await registeredBy(stack, `reference-${stack}`, () => {
        const environment = new Environment(stack, settings);
        if (stack === "production") new docker.Volume(`reference-${stack}-backup`, {}, { parent: environment });
      });
      return { ...(stack === "production" ? production : sandbox), nodes };
    };
    const [one, other] = [await asking("sandbox", sandbox.settings), await asking("production", production.settings)];
    expect(differences(one, other)).toEqual(["Volume <environment>-backup is in reference-production only"]);
  });

  it.each<[what: string, id: RegExp, change: (node: Node) => Node | undefined, seen: RegExp]>([
    ["lacks a resource", /^Extension /, () => undefined, /^Extension .* is in reference-sandbox only$/],
    [
      "has a service with another user",
      /^Service .*-etl-service$/,
      (node) => withInput(node, ["taskSpec", "containerSpec", "user"], "0:0"),
      /^Service <environment>-etl-service: inputs\.taskSpec\.containerSpec\.user is "10001:10001" and "0:0"$/,
    ],
    [
      "has a variable more",
      /^Service .*-app-service$/,
      (node) => withInput(node, ["taskSpec", "containerSpec", "env", "EXTRA"], "1"),
      /env\.EXTRA is undefined and "1"$/,
    ],
    [
      "has another value of a variable",
      /^Service .*-app-service$/,
      (node) => withInput(node, ["taskSpec", "containerSpec", "env", "DJANGO_DEBUG"], "1"),
      /env\.DJANGO_DEBUG is "0" and "1"$/,
    ],
    [
      "has origins with another port",
      /^Service .*-app-service$/,
      (node) =>
        withInput(
          node,
          ["taskSpec", "containerSpec", "env", "DJANGO_CSRF_TRUSTED_ORIGINS"],
          "https://airways.example.com:444",
        ),
      /env\.DJANGO_CSRF_TRUSTED_ORIGINS is /,
    ],
    [
      "has more tasks than the setting says",
      /^Service .*-app-service$/,
      (node) => withInput(node, ["mode", "replicated", "replicas"], 5),
      /inputs\.mode\.replicated\.replicas is "<app\.replicas>" and 5$/,
    ],
    [
      "has more memory than the setting says",
      /^Container .*-server$/,
      (node) => withInput(node, ["memory"], 1),
      /inputs\.memory is "<database\.memoryMiB>" and 1$/,
    ],
    [
      "reaches the outside although the setting says no",
      /^Network .*-data$/,
      (node) => withInput(node, ["internal"], true),
      /inputs\.internal is "<network\.outside>" and true$/,
    ],
    [
      "keeps a volume that the setting does not protect",
      /^Volume .*-static$/,
      (node) => ({ ...node, protect: true }),
      /^Volume <environment>-static: protect is false and true$/,
    ],
    [
      "hangs on another parent",
      /^Network .*-data$/,
      (node) => ({ ...node, parent: "Environment reference-production" }),
      /: parent is "Networks <environment>-networks" and "Environment <environment>"$/,
    ],
    [
      "waits for less",
      /^DjangoApp /,
      (node) => ({ ...node, dependencies: [] }),
      /^DjangoApp <environment>: dependencies\.0 is "Stash <environment>-migration-applied" and undefined$/,
    ],
    [
      "has lost a hook",
      /^Stash .*-migration-applied$/,
      (node) => ({ ...node, hooks: {} }),
      /: hooks\.beforeCreate is .* and undefined$/,
    ],
    [
      "gives other rights",
      /^DefaultPrivileges .*-report-tables$/,
      (node) => withInput(node, ["privileges"], ["SELECT", "INSERT"]),
      /: inputs\.privileges\.1 is undefined and "INSERT"$/,
    ],
  ])("differs when production %s", (_, id, change, seen) => {
    expect(differences(sandbox, changed(id, change))).toContainEqual(expect.stringMatching(seen));
  });

  it("differs when the gateway is configured in another way", () => {
    const other = changed(/^ServiceConfig /, (node) => {
      const text = Buffer.from(String(node.inputs["data"]), "base64").toString().replace("http2 on;", "http2 off;");
      return withInput(node, ["data"], Buffer.from(text).toString("base64"));
    });
    expect(differences(sandbox, other)).toEqual([
      expect.stringMatching(
        /^ServiceConfig <environment>-nginx: inputs\.data\.\d+ is " {4}http2 on;" and " {4}http2 off;"$/,
      ),
    ]);
  });
});
