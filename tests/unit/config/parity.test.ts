import { describe, expect, it } from "vitest";
import { fileSettings } from "../../../config/load-settings.ts";
import { parityFaults } from "../../../config/parity.ts";
import { settingEntries } from "../../../config/settings.ts";
import { changed } from "./raw-settings.ts";

const SANDBOX = "Pulumi.sandbox.yaml";
const PRODUCTION = "Pulumi.production.yaml";

function faults(sandbox: Record<string, unknown>, production: Record<string, unknown>): string[] {
  return parityFaults({ name: SANDBOX, raw: changed(sandbox) }, { name: PRODUCTION, raw: changed(production) });
}

describe("the files of two environments", () => {
  it("may differ in exactly the settings that say so", () => {
    for (const { section, key, meta } of settingEntries()) {
      const place = `${section}.${key}`;
      const found = faults({ [place]: { A: "1" } }, { [place]: { A: "2" } });
      if (meta.differs === "no") {
        expect(found, place).toEqual([
          `rehearsal:${place} must be the same in every environment; found {"A":"1"} in ${SANDBOX} and {"A":"2"} in ` +
            `${PRODUCTION}. What the rehearsal has not seen would run in production.`,
        ]);
      } else expect(found, place).toEqual([]);
    }
  });

  it("must hold the same keys, even where a value may differ", () => {
    expect(faults({ "app.replicas": 2 }, {})).toEqual([
      `rehearsal:app.replicas stands in ${SANDBOX} and not in ${PRODUCTION}; both must hold the same keys. Add it to ${PRODUCTION}.`,
    ]);
    expect(faults({}, { "gateway.port": 443 })).toEqual([
      `rehearsal:gateway.port stands in ${PRODUCTION} and not in ${SANDBOX}; both must hold the same keys. Add it to ${SANDBOX}.`,
    ]);
  });

  it("must set the same variables, whatever their values", () => {
    expect(faults({ "app.environment": { A: "1", B: "1" } }, { "app.environment": { B: "2", C: "2" } })).toEqual([
      `rehearsal:app.environment.C is not set in ${SANDBOX}; a variable must be set in every environment, its value may differ. Add it to ${SANDBOX}.`,
      `rehearsal:app.environment.A is not set in ${PRODUCTION}; a variable must be set in every environment, its value may differ. Add it to ${PRODUCTION}.`,
    ]);
  });

  it("are compared as they stand, encrypted values too", () => {
    const secret = (secure: string) => ({ "app.secrets": { API_KEY: { secure } } });
    expect(faults(secret("v1:one"), secret("v1:other"))).toEqual([]);
  });
});

it("holds for the sandbox and production of this project", () => {
  const raw = (file: string) => fileSettings(file, "rehearsal") ?? expect.fail(`${file} is missing`);
  const [sandbox, production] = [raw(SANDBOX), raw(PRODUCTION)];
  expect(parityFaults({ name: SANDBOX, raw: sandbox }, { name: PRODUCTION, raw: production })).toEqual([]);
});
