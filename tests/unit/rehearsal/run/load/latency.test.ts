import { describe, expect, it } from "vitest";
import { type Latency, latencyOf, slowerFindings } from "../../../../../rehearsal/run/load/latency.ts";
import { reply } from "./samples.ts";

const TARGETS = { pages: ["/", "/list/"], asset: "/static/site.1234.css" };

const latency = (medians: Record<string, number>, changes: Partial<Latency> = {}): Latency => ({
  pages: Object.fromEntries(Object.entries(medians).map(([path, median]) => [path, { median, count: 200 }])),
  p99: 100,
  asset: { median: 4, p95: 10 },
  answersPerSecond: 40,
  ...changes,
});
const BEFORE = latency({ "/": 20, "/list/": 30 });
const compared = (now: Latency) => slowerFindings(now, BEFORE, 3, "release r1");

describe("the time that answers take", () => {
  it("is summarised by path, without those that were lost", () => {
    const replies = [10, 20, 30].map((milliseconds) => reply("/", { milliseconds }));
    const lost = reply("/", { status: 0, milliseconds: 30_000 });
    const asset = reply(TARGETS.asset, { milliseconds: 3 });
    expect(latencyOf([...replies, lost, asset], TARGETS, 2)).toEqual({
      pages: { "/": { median: 20, count: 3 }, "/list/": { median: 0, count: 0 } },
      p99: 30,
      asset: { median: 3, p95: 3 },
      answersPerSecond: 2,
    });
  });

  it("may be a little longer than before", () => {
    expect(compared(latency({ "/": 50, "/list/": 75 }))).toEqual([]);
    // Three times as long, and nobody notices.
    expect(compared(latency({ "/": 65, "/list/": 30 }))).toEqual([]);
  });

  it("stops the release where a page takes many times as long", () => {
    const [finding, ...others] = compared(latency({ "/": 20, "/list/": 900 }));
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ id: "load.slower", severity: "blocking", subject: "the page /list/" });
    expect(finding?.cause).toContain("in release r1 it took 30 ms");
  });

  it("does not count as longer where the machine makes static files slower as well", () => {
    expect(compared(latency({ "/": 240, "/list/": 400 }, { asset: { median: 20, p95: 90 } }))).toEqual([]);
  });

  it("is not judged from a few answers, nor of a page that is new", () => {
    const few = { ...latency({}), pages: { "/list/": { median: 900, count: 3 } } };
    expect(compared(few)).toEqual([]);
    expect(compared(latency({ "/new/": 900 }))).toEqual([]);
  });

  it("warns where only the slowest answers take longer", () => {
    expect(compared(latency({ "/": 20, "/list/": 30 }, { p99: 2_000 }))).toMatchObject([
      { id: "load.slower-p99", severity: "warning" },
    ]);
  });
});
