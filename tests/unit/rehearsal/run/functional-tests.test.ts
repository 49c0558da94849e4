import { expect, it } from "vitest";
import { declaredSecrets, functionalTests } from "../../../../rehearsal/commands/run-tests.ts";
import { readDeclaration } from "../../../../rehearsal/run/declaration.ts";
import { changed, parsed } from "../../config/raw-settings.ts";

const SECRET_MARK = "4dabf18193072939515e22adb298388d";

function secret(name: string, value: string) {
  const data = { [SECRET_MARK]: "1b47061264138c4ac30d75fd1eb44270", plaintext: JSON.stringify(btoa(value)) };
  return { type: "docker:index/secret:Secret", urn: `urn::${name}`, id: `id-${name}`, inputs: { name, data } };
}

function service(name: string, secrets: Readonly<Record<string, string>>) {
  const mounted = Object.entries(secrets).map(([variable, id]) => ({
    secretId: `id-${id}`,
    fileName: `/run/secrets/${variable}`,
  }));
  return {
    type: "docker:index/service:Service",
    urn: `urn::${name}`,
    id: name,
    inputs: { name, taskSpec: { containerSpec: { secrets: mounted } } },
  };
}

it("gives tests what the application is given, and where the ETL worker writes", () => {
  const declaration = readDeclaration([
    secret("app-url", "postgres://app"),
    secret("etl-url", "postgres://etl"),
    secret("key", "signing"),
    service("shop-sandbox-app", { DATABASE_URL: "app-url", DJANGO_SECRET_KEY: "key" }),
    service("shop-sandbox-etl", { DATABASE_URL: "etl-url", DJANGO_SECRET_KEY: "key" }),
  ]);
  const settings = parsed(changed({ "app.name": "shop", "tests.suites": [{ id: "api", command: ["pytest"] }] }));
  const tests = functionalTests({ stack: "sandbox", settings }, declaration);
  expect(declaredSecrets(declaration, "shop-sandbox-app")).toEqual({
    DATABASE_URL: "postgres://app",
    DJANGO_SECRET_KEY: "signing",
  });
  expect(tests).toMatchObject({
    etlUrl: "postgres://etl",
    suites: [{ id: "api", timeoutSeconds: 600, database: "environment" }],
    baseUrlVariable: "STAGING_SERVER",
    project: "shop",
    baseImage: "debian:trixie-slim",
    memoryBytes: 1024 ** 3,
  });
});
