import { beforeAll, describe, expect, it } from "vitest";
import { type Deployment, deploy } from "./deployment.ts";
import { isSecret, type Node, passwordOf } from "./graph.ts";
import { GIVEN_SECRET, productionSettings, sandboxSettings } from "./settings.ts";

const GENERATED = [
  "django-secret-key",
  "admin-password",
  "database-superuser",
  ...["owner", "app", "etl", "report"].map((role) => `database-roles-${role}-password`),
];

const EXTERNAL_PASSWORD = "external-server-password";

/** All texts of a value, with whether they lie under a mark; what is encoded is there decoded too. */
function* texts(value: unknown, marked = false): Generator<{ text: string; marked: boolean }> {
  if (isSecret(value)) yield* texts(value.value, true);
  else if (typeof value === "string") {
    yield { text: value, marked };
    yield { text: Buffer.from(value, "base64").toString("utf8"), marked };
  } else if (typeof value === "object" && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      yield { text: key, marked };
      yield* texts(inner, marked);
    }
  }
}

/** Ids of the resources that hold one of the secrets in an input that is not marked. */
function inClear(nodes: readonly Node[], secrets: readonly string[]): string[] {
  return nodes
    .filter(({ inputs }) =>
      [...texts(inputs)].some(({ text, marked }) => !marked && secrets.some((secret) => text.includes(secret))),
    )
    .map(({ id }) => id);
}

/** What lies under marks anywhere: private keys and verifiers that are made on the way are found so. */
function markedTexts(nodes: readonly Node[]): string[] {
  const found = nodes.flatMap(({ inputs }) =>
    [...texts(inputs)].filter(({ marked }) => marked).map(({ text }) => text),
  );
  // Certificates are public; short words such as names of keys are no secrets.
  return [...new Set(found)].filter(
    (text) => text.length >= 12 && !text.includes("BEGIN CERTIFICATE") && text !== "intermediateKey",
  );
}

describe.each(["sandbox", "production", "external"] as const)("the inputs of %s", (form) => {
  let deployment: Deployment;
  let secrets: string[];

  beforeAll(async () => {
    if (form === "sandbox") deployment = await deploy("sandbox", sandboxSettings);
    else if (form === "external") {
      const server = { host: "db.example.com", username: "admin", password: EXTERNAL_PASSWORD };
      deployment = await deploy("sandbox", (host) =>
        sandboxSettings(host, { database: { server, snapshot: "none" }, network: { outside: true } }),
      );
    } else {
      const image = (name: string) => `reference/${name}:1234@sha256:${"a".repeat(64)}`;
      const release = {
        application: image("application"),
        static: image("static"),
        gateway: image("gateway"),
        postgres: image("postgres"),
      };
      deployment = await deploy("production", (host) => productionSettings(host, release));
    }
    secrets = [GIVEN_SECRET, ...GENERATED.map(passwordOf), "PRIVATE KEY"];
    if (form === "external") secrets.push(EXTERNAL_PASSWORD);
  });

  it("hold every secret somewhere, so that the search below finds what it looks for", () => {
    const marked = markedTexts(deployment.nodes).join("\n");
    const unused = form === "external" ? [passwordOf("database-superuser")] : [];
    // Only migrations, which run outside of the engine's resources, and people log in as administrator.
    const elsewhere = [...unused, passwordOf("admin-password")];
    for (const secret of secrets.filter((text) => !elsewhere.includes(text))) expect(marked).toContain(secret);
  });

  it("hold none of them in clear", () => {
    expect(inClear(deployment.nodes, secrets)).toEqual([]);
  });

  it("hold nothing in clear that is marked elsewhere", () => {
    const marked = markedTexts(deployment.nodes);
    expect(marked.length).toBeGreaterThan(8);
    expect(inClear(deployment.nodes, marked)).toEqual([]);
  });

  it("are searched in full: one that is put in clear is found, encoded or not", () => {
    for (const text of [GIVEN_SECRET, Buffer.from(`postgres://app:${GIVEN_SECRET}@x`).toString("base64")]) {
      const leaking = deployment.nodes.map((node) =>
        node.name.endsWith("-app-service") ? { ...node, inputs: { taskSpec: { env: [{ KEY: text }] } } } : node,
      );
      expect(inClear(leaking, secrets)).toEqual([expect.stringMatching(/-app-service$/)]);
    }
  });
});
