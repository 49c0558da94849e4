import { describe, expect, it } from "vitest";
import type { CodeAnswer } from "../../../../rehearsal/migration/outgoing-code.ts";
import {
  answerFindings,
  differingAnswers,
  goneFindings,
  keptFindings,
  pathsWithoutAnswer,
} from "../../../../rehearsal/run/code/answers.ts";
import { effectFindings } from "../../../../rehearsal/run/code/effects.ts";
import { type CodeWork, codeFindings } from "../../../../rehearsal/run/code/judge.ts";
import { leastOf } from "../../../../rehearsal/run/code/memory.ts";
import { visitorFindings } from "../../../../rehearsal/run/code/visitors.ts";

const operation = (name: string, error: string | null = null, seconds = 0.01) => ({ operation: name, error, seconds });

function earlier(operations: CodeWork["operations"]): CodeWork {
  return { version: 1, environment: "e", release: "a", takenAt: "2026-01-01T00:00:00Z", operations };
}

const short = (findings: ReturnType<typeof codeFindings>) =>
  findings.map(({ id, severity, subject }) => `${severity} ${id} ${subject}`);

describe("what a release's code fails at", () => {
  it("is nothing where all succeeds", () => {
    expect(codeFindings([operation("GET /"), operation("INSERT shop.Order")], undefined)).toEqual([]);
  });

  it("stops the release: pages, reading and saving rows that are there, and what the database refuses", () => {
    const failed = [
      operation("GET /", "AttributeError: 'NoneType' object has no attribute 'name' | shop/views.py:9"),
      operation("SELECT shop.Order", "ValueError: bad"),
      operation("UPDATE shop.Order", "ValidationError: total"),
      operation("INSERT shop.Order", "ProgrammingError: permission denied for table shop_order"),
    ];
    expect(short(codeFindings(failed, undefined))).toEqual([
      "blocking code.request GET /",
      "blocking code.row SELECT shop.Order",
      "blocking code.row UPDATE shop.Order",
      "blocking code.write INSERT shop.Order",
    ]);
  });

  it("stops the release: many times as many statements for the same page", () => {
    const known = earlier({ "GET /": { error: null, seconds: 0.01, statements: 12 } });
    const counted = (statements: number) => codeFindings([{ ...operation("GET /"), statements }], known);
    expect(short(counted(52))).toEqual(["blocking code.statements GET /"]);
    expect(counted(52)[0]?.cause).toBe("it takes 52 SQL statements; with the release before it took 12");
    expect(counted(33)).toEqual([]);
    const again = "GET / for its forms";
    const asked = earlier({ [again]: { error: null, seconds: 0.01, statements: 12 } });
    expect(codeFindings([{ ...operation(again), statements: 52 }], asked)).toEqual([]);
    expect(codeFindings([{ ...operation("GET /"), statements: 500 }], undefined)).toEqual([]);
  });

  it("stops the release: a page that waits long for somebody else's server, and did not", () => {
    const asks = (outside: Record<string, number | null>, before: Record<string, number | null> | undefined) =>
      codeFindings(
        [{ ...operation("GET /"), outside }],
        earlier({ "GET /": { error: null, seconds: 0.01, ...(before === undefined ? {} : { outside: before }) } }),
      );
    expect(short(asks({ "weather.test": null }, {}))).toEqual(["blocking code.outside GET /"]);
    expect(asks({ "weather.test": 30 }, {})[0]?.cause).toBe(
      "while it is answered it asks weather.test, and waits for it for up to 30 s; the release before did not ask it",
    );
    expect(short(asks({ "weather.test": 30 }, { "weather.test": 2 }))).toEqual(["blocking code.outside GET /"]);
    expect(short(asks({ "weather.test": 2 }, {}))).toEqual(["warning code.outside GET /"]);
    expect(asks({ "weather.test": 2 }, { "weather.test": 5 })).toEqual([]);
    expect(asks({ "weather.test": null }, { "weather.test": null })).toEqual([]);
    expect(asks({ "weather.test": null }, undefined)).toEqual([]);
    expect(asks({}, {})).toEqual([]);
    const twice = ["GET /", "GET / as a user"].map((name) => ({
      ...operation(name),
      outside: { "weather.test": null },
    }));
    expect(codeFindings(twice, earlier({}))).toMatchObject([{ subject: "GET /", evidence: ["GET / as a user"] }]);
    const added = codeFindings([{ ...operation("GET /new/"), outside: { "weather.test": null } }], earlier({}));
    expect(short(added)).toEqual(["blocking code.outside GET /new/"]);
  });

  it("stops the release: a form that does not take a field which it took", () => {
    const name = "POST /orders/new/ as people write";
    const shown = (fields: string, words: string) =>
      `the form is shown again: what is filled in is not taken in ${fields} (${words})`;
    const known = earlier({ [name]: { error: shown("day", "It must be within 3 days of 4 May."), seconds: 0.01 } });
    const ofName = shown("day, name", "It must be within 3 days of 9 June.; A name has letters.");
    expect(codeFindings([operation(name, ofName)], known)).toMatchObject([{ severity: "blocking", cause: ofName }]);
    expect(short(codeFindings([operation(name, shown("day", "Not on a Sunday."))], known))).toEqual([
      `note code.request ${name}`,
    ]);
    const old = earlier({
      [name]: { error: "the form is shown again: what is filled in is not taken", seconds: 0.01 },
    });
    expect(short(codeFindings([operation(name, ofName)], old))).toEqual([`note code.request ${name}`]);
    expect(short(codeFindings([operation(name, ofName)], undefined))).toEqual([`note code.request ${name}`]);
  });

  it("stops the release: what a group of editors could do, and cannot any more", () => {
    const list = (path: string) => `GET /admin/shop/${path}/ as one of Weather desk`;
    const offering = (path: string, offers: readonly string[]) => ({ ...operation(list(path)), offers });
    const known = earlier({
      [list("order")]: { error: null, seconds: 0.01, offers: ["a new row", "the action ship", "the field state"] },
      [list("secret")]: { error: "status 403", seconds: 0.01 },
    });
    const [found, ...more] = codeFindings([offering("order", ["the field state"])], known);
    expect(more).toEqual([]);
    expect(found).toMatchObject({
      ...{ id: "code.editors", severity: "blocking", subject: "/admin/shop/order/, the group Weather desk" },
      cause:
        "members of the group are not offered a new row, the action ship any more, as they were with the release before",
    });
    expect(codeFindings([operation(list("order"), "status 403")], known)[0]?.cause).toBe(
      "members of the group are refused (status 403), who were let in with the release before",
    );
    const same = ["a new row", "the action pack", "the action ship", "the field state"];
    expect(codeFindings([offering("order", same), operation(list("secret"), "status 403")], known)).toEqual([]);
    expect(codeFindings([operation(list("order"), "status 403")], undefined)).toEqual([]);
    expect(short(codeFindings([operation(list("order"), "KeyError: 1 | shop/admin.py:3")], known))).toEqual([
      `blocking code.request ${list("order")}`,
    ]);
    const renamed = codeFindings([operation(list("purchase"), "status 403")], known);
    expect(renamed.map(({ cause }) => cause)).toEqual([
      "members of the group are refused (status 403) at this list, which is new, and /admin/shop/order/, where they could work with the release before, is gone",
    ]);
    expect(codeFindings([offering("purchase", same)], known)).toEqual([]);
  });

  it("stops the release: saving a row as it is changes more of it than before", () => {
    const name = "UPDATE shop.Order";
    const saved = (touched: readonly string[], before?: readonly string[]) =>
      codeFindings(
        [{ ...operation(name), touched }],
        earlier({ [name]: { error: null, seconds: 0.01, ...(before === undefined ? {} : { touched: before }) } }),
      );
    const [found] = saved(["changed_at", "created_at"], ["changed_at"]);
    expect(found).toMatchObject({ id: "code.save-changes", severity: "blocking", subject: name });
    expect(found?.cause).toBe(
      "a row that is saved as it is has other values in created_at afterwards; with the release before it kept them",
    );
    expect(saved(["changed_at"], ["changed_at", "created_at"])).toEqual([]);
    expect(saved(["changed_at"])).toEqual([]);
  });

  it("stops the release: a record that programs could send is not taken any more", () => {
    const name = "POST /api/orders/ as a user";
    const taken = earlier({ [name]: { error: null, seconds: 0.01 } });
    expect(short(codeFindings([operation(name, "status 400")], taken))).toEqual([`blocking code.request ${name}`]);
    expect(short(codeFindings([operation(name, "status 400")], undefined))).toEqual([`note code.request ${name}`]);
    const refused = earlier({ [name]: { error: "status 400", seconds: 0.01 } });
    expect(short(codeFindings([operation(name, "status 400")], refused))).toEqual([`note code.request ${name}`]);
  });

  it("stops the release: what is somebody else's can be changed, and could not before", () => {
    const name = "PATCH /api/orders/<id>/ as a user";
    const refused = earlier({ [name]: { error: "status 405", seconds: 0.01 } });
    expect(short(codeFindings([operation(name)], refused))).toEqual([`blocking code.refusal-gone ${name}`]);
    expect(codeFindings([operation(name, "status 403")], refused)).toEqual([]);
    expect(short(codeFindings([operation(name, "status 400")], refused))).toEqual([
      `blocking code.refusal-gone ${name}`,
    ]);
    expect(codeFindings([operation(name, "status 400")], undefined)).toEqual([]);
    expect(codeFindings([operation(name, "status 404")], undefined)).toEqual([]);
    expect(short(codeFindings([operation(name, "TypeError: bad | shop/api.py:4")], refused))).toEqual([
      `blocking code.request ${name}`,
    ]);
  });

  it("stops the release: many times as many log records for the same page", () => {
    const known = earlier({ "GET /": { error: null, seconds: 0.01, records: 1 } });
    const logging = (records: number) => codeFindings([{ ...operation("GET /"), records }], known);
    expect(short(logging(51))).toEqual(["blocking code.log-records GET /"]);
    expect(logging(51)[0]?.cause).toBe("it logs 51 records; with the release before it logged 1");
    expect(logging(9)).toEqual([]);
  });

  it("stops the release: a picture that it took and cannot work with any more", () => {
    const kinds = ["a transparent PNG", "a palette GIF", "a JPEG"];
    for (const name of kinds.map((kind) => `POST /admin/shop/item/<id>/change/ with ${kind}`)) {
      const failed = operation(name, "OSError: cannot write mode RGBA as JPEG | shop/models.py:9");
      const again = operation(name, "the form is shown again: what is filled in is not taken");
      const taken = earlier({ [name]: { error: null, seconds: 0 } });
      expect(codeFindings([failed], taken)).toMatchObject([
        { id: "code.request", severity: "blocking", subject: name, cause: failed.error },
      ]);
      expect(short(codeFindings([again], taken))).toEqual([`blocking code.request ${name}`]);
      // Perhaps it never did.
      expect(short(codeFindings([failed], earlier({})))).toEqual([`warning code.request ${name}`]);
      expect(short(codeFindings([again], undefined))).toEqual([`note code.request ${name}`]);
      const known = earlier({ [name]: { error: failed.error, seconds: 0 } });
      expect(short(codeFindings([failed], known))).toEqual([`note code.request ${name}`]);
    }
  });

  it("is a note where a made-up row may be to blame, unless the release before could insert it", () => {
    const failed = [{ ...operation("INSERT shop.Order", "ValidationError: total"), madeUp: true }];
    expect(short(codeFindings(failed, undefined))).toEqual(["note code.write INSERT shop.Order"]);
    const could = earlier({ "INSERT shop.Order": { error: null, seconds: 0 } });
    expect(short(codeFindings(failed, could))).toEqual(["blocking code.write INSERT shop.Order"]);
  });

  it("is a note where the release before failed alike, and where the surroundings are to blame", () => {
    const known = earlier({ "GET /": { error: "KeyError: 7", seconds: 0 } });
    expect(short(codeFindings([operation("GET /", "KeyError: 8")], known))).toEqual(["note code.request GET /"]);
    const failed = [operation("GET /photo/", "FileNotFoundError: /media/x.jpg")];
    expect(short(codeFindings(failed, undefined))).toEqual(["note code.request GET /photo/"]);
  });

  it("is a note where the release before failed alike on other values of a row", () => {
    const failure = (constraint: string, values: string) => ({
      ...operation(
        "INSERT shop.Order",
        `IntegrityError: new row for relation "shop_order" violates check constraint "${constraint}"; DETAIL: Failing row contains (${values}).`,
      ),
      madeUp: true,
    });
    const { error, seconds } = failure("paid", "4, 6295a3cc, delay");
    const known = earlier({ "INSERT shop.Order": { error, seconds } });
    const now = (constraint: string) => codeFindings([failure(constraint, "9, d3759935-1e86, (a)")], known);
    expect(short(now("paid"))).toEqual(["note code.write INSERT shop.Order"]);
    expect(short(now("sent"))).toEqual(["blocking code.write INSERT shop.Order"]);
  });

  it("stops the release: a form that is refused and was not", () => {
    const refused = operation("POST /order/ filled in", "status 403");
    expect(short(codeFindings([refused], undefined))).toEqual(["warning code.request POST /order/ filled in"]);
    const taken = earlier({ "POST /order/ filled in": { error: null, seconds: 0 } });
    expect(short(codeFindings([refused], taken))).toEqual(["blocking code.request POST /order/ filled in"]);
  });

  it("stops the release: somebody with an account who was let in, whatever became of what was sent", () => {
    const name = "POST /api/orders/ as a user";
    const forbidden = operation(name, "status 403");
    expect(short(codeFindings([forbidden], undefined))).toEqual([`note code.request ${name}`]);
    const taken = (error: string | null) => earlier({ [name]: { error, seconds: 0 } });
    expect(short(codeFindings([forbidden], taken(null)))).toEqual([`blocking code.request ${name}`]);
    expect(short(codeFindings([forbidden], taken("status 500")))).toEqual([`blocking code.request ${name}`]);
    expect(short(codeFindings([operation(name, "status 401")], taken("status 403")))).toEqual([
      `warning code.request ${name}`,
    ]);
  });

  it("stops the release: what was refused and is answered", () => {
    const known = earlier({
      "GET /reports/?origin": { error: "status 400", seconds: 0 },
      "GET /staff/ as a user": { error: "status 403", seconds: 0 },
      "GET /old/": { error: "status 404", seconds: 0 },
      "INSERT shop.Order": { error: "IntegrityError: total", seconds: 0 },
    });
    const now = Object.keys(known.operations).map((name) => operation(name));
    expect(short(codeFindings(now, known))).toEqual([
      "blocking code.refusal-gone GET /reports/?origin",
      "blocking code.refusal-gone GET /staff/ as a user",
    ]);
  });

  it("is what a search does not take, where it took it before", () => {
    const name = "GET /reports/?origin";
    const refused = operation(name, "status 400");
    expect(short(codeFindings([refused], undefined))).toEqual([`note code.request ${name}`]);
    expect(short(codeFindings([refused], earlier({ [name]: { error: null, seconds: 0 } })))).toEqual([
      `warning code.request ${name}`,
    ]);
  });

  it("warns of a link that leads to no page", () => {
    expect(short(codeFindings([operation("GET /old/", "status 404")], undefined))).toEqual([
      "warning code.request GET /old/",
    ]);
  });
});

