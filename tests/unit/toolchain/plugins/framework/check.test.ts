import { describe, expect, it } from "vitest";
import {
  checkProperties,
  defaultsOf,
  fillAutoName,
  markSecrets,
} from "../../../../../toolchain/plugins/framework/check.ts";
import { type PropertySpecs, Secret, UNKNOWN } from "../../../../../toolchain/plugins/framework/provider.ts";

const subject = { plugin: "example", version: "1.2.3", what: "the resource type example:index:Thing" };

const specs: PropertySpecs = {
  name: { type: "string", required: true },
  size: { type: "number", default: 3 },
  on: { type: "boolean" },
  labels: { type: "map", items: { type: "string" } },
  ports: {
    type: "array",
    items: {
      type: "object",
      properties: { internal: { type: "number", required: true }, ip: { type: "string", default: "::" } },
    },
  },
  token: { type: "string", secret: true },
  address: { type: "string", computed: true },
  exotic: { type: "any", unsupported: true },
};

describe("the general check of properties", () => {
  it("fills in defaults, also inside objects, and coerces as the official plugins do", () => {
    const result = checkProperties(subject, specs, {
      name: "a",
      size: "5",
      on: "true",
      labels: { count: 1 },
      ports: [{ internal: 80 }],
    });
    expect(result).toEqual({
      inputs: { name: "a", size: 5, on: true, labels: { count: "1" }, ports: [{ internal: 80, ip: "::" }] },
      failures: [],
    });
  });

  it("leaves unknown values unknown and lets them stand for required ones", () => {
    const { inputs, failures } = checkProperties(subject, specs, { name: UNKNOWN, ports: UNKNOWN });
    expect(inputs).toEqual({ name: UNKNOWN, ports: UNKNOWN, size: 3 });
    expect(failures).toEqual([]);
  });

  it("reports every fault at once, each with its path", () => {
    const { failures } = checkProperties(subject, specs, {
      size: "many",
      labels: [],
      ports: [{ internal: 80, host: 1 }, {}],
      address: "x",
      exotic: {},
      misspelt: 1,
    });
    expect(failures.map(({ property }) => property).sort()).toEqual([
      "address",
      "exotic",
      "labels",
      "misspelt",
      "name",
      "ports[0].host",
      "ports[1].internal",
      "size",
    ]);
    const reasons = Object.fromEntries(failures.map(({ property, reason }) => [property, reason]));
    expect(reasons["misspelt"]).toContain(
      'The property "misspelt" of the resource type example:index:Thing is not supported',
    );
    expect(reasons["misspelt"]).toContain("pulumi plugin install resource example v1.2.3");
    expect(reasons["address"]).toContain("is an output");
    expect(reasons["size"]).toContain("must be of type number; found string");
  });

  it("does not show a value of the wrong type, which may be a secret", () => {
    const { failures } = checkProperties(subject, specs, { name: "a", token: ["hidden"] });
    expect(JSON.stringify(failures)).not.toContain("hidden");
  });
});

describe("names that the program leaves open", () => {
  const seed = Buffer.from("0123456789abcdef", "hex");

  it("are the resource's name and seven hexadecimal digits", () => {
    const inputs = fillAutoName("name", {}, {}, "web", seed);
    expect(inputs["name"]).toBe("web-0123456");
    expect(defaultsOf(inputs)).toEqual(["name"]);
  });

  it("stay as they were made", () => {
    const first = fillAutoName("name", {}, {}, "web", seed);
    expect(fillAutoName("name", {}, first, "web", Buffer.from("ffffffffffffffff", "hex"))["name"]).toBe("web-0123456");
  });

  it("are made when the program stops giving one, and are not made when it gives one", () => {
    expect(fillAutoName("name", {}, { name: "given" }, "web", seed)["name"]).toBe("web-0123456");
    expect(fillAutoName("name", { name: "given" }, {}, "web", seed)).toEqual({ name: "given" });
  });
});

describe("secrets", () => {
  it("are marked by the specification, in lists and maps too, and once", () => {
    const nested: PropertySpecs = {
      token: { type: "string", secret: true },
      users: { type: "array", items: { type: "object", properties: { password: { type: "string", secret: true } } } },
      plain: { type: "string" },
    };
    const already = new Secret("t");
    expect(markSecrets(nested, { token: already, users: [{ password: "p" }], plain: "x" })).toEqual({
      token: already,
      users: [{ password: new Secret("p") }],
      plain: "x",
    });
  });
});
