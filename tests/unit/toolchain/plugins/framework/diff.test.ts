import { describe, expect, it } from "vitest";
import { diffInputs, topLevel } from "../../../../../toolchain/plugins/framework/diff.ts";
import { observedInputs, type PropertySpecs, UNKNOWN } from "../../../../../toolchain/plugins/framework/provider.ts";

const specs: PropertySpecs = {
  name: { type: "string", forceNew: true },
  count: { type: "number" },
  tags: { type: "array", items: { type: "string" }, set: true },
  args: { type: "array", items: { type: "string" } },
  labels: { type: "map", items: { type: "string" } },
  disk: { type: "object", properties: { kind: { type: "string", forceNew: true }, size: { type: "number" } } },
  mode: { type: "string", default: "fast" },
  owner: { type: "string", computedIfUnset: true },
};

describe("the comparison of inputs", () => {
  it("names each innermost difference by its path and says whether it replaces", () => {
    const olds = { name: "a", count: 1, args: ["x", "y"], labels: { "a.b": "1" }, disk: { kind: "ssd", size: 1 } };
    const news = { name: "b", args: ["x", "z", "w"], labels: { "a.b": "2" }, disk: { kind: "hdd", size: 1 } };
    expect(diffInputs(specs, olds, news)).toEqual([
      { path: "args[1]", kind: "update", replace: false },
      { path: "args[2]", kind: "add", replace: false },
      { path: "count", kind: "delete", replace: false },
      { path: "disk.kind", kind: "update", replace: true },
      { path: 'labels["a.b"]', kind: "update", replace: false },
      { path: "name", kind: "update", replace: true },
    ]);
  });

  it.each([
    ["an unset list and an empty one", {}, { args: [] }],
    ["an unset map and an empty one", { labels: {} }, {}],
    ["an unset number and 0", {}, { count: 0 }],
    ["a set in another order", { tags: ["a", "b"] }, { tags: ["b", "a"] }],
    ["the framework's own entries", { __defaults: ["name"] }, { __defaults: [] }],
  ])("takes as equal %s", (_, olds, news) => {
    expect(diffInputs(specs, olds, news)).toEqual([]);
  });

  it("tells sets apart that have the same members in other numbers", () => {
    expect(diffInputs(specs, { tags: ["a", "a", "b"] }, { tags: ["a", "b", "b"] })).not.toEqual([]);
  });

  it("takes an unknown value for a change, also inside a list", () => {
    expect(diffInputs(specs, { name: "a", args: ["x"] }, { name: UNKNOWN, args: [UNKNOWN] })).toEqual([
      { path: "args[0]", kind: "update", replace: false },
      { path: "name", kind: "update", replace: true },
    ]);
  });
});

describe("a property path", () => {
  it.each([
    ["name", "name"],
    ["disk.kind", "disk"],
    ["args[1]", "args"],
  ])("%s begins with %s", (path, first) => {
    expect(topLevel(path)).toBe(first);
  });
});

describe("the inputs that a read returns", () => {
  it("keep the program's spelling where nothing differs, and take what is observed where it does", () => {
    const inputs = { name: "a", tags: ["b", "a"], count: 1, mode: "fast" };
    const observed = { name: "a", tags: ["a", "b"], count: 2, mode: "fast", args: [], disk: { kind: "ssd" } };
    expect(observedInputs(specs, inputs, observed)).toEqual({
      name: "a",
      tags: ["b", "a"],
      count: 2,
      mode: "fast",
      disk: { kind: "ssd" },
    });
  });

  it("leave out what the provider fills in, but for an import", () => {
    expect(observedInputs(specs, { name: "a" }, { name: "a", owner: "me" })).toEqual({ name: "a" });
    expect(observedInputs(specs, {}, { name: "a", owner: "me" })).toEqual({ name: "a", owner: "me" });
  });
});
