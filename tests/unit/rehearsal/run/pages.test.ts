import { describe, expect, it } from "vitest";
import type { Followed } from "../../../../rehearsal/checks/followed-links.ts";
import { brokenFindings, lostFindings, openFindings } from "../../../../rehearsal/run/pages/compare.ts";
import { type AnswerShape, describeAnswer } from "../../../../rehearsal/run/pages/describe.ts";
import { shapesOf } from "../../../../rehearsal/run/pages/state.ts";

const HTML = { "content-type": "text/html; charset=utf-8" };

function page(body: string, headers: Record<string, string> = {}): AnswerShape {
  return describeAnswer({ status: 200, headers: { ...HTML, ...headers }, body, path: "/" });
}

function json(value: unknown): AnswerShape {
  return describeAnswer({
    status: 200,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(value),
    path: "/",
  });
}

function csv(body: string): AnswerShape {
  return describeAnswer({ status: 200, headers: { "content-type": "text/csv" }, body, path: "/" });
}

function met(path: string, status: number): Followed {
  return { path, from: "/", status, answer: { status, headers: HTML, body: "<h1>x</h1>", path } };
}

const lost = (before: AnswerShape, now: AnswerShape) =>
  lostFindings({ who: "a visitor", before: { "/x/": before }, now: { "/x/": now } }).map(
    ({ id, severity, subject }) => `${severity} ${id} ${subject}`,
  );

const rows = (cells: readonly string[]) =>
  `<table>${cells.map((cell) => `<tr><td>a</td><td>${cell}</td></tr>`).join("")}</table>`;

describe("what was lost since the release before", () => {
  it("is nothing where answers are alike, have more, or differ in words", () => {
    expect(lost(page("<h1>One</h1>"), page("<h1>Other</h1><p>more</p>"))).toEqual([]);
    expect(lost(json({ id: 1 }), json({ id: 2, name: "new" }))).toEqual([]);
    expect(lost(csv("a,b\n1,2\n"), csv("a,b,c\n3,4,5\n"))).toEqual([]);
  });

  it("is a field of an API that is gone, renamed, or of another type", () => {
    expect(lost(json({ results: [{ id: 1, code: "A" }] }), json({ results: [{ id: 1, iata: "A" }] }))).toEqual([
      "blocking pages.field /x/: results[].code",
    ]);
    expect(lost(json({ id: 1 }), json({ id: "1" }))).toEqual(["blocking pages.field /x/: id"]);
  });

  it("is no field that could not be seen today", () => {
    expect(lost(json({ results: [{ id: 1 }] }), json({ results: [] }))).toEqual([]);
    expect(lost(json({ id: 1, seen: "x" }), json({ id: 1, seen: null }))).toEqual([]);
    expect(lost(json({ place: { name: "x" } }), json({ place: null }))).toEqual([]);
  });

  it("is no key that is data", () => {
    expect(lost(json({ days: { "2026-01-01": 4 } }), json({ days: { "2026-01-02": 5 } }))).toEqual([]);
  });

  it("is a column of a download", () => {
    expect(lost(csv("route,flights\nA-B,2\n"), csv("route\nA-B\n"))).toEqual(["blocking pages.field /x/: flights"]);
  });

  it("is a column of a table that nothing stands in any more", () => {
    expect(lost(page(rows(["1", "2", "3"])), page(rows(["", " ", ""])))).toEqual(["blocking pages.emptied /x/"]);
    expect(lost(page(rows(["1", "2", "3"])), page(rows(["–", "None", "n/a"])))).toEqual(["blocking pages.emptied /x/"]);
    expect(lost(page(rows(["1", "2", "3"])), page(rows(["", "2", ""])))).toEqual([]);
    expect(lost(page(rows(["1", "2"])), page(rows(["", ""])))).toEqual([]);
  });

  it("is a heading without words, unless a picture stands in it", () => {
    expect(lost(page("<h1>Seattle</h1>"), page("<h1></h1>"))).toEqual(["blocking pages.emptied /x/"]);
    expect(lost(page("<h1>Seattle</h1>"), page('<h1><img src="/x.png"></h1>'))).toEqual([]);
  });

  it("is nearly all that a page held", () => {
    const words = (number: number) => page(`<main>${"word ".repeat(number)}</main>`);
    expect(lost(words(400), words(20))).toEqual(["blocking pages.amount /x/"]);
    expect(lost(words(400), words(200))).toEqual([]);
    expect(lost(words(20), words(1))).toEqual([]);
  });

  it("is a header that protects visitors", () => {
    expect(lost(page("x", { "x-frame-options": "DENY" }), page("x"))).toEqual([
      "blocking pages.header /x/: x-frame-options",
    ]);
  });

  it("is an answer: it is refused, gone, or of another media type", () => {
    expect(lost(page("x"), { ...page("x"), status: 403 })).toEqual(["blocking pages.forbidden /x/"]);
    expect(lost(page("x"), { ...page("x"), status: 404 })).toEqual(["blocking pages.gone /x/"]);
    expect(lost(json({ id: 1 }), page("x"))).toEqual(["blocking pages.type /x/"]);
    expect(lost({ ...page("x"), status: 404 }, { ...page("x"), status: 500 })).toEqual([]);
  });

  it("is not what no link leads to any more", () => {
    expect(lostFindings({ who: "a visitor", before: { "/old/": page("x") }, now: {} })).toEqual([]);
  });
});

describe("links that lead to errors", () => {
  it("stop the release where the server fails, and warn where the page is not there", () => {
    const findings = brokenFindings([met("/a/", 500), met("/b/", 404), met("/c/", 200), met("/d/", 403)], {});
    expect(findings.map(({ severity, subject }) => `${severity} ${subject}`)).toEqual(["blocking /a/", "warning /b/"]);
  });

  it("are a note where it was so before", () => {
    const before = { "/a/*/": { ...page("x"), status: 404 } };
    expect(brokenFindings([met("/a/7/", 404)], before)[0]?.severity).toBe("note");
  });
});

describe("pages of the administration", () => {
  it("must not answer a stranger", () => {
    const pages = { "/admin/": page("x") };
    expect(openFindings(pages, [{ path: "/admin/", kind: "/admin/", status: 302 }])).toEqual([]);
    expect(openFindings(pages, [{ path: "/admin/", kind: "/admin/", status: 200 }])).toMatchObject([
      { id: "pages.open", severity: "blocking" },
    ]);
  });
});

describe("answers of one kind", () => {
  it("are taken together, and one that succeeds says what the kind is like", () => {
    const shapes = shapesOf([met("/a/1/", 404), met("/a/2/", 200), met("/a/XY/", 200), met("/b/", 200)]);
    expect(Object.keys(shapes)).toEqual(["/a/*/", "/b/"]);
    expect(shapes["/a/*/"]?.status).toBe(200);
  });
});
