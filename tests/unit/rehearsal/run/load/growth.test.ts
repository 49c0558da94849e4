import { describe, expect, it } from "vitest";
import { growth, growthFindings } from "../../../../../rehearsal/run/load/growth.ts";
import { samples, task } from "./samples.ts";

const MEBIBYTE = 1024 * 1024;

const points = (value: (index: number) => number) =>
  Array.from({ length: 40 }, (_, index) => ({ requests: index * 40, value: value(index) }));

describe("growth with requests", () => {
  it("is seen where each request leaves something", () => {
    expect(
      growth(
        points((index) => 100 + index),
        10,
      ),
    ).toMatchObject({ from: 115, to: 135, requests: 800 });
  });

  it.each([
    ["stays", () => 100],
    ["goes up and down", (index: number) => 100 + (index % 7) * 5],
    ["is filled once and then full", (index: number) => 100 + 50 * (1 - Math.exp(-index / 10))],
    ["jumps once", (index: number) => (index < 15 ? 100 : 140)],
    ["grows by less than any process does", (index: number) => 100 + index / 10],
  ])("is not seen where it %s", (_what, value) => {
    expect(growth(points(value), 10)).toBeUndefined();
  });

  it("is not judged from a handful of looks", () => {
    expect(growth(points((index) => index).slice(0, 5), 0)).toBeUndefined();
  });
});

describe("a leak", () => {
  const rising = (index: number) => 100 * MEBIBYTE + index * MEBIBYTE;

  it("of memory stops the release where the limit is near", () => {
    const steady = samples(40, (index) => ({ tasks: [task({ memoryBytes: rising(index) })] }));
    const rest = samples(4, () => ({ tasks: [task({ memoryBytes: rising(40) })] }));
    const [finding, ...others] = growthFindings(steady, rest, {});
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ id: "load.memory-leak", severity: "blocking", subject: "memory of a task of app" });
    expect(finding?.cause).toContain("limit of 403 MB");
  });

  it("is told once of a service whose tasks all have it", () => {
    const steady = samples(40, (index) => ({
      tasks: ["one", "two"].map((container) => task({ container, memoryBytes: rising(index) })),
    }));
    expect(growthFindings(steady, [], {})).toHaveLength(1);
  });

  it("is none where it is given back when nobody asks", () => {
    const steady = samples(40, (index) => ({ tasks: [task({ memoryBytes: rising(index) })] }));
    const rest = samples(4, () => ({ tasks: [task()] }));
    expect(growthFindings(steady, rest, {})).toEqual([]);
  });

  it("of connections is seen beyond what all threads may open", () => {
    const steady = samples(40, (index) => ({ connections: { app: 8 + index } }));
    expect(growthFindings(steady, [], { app: 21 })).toMatchObject([
      { id: "load.connections-leak", severity: "blocking", subject: "connections of role app to the database" },
    ]);
    // Threads open theirs one after the other.
    expect(growthFindings(steady, [], { app: 60 })).toEqual([]);
    // Somebody else's role.
    expect(growthFindings(steady, [], { etl: 1 })).toEqual([]);
  });

  it.each([
    ["files", "load.files-leak"],
    ["processes", "load.threads-leak"],
  ])("of %s is seen though nothing bounds them", (what, id) => {
    const steady = samples(40, (index) => ({ tasks: [task({ [what]: 40 + index })] }));
    expect(growthFindings(steady, [], {})).toMatchObject([{ id, severity: "warning" }]);
  });
});