describe("markup that is not escaped", () => {
  const name = "GET / with markup in shop.Note";
  const shown = operation(name, "markup in shop.Note.text is not escaped: it becomes a part of the page");

  it("stops the release where the release before escaped it, and warns where nobody knows", () => {
    expect(short(codeFindings([shown], undefined))).toEqual([`warning code.request ${name}`]);
    expect(short(codeFindings([shown], earlier({ [name]: { error: null, seconds: 0 } })))).toEqual([
      `blocking code.request ${name}`,
    ]);
    expect(short(codeFindings([shown], earlier({ [name]: { error: shown.error, seconds: 0 } })))).toEqual([
      `note code.request ${name}`,
    ]);
  });
});

describe("what has become slow", () => {
  it("stops the release from two seconds and five times the release before", () => {
    const known = earlier({ "GET /": { error: null, seconds: 0.3 }, "GET /report/": { error: null, seconds: 1 } });
    const now = [operation("GET /", null, 2.4), operation("GET /report/", null, 3), operation("GET /new/", null, 9)];
    expect(short(codeFindings(now, known))).toEqual(["blocking code.slow GET /"]);
  });
});

describe("memory that an operation takes", () => {
  const name = "GET /flights.csv";
  const MB = 1_000_000;
  const taking = (memory: number | undefined, error: string | null = null) => ({
    ...operation(name, error),
    ...(memory === undefined ? {} : { memory }),
  });
  const found = (now: number | undefined, before: number | undefined, limit: number | undefined = 400 * MB) =>
    codeFindings([taking(now)], earlier({ [name]: taking(before) }), limit);

  it("stops the release: three times as much as before, and an eighth of what the container may have", () => {
    expect(found(150 * MB, 50 * MB)).toMatchObject([
      {
        id: "code.memory",
        severity: "blocking",
        subject: name,
        cause:
          "it takes 150 MB of memory, of the 400 MB that its container may have; with the release before it took 50.0 MB",
      },
    ]);
    expect(found(51 * MB, 0)[0]?.cause).toContain("with the release before it took hardly any");
  });

  it("is nothing where it was nearly as much before, or where there is room for it", () => {
    expect(found(149 * MB, 50 * MB)).toEqual([]);
    expect(found(50 * MB, 0)).toEqual([]);
    expect(found(150 * MB, 50 * MB, 1200 * MB)).toEqual([]);
    expect(found(undefined, 50 * MB)).toEqual([]);
  });

  it("is nothing where nobody counted, or it was not done to its end", () => {
    expect(found(150 * MB, undefined)).toEqual([]);
    expect(codeFindings([taking(150 * MB)], earlier({}), 400 * MB)).toEqual([]);
    expect(codeFindings([taking(150 * MB)], undefined, 400 * MB)).toEqual([]);
    const failed = earlier({ [name]: taking(0, "status 500") });
    expect(codeFindings([taking(150 * MB)], failed, 400 * MB)).toEqual([]);
    const known = earlier({ [name]: taking(0) });
    expect(short(codeFindings([taking(150 * MB, "KeyError: 7")], known, 400 * MB))).toEqual([
      `blocking code.request ${name}`,
    ]);
  });

  it("is what it takes the second time, without what is imported and kept once", () => {
    expect(leastOf(taking(150), taking(20))).toEqual({ memory: 20 });
    expect(leastOf(taking(150), taking(undefined))).toEqual({ memory: 0 });
    expect(leastOf(taking(undefined), taking(20))).toEqual({});
  });
});

