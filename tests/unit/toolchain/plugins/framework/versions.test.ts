import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import { postgresqlProvider } from "../../../../../toolchain/plugins/postgresql/definition.ts";
import { randomProvider } from "../../../../../toolchain/plugins/random/definition.ts";

const require = createRequire(import.meta.url);

describe("a stand-in", () => {
  it.each([randomProvider, postgresqlProvider])(
    "has the version that the installed SDK asks for: $name",
    (definition) => {
      const manifest = JSON.parse(readFileSync(require.resolve(`@pulumi/${definition.name}/package.json`), "utf8")) as {
        pulumi: { name: string; version: string };
      };
      expect(manifest.pulumi).toMatchObject({ name: definition.name, version: definition.version });
    },
  );
});
