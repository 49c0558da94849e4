import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SmokeBench } from "./smoke-bench.ts";

const anyDigest = expect.stringMatching(/^[0-9a-f]{16}$/) as string;

let smokes: SmokeBench;

beforeAll(async () => {
  smokes = await SmokeBench.open("images-test-kinds-answers");
}, 900_000);

afterAll(async () => {
  await smokes.remove();
});

describe("what run smoke tells of answers", { timeout: 120_000 }, () => {
  it("tells what pages, downloads and the API answer, without what differs by itself", async () => {
    await smokes.prepare("answered");
    const smoke = await smokes.start("answered");
    const from = smoke.events.length;
    smoke.tell("answers");
    const answers = (await smoke.next("round", from)).filter(
      ({ event, values = {} }) => event === "answer" && Object.keys(values).length > 0,
    );
    const told = (...sample: string[]) => ({
      count: sample.length,
      filled: sample.length,
      digest: anyDigest,
      numeric: false,
      sample,
    });
    expect(answers.map(({ path, values }) => [path, values])).toEqual([
      [
        "/api/",
        {
          "countries[]": {
            count: 3,
            filled: 3,
            digest: anyDigest,
            numeric: false,
            sample: expect.arrayContaining([expect.stringContaining("/aa/")]) as string[],
          },
        },
      ],
      ["/people/1/", { "the page, Places": told("Inn") }],
      ["/countries.csv", { Aland: told("Bland", "Cland") }],
      ["/api/countries/aa/", { name: told('"Aland"') }],
    ]);
    const asked = smoke.events.length;
    smoke.tell('ask ["/api/", "/absent/"]');
    const operations = (await smoke.next("round", asked))
      .filter(({ event }) => event === "operation")
      .map(({ operation, error }) => [operation, error]);
    expect(operations).toEqual([
      ["GET /api/", null],
      ["GET /absent/", "status 404"],
    ]);
    expect(await smoke.end()).toBe(0);
  });

  it("tells how much a process reads once and keeps in its memory", async () => {
    await smokes.prepare("remembered");
    const keptBy = async (variables: Readonly<Record<string, string>>) => {
      const smoke = await smokes.start("remembered", variables);
      smoke.tell("answers");
      const answers = (await smoke.next("round", 0)).filter(({ event }) => event === "answer");
      expect(await smoke.end()).toBe(0);
      return answers.filter(({ kept = 0 }) => kept > 0).map(({ path, kept }) => [path, kept]);
    };
    expect(await keptBy({})).toEqual([]);
    expect(await keptBy({ NAMES_ARE_KEPT: "1" })).toEqual([["/people/1/", 1]]);
  });

  it("tells what links hand on of a search, and what programs cannot read in other languages", async () => {
    await smokes.prepare("sought");
    const told = async (fault: string) => {
      const smoke = await smokes.start("sought", { SMOKE_PATHS: "/chart/?near=a,/people/1/", CHART: fault });
      smoke.tell("answers");
      const answers = (await smoke.next("round", 0)).filter(({ event }) => event === "answer");
      expect(await smoke.end()).toBe(0);
      return Object.fromEntries(
        answers.map(({ path = "", carried, localized }): [string, unknown] => [path, [carried, localized]]),
      ) as Record<string, unknown>;
    };
    expect(await told("")).toMatchObject({ "/chart/?near=a": [["near"], []], "/people/1/": [null, []] });
    expect(await told("forgetful")).toMatchObject({ "/chart/?near=a": [[], []] });
    expect(await told("localized")).toMatchObject({
      "/chart/?near=a": [["near"], ["rect width", "path d", "script"]],
    });
  });

  it("tells which pages say something else once rows have been changed", async () => {
    await smokes.prepare("changed");
    const effects = async (marked: string) => {
      const smoke = await smokes.start("changed", { SMOKE_PATHS: "/", MARKED: marked });
      const from = smoke.events.length;
      smoke.tell("effects");
      const events = await smoke.next("round", from);
      expect(await smoke.end()).toBe(0);
      expect(events.flatMap(({ event, path }) => (event === "page" ? [path] : []))).toEqual(
        expect.arrayContaining(["/", "/people/1/", "/countries.csv"]),
      );
      return Object.fromEntries(
        events.flatMap(({ event, operation, pages }) => (event === "effect" ? [[operation, pages]] : [])),
      ) as Record<string, string[]>;
    };
    const shown = await effects("");
    expect(shown["POST /admin/kinds/person/ mark"]).toEqual(["/", "/people/1/"]);
    expect(shown["DELETE kinds.Country, the newest"]).toEqual(expect.arrayContaining(["/countries.csv"]));
    expect(shown["INSERT kinds.Place, a day later"]).toEqual(["/people/1/"]);
    expect((await effects("elsewhere"))["POST /admin/kinds/person/ mark"]).toEqual([]);
  });
});
