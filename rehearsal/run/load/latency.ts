import type { Finding } from "../../finding.ts";
import { duration } from "../../report/format.ts";
import { lostReplies } from "./lost.ts";
import type { Targets } from "./targets.ts";
import type { Reply } from "./traffic.ts";

/** How long answers took, in milliseconds. */
export interface Latency {
  /** Median and number by path of a page. */
  readonly pages: Readonly<Record<string, { readonly median: number; readonly count: number }>>;
  /** Of all pages. */
  readonly p99: number;
  /** Of the asset, which the application has no part in. */
  readonly asset: { readonly median: number; readonly p95: number };
  readonly answersPerSecond: number;
}

/** With fewer answers a median says little. */
const ENOUGH = 15;
/** With fewer answers the slowest of a hundred is chance. */
const ENOUGH_FOR_P99 = 300;
/** Less than this nobody notices. */
const NOTICED_MILLISECONDS = { median: 50, p99: 250 };

/** Summarises the answers of a time in which nothing was changed. */
export function latencyOf(replies: readonly Reply[], targets: Targets, seconds: number): Latency {
  const answered = replies.filter((reply) => lostReplies([reply], targets).length === 0);
  const times = (paths: readonly string[]) =>
    answered.filter(({ path }) => paths.includes(path)).map(({ milliseconds }) => milliseconds);
  const assets = times([targets.asset]);
  return {
    pages: Object.fromEntries(
      targets.pages.map((path) => {
        const own = times([path]);
        return [path, { median: quantile(own, 0.5), count: own.length }];
      }),
    ),
    p99: quantile(times(targets.pages), 0.99),
    asset: { median: quantile(assets, 0.5), p95: quantile(assets, 0.95) },
    answersPerSecond: answered.length / seconds,
  };
}

/**
 * What has become slower. A machine that is busier than then makes all slower, the asset too: so much does not count.
 *
 * @param slower how many times as long an answer may take
 * @param name what is compared with, in words
 */
export function slowerFindings(now: Latency, before: Latency, slower: number, name: string): Finding[] {
  const busier = {
    median: Math.max(1, now.asset.median / before.asset.median || 1),
    p99: Math.max(1, now.asset.p95 / before.asset.p95 || 1),
  };
  const isSlower = (one: number, other: number, kind: keyof typeof busier) =>
    one > other * busier[kind] * slower && one - other * busier[kind] > NOTICED_MILLISECONDS[kind];
  const words = (milliseconds: number) => duration(milliseconds / 1000);
  const evidence = [
    `the static file, to compare the machine with: ${words(before.asset.median)} then, ${words(now.asset.median)} now`,
  ];
  const findings = Object.entries(now.pages).flatMap(([path, page]): Finding[] => {
    const then = before.pages[path];
    if (then === undefined || page.count < ENOUGH || then.count < ENOUGH) return [];
    if (!isSlower(page.median, then.median, "median")) return [];
    return [
      {
        id: "load.slower",
        severity: "blocking",
        subject: `the page ${path}`,
        cause: `an answer takes ${words(page.median)} under load (median); in ${name} it took ${words(then.median)}`,
        consequence: "Under production's load workers are busy with it, and all other pages wait.",
        remedy:
          "Look for an index that is gone, queries in a loop, calls of other services; load.slower is the tolerance.",
        evidence,
      },
    ];
  });
  const enough = (of: Latency) => Object.values(of.pages).reduce((sum, page) => sum + page.count, 0) >= ENOUGH_FOR_P99;
  if (findings.length > 0 || !enough(now) || !enough(before) || !isSlower(now.p99, before.p99, "p99")) return findings;
  return [
    {
      id: "load.slower-p99",
      severity: "warning",
      subject: "the slowest answers",
      cause: `one page of a hundred takes more than ${words(now.p99)} under load; in ${name} it was ${words(before.p99)}`,
      consequence: "Some visitors wait much longer than they did.",
      remedy:
        "Look for locks, caches that are filled in a request, and garbage collection; load.slower is the tolerance.",
      evidence,
    },
  ];
}

/** The value that so large a share of values is not above; 0 without any. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