describe("answers of two releases on the same data", () => {
  const answer = (path: string, values: Record<string, readonly string[]>, page = false): CodeAnswer => ({
    path,
    page,
    values: Object.fromEntries(
      Object.entries(values).map(([field, of]) => [
        field,
        {
          digest: [...of].sort().join(),
          count: of.length,
          filled: of.filter((one) => one !== "").length,
          numeric: of.every((one) => /^-?\d+$/.test(one)),
          sample: of,
        },
      ]),
    ),
  });
  const before = [
    answer("/api/remarks/", { count: ["2"], "results[].text": ["a", "b"] }),
    answer("/api/", { x: ["1"] }),
  ];
  const differing = (now: readonly CodeAnswer[]) => answerFindings(differingAnswers(before, now), "r1");

  it("are alike in any order, with new fields, and where one is not asked for any more", () => {
    expect(differing(before)).toEqual([]);
    expect(differing([answer("/api/remarks/", { count: ["2"], "results[].text": ["b", "a"], more: ["1"] })])).toEqual(
      [],
    );
    expect(differing([])).toEqual([]);
  });

  it("stop the release where nothing is shown any more, or where the list around it is empty", () => {
    const filled = [answer("/reports/", { "Routes, Origin": ["SEA"] }), answer("/api/", { "results[].id": ["1"] })];
    const emptied = [answer("/reports/", { "Routes, Origin": [] }), answer("/api/", { "results[]": [] })];
    expect(answerFindings(differingAnswers(filled, emptied), "r1")).toMatchObject([
      { id: "code.answer-empty", severity: "blocking", subject: "/reports/" },
      { id: "code.answer-empty", severity: "blocking", subject: "/api/" },
    ]);
    const blank = [answer("/reports/", { "Routes, Origin": [""] })];
    expect(answerFindings(differingAnswers(filled, blank), "r1")).toMatchObject([{ id: "code.answer-empty" }]);
    // A table that is not there any more is told of where pages are compared.
    expect(answerFindings(differingAnswers(filled, [answer("/reports/", {})]), "r1")).toEqual([]);
  });

  it("warn where a page says something else", () => {
    const [was, is] = ["12", "13"].map((text) => [answer("/reports/", { "Routes, Flights": [text] }, true)]);
    expect(answerFindings(differingAnswers(was ?? [], is ?? []), "r1")).toMatchObject([
      { id: "code.page", severity: "warning", subject: "/reports/" },
    ]);
  });

  it("stop the release where a process keeps what was read each time", () => {
    const keeping = (kept: number) => [
      { ...answer("/reports/", {}, true), kept },
      { ...answer("/", {}, true), kept: 0 },
    ];
    expect(keptFindings(keeping(0), keeping(3), "r1")).toMatchObject([
      {
        id: "code.kept",
        severity: "blocking",
        subject: "/reports/",
        cause: "a process takes 3 SQL statements for it the first time and never again; release r1 took them each time",
      },
    ]);
    expect(keptFindings(keeping(3), keeping(3), "r1")).toEqual([]);
    // A release that was not asked for it, or whose runtime cannot tell.
    expect(keptFindings([], keeping(3), "r1")).toEqual([]);
    expect(keptFindings([answer("/reports/", {})], keeping(3), "r1")).toEqual([]);
  });

  it("stop the release where one answers at an address and the other does not", () => {
    expect(pathsWithoutAnswer(before, before.slice(1))).toEqual(["/api/remarks/"]);
    const asked = [
      operation("GET /remarks/7a/", "status 404"),
      operation("GET /a/"),
      operation("GET /b/", "status 410"),
    ];
    expect(goneFindings(asked, "r1")).toMatchObject([
      {
        id: "code.address-gone",
        severity: "blocking",
        subject: "GET /remarks/7a/",
        cause: "release r1 answers it on the same data; this one: status 404",
      },
    ]);
  });

  it("stop the release where numbers have become text", () => {
    const numbers = [answer("/delays.csv", { delay: ["-5", "7"], name: ["a", "b"] })];
    const now = [answer("/delays.csv", { delay: ["'-5", "7"], name: ["a", "c"] })];
    expect(answerFindings(differingAnswers(numbers, now), "r1")).toMatchObject([
      {
        id: "code.answer-type",
        severity: "blocking",
        cause: "on the same data delay holds text, where release r1 has numbers",
      },
      { id: "code.answer", severity: "blocking" },
    ]);
  });

  it("ask for a decision where programs read other values, with one finding for each answer", () => {
    const now = [answer("/api/remarks/", { count: ["3"], "results[].text": ["a", "b", "hidden"] }), ...before.slice(1)];
    expect(differing(now)).toMatchObject([
      {
        id: "code.answer",
        severity: "blocking",
        subject: "/api/remarks/",
        cause:
          "on the same data, asked at the same time, it answers otherwise than release r1 in count, results[].text",
        evidence: [
          "count before: 1 value, 2",
          "count now: 1 value, 3",
          "results[].text before: 2 values, a, b",
          "results[].text now: 3 values, a, b, hidden",
        ],
      },
    ]);
  });
});

