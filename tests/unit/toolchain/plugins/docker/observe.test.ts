import { describe, expect, test } from "vitest";
import { observe } from "../../../../../toolchain/plugins/docker/observe.ts";
import {
  block,
  count,
  decimal,
  duration,
  flag,
  labelSet,
  list,
  setOf,
  text,
  textMap,
  textSet,
} from "../../../../../toolchain/plugins/docker/specs.ts";

describe("what a refresh takes over", () => {
  test.each([
    ["a duration in another spelling", duration(), "60s", "1m"],
    ["a decimal in another spelling", decimal(), "0.10", "0.1"],
    ["a set in another order", textSet(), ["b", "a"], ["a", "b"]],
    ["a default that is spelled out", count({ default: 3 }), 3, 3],
    ["an empty list where nothing is", textSet(), [], []],
    [
      "entries of a set with their defaults",
      setOf(block({ name: text(), mode: count({ default: 7 }) })),
      [{ name: "b" }, { name: "a" }],
      [
        { name: "a", mode: 7 },
        { name: "b", mode: 7 },
      ],
    ],
    [
      "parts of a block that the engine adds as empty",
      block({ a: text(), b: flag() }),
      { a: "x" },
      { a: "x", b: false },
    ],
  ])("is nothing for %s", (_what, spec, declared, live) => {
    expect(observe({ property: spec }, { property: declared }, { property: live })).toEqual({ property: declared });
  });

  test("is nothing for what was not declared and is as by default, or chosen by the engine", () => {
    const specs = { plain: flag(), preset: text({ default: "no" }), chosen: text({ computedIfUnset: true }) };
    expect(observe(specs, {}, { plain: false, preset: "no", chosen: "something" })).toEqual({});
  });

  test("is what differs, and only that", () => {
    const specs = { spec: block({ env: textMap(), delay: duration(), ports: list(block({ port: count() })) }) };
    expect(
      observe(
        specs,
        { spec: { env: { A: "1" }, delay: "60s", ports: [{ port: 1 }] } },
        { spec: { env: { A: "1", B: "" }, delay: "1m", ports: [{ port: 2 }] } },
      ),
    ).toEqual({ spec: { env: { A: "1", B: "" }, delay: "60s", ports: [{ port: 2 }] } });
  });

  test("leaves the declared entries of a set that are still there as they were", () => {
    const declared = [
      { label: "b", value: "1" },
      { label: "gone", value: "1" },
    ];
    const live = [
      { label: "added", value: "1" },
      { label: "b", value: "1" },
    ];
    expect(observe({ labels: labelSet() }, { labels: declared }, { labels: live })).toEqual({
      labels: [
        { label: "b", value: "1" },
        { label: "added", value: "1" },
      ],
    });
  });

  test("tells an empty value in a map from none", () => {
    expect(observe({ env: textMap() }, { env: { A: "" } }, { env: {} })).toEqual({ env: {} });
    expect(observe({ env: textMap() }, { env: { A: "" } }, { env: { A: "" } })).toEqual({ env: { A: "" } });
  });

  test("drops what was declared and is gone", () => {
    expect(observe({ config: block({ a: text() }) }, { config: { a: "x" } }, { config: undefined })).toEqual({});
  });

  test("keeps what cannot be read back", () => {
    expect(observe({ a: text(), b: text() }, { a: "x", b: "y" }, { a: "x" })).toEqual({ a: "x", b: "y" });
  });
});
