import path from "node:path";
import { environmentName } from "../../components/engine-objects.ts";
import type { Declaration, DeclaredObject } from "../run/declaration.ts";
import type { FunctionalTests } from "../run/tests/functional-tests.ts";
import type { LoadedStack } from "./run-context.ts";

const MEBIBYTE = 1024 * 1024;

/** The project's tests by a stack's settings, and what they are run with by its state. */
export function functionalTests(
  { stack, settings }: Pick<LoadedStack, "stack" | "settings">,
  declaration: Declaration,
): FunctionalTests {
  const environment = environmentName(settings.app.name, stack);
  const { baseUrlVariable, dockerfile, memoryMiB, suites } = settings.tests;
  return {
    suites,
    baseUrlVariable,
    dockerfile,
    baseImage: settings.images.base,
    memoryBytes: memoryMiB * MEBIBYTE,
    project: settings.app.name,
    etlUrl: declaredSecrets(declaration, `${environment}-etl`)["DATABASE_URL"],
  };
}

/** What a service's tasks are given as secrets, by name of the variable. */
export function declaredSecrets({ services, secrets }: Declaration, name: string): Record<string, string> {
  const service = services.find((declared) => declared.name === name);
  return Object.fromEntries(
    mountedSecrets(service).flatMap(({ secretId, fileName }) => {
      const data = secrets.find(({ id }) => id === secretId)?.inputs["data"];
      const variable = path.posix.basename(fileName);
      return typeof data === "string" ? [[variable, Buffer.from(data, "base64").toString("utf8")]] : [];
    }),
  );
}

function mountedSecrets(service: DeclaredObject | undefined): readonly { secretId: string; fileName: string }[] {
  const inputs = service?.inputs as
    | { taskSpec?: { containerSpec?: { secrets?: { secretId: string; fileName: string }[] } } }
    | undefined;
  return inputs?.taskSpec?.containerSpec?.secrets ?? [];
}