describe("what visitors lose whom others are not like", () => {
  const answer = (path: string, more: Partial<CodeAnswer>): CodeAnswer => ({ path, page: true, values: {}, ...more });

  it("is nothing where the release before has it as well, or was not asked", () => {
    const before = [
      answer("/?q=a", { carried: ["q"], localized: ["rect width"] }),
      answer("/old/?q=a", {}),
      answer("/alone/?q=a", { carried: null, localized: [] }),
    ];
    const now = [
      answer("/?q=a", { carried: ["q"], localized: ["rect width"] }),
      answer("/old/?q=a", { carried: [], localized: ["script"] }),
      answer("/alone/?q=a", { carried: [], localized: [] }),
      answer("/new/?q=a", { carried: [], localized: ["script"] }),
    ];
    expect(visitorFindings(before, now, "a1")).toEqual([]);
  });

  it("stops the release: parameters that links hand on, and numbers that programs read", () => {
    const before = [answer("/?q=a&sort=b", { carried: ["q", "sort"], localized: [] })];
    const now = [answer("/?q=a&sort=b", { carried: ["sort"], localized: ["rect width"] })];
    const findings = visitorFindings(before, now, "a1");
    expect(short(findings)).toEqual([
      "blocking code.parameter-lost /?q=a&sort=b",
      "blocking code.localized-numbers /?q=a&sort=b",
    ]);
    expect(findings[0]?.cause).toContain("do not hand on q,");
    expect(findings[1]?.cause).toContain("numbers in rect width");
  });

  it("takes a page that has no such links any more for another page", () => {
    const before = [answer("/?q=a", { carried: ["q"] })];
    expect(visitorFindings(before, [answer("/?q=a", { carried: null })], "a1")).toEqual([]);
  });
});

