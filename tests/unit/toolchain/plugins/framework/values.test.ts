import { describe, expect, it } from "vitest";
import { configurationFrom } from "../../../../../toolchain/plugins/framework/configuration.ts";
import { containsUnknown, Secret, UNKNOWN } from "../../../../../toolchain/plugins/framework/provider.ts";
import { fromStruct, toStruct } from "../../../../../toolchain/plugins/framework/values.ts";

describe("property values on the wire", () => {
  it("come back as they were sent, secrets unwrapped", () => {
    const properties = {
      text: "a",
      list: [1, null, { deep: true }],
      secret: new Secret({ in: "side" }),
      open: UNKNOWN,
    };
    expect(fromStruct(toStruct({ ...properties, left: undefined }))).toEqual({
      text: "a",
      list: [1, null, { deep: true }],
      secret: { in: "side" },
      open: UNKNOWN,
    });
  });

  it("mark secrets with Pulumi's signature", () => {
    expect(toStruct({ secret: new Secret("x") }).toJavaScript()).toEqual({
      secret: { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value: "x" },
    });
  });

  it("are unknown where any part is", () => {
    expect(containsUnknown({ a: [{ b: UNKNOWN }] })).toBe(true);
    expect(containsUnknown({ a: [{ b: 1 }] })).toBe(false);
  });
});

describe("a provider's configuration", () => {
  const subject = { plugin: "example", version: "1.0.0", what: "the provider's configuration" };

  it("is read from JSON text, but for strings", () => {
    const specs = { port: { type: "number" }, tls: { type: "object" }, password: { type: "string" } } as const;
    const args = { port: "5432", tls: '{"on":true}', password: "1234", version: "3.0.0" };
    expect(configurationFrom(subject, specs, args)).toEqual({
      inputs: { port: 5432, tls: { on: true }, password: "1234" },
      failures: [],
    });
  });

  it("is refused by name where it is not known", () => {
    const { failures } = configurationFrom(subject, {}, { region: "x" });
    expect(failures.map(({ property }) => property)).toEqual(["region"]);
  });
});