describe("what saving shows", () => {
  const action = "POST /admin/shop/note/ publish";
  const both = ["/", "/notes/1/"];
  const showing = (pages: string[], texts: Record<string, string> = {}, operation = action) => ({
    pages: { "/": "page:a", "/notes/1/": "page:b", "/api/": "data:c", ...texts },
    effects: [{ operation, pages }],
  });

  it("must go on to show on pages that say the same until then", () => {
    const found = effectFindings(showing(both), showing(["/"]), "r1");
    expect(found).toMatchObject([{ id: "code.effect", severity: "blocking", subject: action }]);
    expect(found[0]?.cause).toContain("1 page that said something else after it with release r1 does not: /notes/1/");
    expect(found[0]?.evidence).toEqual([`${action}: /notes/1/`]);
    expect(effectFindings(showing(both), showing(["/"], { "/notes/1/": "page:c" }), "r1")).toEqual([]);
  });

  it("must go on to show somewhere", () => {
    const other = { "/": "page:x", "/notes/1/": "page:y" };
    expect(effectFindings(showing(both), showing([], other), "r1")[0]?.cause).toContain("2 pages that said");
    expect(effectFindings(showing(both), showing(["/"], other), "r1")).toEqual([]);
    // What programs are told no visitor sees.
    expect(effectFindings(showing(both), showing(["/api/"], other), "r1")[0]?.cause).toContain("2 pages that said");
  });

  it("must go on to succeed", () => {
    const failing = (error: string) => ({ pages: {}, effects: [{ operation: action, pages: [], error }] });
    const error = "KeyError: 'EDITORS_URL' | shop/admin.py:9";
    expect(effectFindings(showing(both), failing(error), "r1")).toMatchObject([
      {
        ...{ id: "code.effect", severity: "blocking", subject: action },
        cause: `it fails, and succeeded with release r1 on the same rows: ${error}`,
      },
    ]);
    expect(effectFindings(showing(both), failing("gaierror: no name"), "r1")).toEqual([]);
    expect(effectFindings(failing(error), failing(error), "r1")).toEqual([]);
    expect(effectFindings(failing(error), showing(both), "r1")).toEqual([]);
  });

  it("may be done in another way, or never have shown", () => {
    expect(effectFindings(showing(both), showing([], {}, "POST /admin/shop/note/ release"), "r1")).toEqual([]);
    expect(effectFindings(showing([]), showing([]), "r1")).toEqual([]);
  });
});
