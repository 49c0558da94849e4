import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Followed } from "../../../../rehearsal/checks/followed-links.ts";
import { mainClient } from "../../../../rehearsal/checks/gateway-client.ts";
import { addressesOf, goneFindings } from "../../../../rehearsal/run/pages/addresses.ts";
import { descriptionsOf } from "../../../../rehearsal/run/pages/api-description.ts";
import { brokenFindings, hiddenFindings, lostFindings, openFindings } from "../../../../rehearsal/run/pages/compare.ts";
import { credentialFindings } from "../../../../rehearsal/run/pages/credentials.ts";
import { type AnswerShape, describeAnswer } from "../../../../rehearsal/run/pages/describe.ts";
import { disclosedFindings } from "../../../../rehearsal/run/pages/disclosed.ts";
import { folded } from "../../../../rehearsal/run/pages/folded.ts";
import { mixedUpFindings, openAsAdministrator } from "../../../../rehearsal/run/pages/personal.ts";
import { shapesOf } from "../../../../rehearsal/run/pages/state.ts";
import { endsInComment } from "../../../../rehearsal/run/pages/walk.ts";
import { testGateway } from "../gateway.ts";

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

  it("is the hash in the names of static files, where none has one any more", () => {
    const shown = (...files: string[]) =>
      page(files.map((file) => `<link rel="stylesheet" href="/static/${file}">`).join(""));
    const finding = ["blocking pages.file-versions /x/"];
    for (const hashed of ["site.0123456789ab.css", "app-BkC3_d9f.js", "site.css?v=3"]) {
      expect(lost(shown(hashed), shown("site.css")), hashed).toEqual(finding);
      expect(lost(shown(hashed), shown("site.css", hashed))).toEqual([]);
      expect(lost(shown(hashed), page("no files"))).toEqual([]);
    }
    for (const plain of ["site.css", "jquery-3.7.1.min.js", "bootstrap-datepicker.css"]) {
      expect(lost(shown(plain), shown("other.css")), plain).toEqual([]);
    }
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

  it("is what keeps the administrator's pages out of caches, and not a visitor's", () => {
    const [kept, given] = [
      page("x", { "cache-control": "max-age=0, private" }),
      page("x", { "cache-control": "max-age=60" }),
    ];
    expect(lost(kept, given)).toEqual([]);
    const who = "the administrator" as const;
    expect(lostFindings({ who, before: { "/x/": kept }, now: { "/x/": given } })).toMatchObject([
      { id: "pages.header", subject: "/x/: cache-control: private" },
    ]);
  });

  it("is HTTPS for good, where it is taken back", () => {
    const header = (value: string) => page("x", { "strict-transport-security": value });
    expect(lost(header("max-age=31536000"), header("max-age=0"))).toHaveLength(1);
    expect(lost(header("max-age=31536000"), header("max-age=3600"))).toEqual([]);
  });

  it("is the token of a form", () => {
    const form = (inside: string) => page(`<form method="post" action="/send/3/">${inside}</form>`);
    const token = '<input type="hidden" name="csrfmiddlewaretoken" value="x">';
    expect(lost(form(token), form(""))).toEqual(["blocking pages.form-token /x/: /send/*/"]);
    expect(lost(form(token), page("no form"))).toEqual([]);
    expect(lost(form(""), form(""))).toEqual([]);
  });

  it("is an operation, a parameter or a field that an API's description names", () => {
    const described = (parameters: readonly string[], properties: readonly string[], paths = ["/flights/"]) => {
      const schema = { type: "array", items: { $ref: "#/components/schemas/Flight" } };
      const get = {
        parameters: parameters.map((name) => ({ name, in: "query" })),
        responses: { "200": { content: { "application/json": { schema } } } },
      };
      return json({
        openapi: "3.0.3",
        paths: Object.fromEntries(paths.map((path) => [path, { get }])),
        components: { schemas: { Flight: { properties: Object.fromEntries(properties.map((name) => [name, {}])) } } },
      });
    };
    const before = described(["origin"], ["id", "code"]);
    expect(lost(before, described(["origin", "date"], ["id", "code", "more"], ["/flights/", "/new/"]))).toEqual([]);
    expect(lost(before, described([], ["id", "code"]))).toEqual(["blocking pages.contract /x/"]);
    const findings = lostFindings({
      who: "a visitor",
      before: { "/x/": before },
      now: { "/x/": described(["origin"], ["id"]) },
    });
    expect(findings[0]?.cause).toBe("the API's description names no more: GET /flights/, answer's [].code");
    const guarded = (readOnly: boolean) =>
      json({
        openapi: "3.0.3",
        paths: {
          "/remarks/": {
            post: {
              responses: {
                "201": {
                  content: { "application/json": { schema: { properties: { status: { type: "string", readOnly } } } } },
                },
              },
            },
          },
        },
      });
    expect(lost(guarded(true), guarded(false))).toEqual(["blocking pages.contract /x/"]);
    expect(lost(guarded(false), guarded(true))).toEqual([]);
    expect(lost(before, described(["origin"], ["id", "code"], ["/planes/"]))).toEqual(["blocking pages.contract /x/"]);
  });

  it("is the discretion of a page that shows nobody's address of mail", () => {
    const [without, one] = [json({ results: [{ name: "A" }] }), json({ results: [{ mail: "help@shop.example" }] })];
    const two = json({
      results: [
        { name: "A", mail: "a@x.example" },
        { name: "B", mail: "b.c+d@x.example" },
      ],
    });
    expect(lost(without, two)).toEqual(["blocking pages.mail-addresses /x/"]);
    expect(lost(without, { ...one, fields: without.fields })).toEqual([]);
    expect(lost(two, two)).toEqual([]);
    const who = "the administrator" as const;
    expect(lostFindings({ who, before: { "/x/": without }, now: { "/x/": two } })).toEqual([]);
  });

  it("is what browsers use of a page, where its policy forbids it", () => {
    const html =
      '<script>go()</script><script src="/static/app.1a2b3c4d5e6f.js"></script><script type="application/json">{}</script>';
    const policy = (value: string, body = html) => page(body, { "content-security-policy": value });
    const allowing = policy("script-src 'self' 'unsafe-inline'");
    expect(allowing.blocked).toEqual([]);
    expect(policy("default-src 'self'").blocked).toEqual(["inline script"]);
    expect(policy("script-src 'none'; style-src *").blocked).toEqual(["inline script", "script /static/app.js"]);
    expect(policy("img-src 'self'").blocked).toEqual([]);
    expect(policy("script-src 'nonce-abc' 'self'", '<script nonce="abc">go()</script>').blocked).toEqual([]);
    const digest = createHash("sha256").update("go()").digest("base64");
    expect(policy(`script-src 'self' 'sha256-${digest}'`).blocked).toEqual([]);
    expect(
      policy("script-src https://cdn.example", '<script src="https://cdn.example/x.js"></script>').blocked,
    ).toEqual([]);
    expect(policy("style-src 'self'", "<style>p {}</style>").blocked).toEqual(["inline style"]);
    expect(policy("form-action 'none'", '<form method="post"></form>').blocked).toEqual(["form"]);
    const before = lost(allowing, { ...policy("default-src 'self'"), headers: allowing.headers });
    expect(before).toEqual(["blocking pages.content-policy /x/"]);
    expect(lost(policy("default-src 'self'"), policy("default-src 'self'"))).toEqual([]);
  });

  it("is the size of a page that has become many times larger", () => {
    const options = (number: number) => page(`<select>${"<option>one</option> ".repeat(number)}</select>`);
    expect(lost(options(100), options(30_000))).toEqual(["blocking pages.swollen /x/"]);
    expect(lost(options(100), options(5000))).toEqual([]);
    expect(lost(options(10_000), options(30_000))).toEqual([]);
  });

  it("is a page that somebody now has to log in for", () => {
    const answer = { status: 200, headers: HTML, body: "<h1>x</h1>" };
    const [open, closed] = ["/x/", "/accounts/login/?next=/x/"].map((path) => describeAnswer({ ...answer, path }));
    expect(lost(open as AnswerShape, closed as AnswerShape)).toEqual(["blocking pages.forbidden /x/"]);
    expect(lost(closed as AnswerShape, closed as AnswerShape)).toEqual([]);
  });

  it("is not what no link leads to any more", () => {
    expect(lostFindings({ who: "a visitor", before: { "/old/": page("x") }, now: {} })).toEqual([]);
  });
});

describe("many pages with one fault", () => {
  it("are told once, with the pages", () => {
    const one = (subject: string) => ({
      id: "pages.header",
      severity: "blocking" as const,
      subject,
      cause: "the answer does not carry this header any more",
      consequence: "",
      remedy: "",
    });
    const paths = ["/a/", "/b/", "/c/", "/d/"];
    const all = paths.flatMap((path) => [
      one(`${path}: x-frame-options`),
      ...(path < "/c/" ? [one(`${path}: referrer-policy`)] : []),
    ]);
    expect(folded(all)).toMatchObject([
      {
        subject: "/a/: x-frame-options",
        cause: "the answer does not carry this header any more; so it is with 3 other pages",
        evidence: paths.map((path) => `${path}: x-frame-options`),
      },
      { subject: "/a/: referrer-policy" },
      { subject: "/b/: referrer-policy" },
    ]);
  });
});

describe("a page without its content", () => {
  const compared = (was: string, is: string) =>
    lostFindings({ who: "a visitor", before: { "/": page(was) }, now: { "/": page(is) } }).map(({ id }) => id);
  const frame = (inside: string) =>
    `<html><body><nav>Home Flights Airports Reports</nav>${inside}<p>about us</p></body></html>`;

  it("has lost its main heading and words with it", () => {
    const content = "<h1>Flight 7</h1><p>It leaves at noon from gate seven.</p>";
    expect(compared(frame(content), frame(""))).toEqual(["pages.content"]);
    expect(compared(frame(content), frame(content.replaceAll("h1", "h2")))).toEqual([]);
    expect(compared(frame("<p>It leaves at noon.</p>"), frame(""))).toEqual([]);
  });
});

describe("addresses of the release before", () => {
  const gone = (again: readonly Followed[], now = {}) =>
    goneFindings(again, now).map(({ id, severity, subject }) => `${severity} ${id} ${subject}`);

  it("are kept, a few of each kind that answered", () => {
    const links = [met("/a/1/", 200), met("/a/2/", 200), met("/a/3/", 200), met("/a/4/", 200), met("/b/", 404)];
    expect(addressesOf(links)).toEqual({ "/a/*/": ["/a/1/", "/a/2/", "/a/3/"] });
  });

  it("stop the release where all of a kind are gone without a word", () => {
    expect(gone([met("/old/", 404)])).toEqual(["blocking pages.address-gone /old/"]);
    expect(gone([met("/a/1/", 404), met("/a/2/", 404)], { "/a/*/": page("x") })).toEqual([
      "blocking pages.address-gone /a/*/",
    ]);
  });

  it("may be deleted now and then, given up, or closed", () => {
    expect(gone([met("/a/1/", 404), met("/a/2/", 200)])).toEqual([]);
    expect(gone([met("/old/", 410)])).toEqual([]);
    expect(gone([met("/old/", 403)])).toEqual([]);
  });

  it("are told of once where links lead to them too", () => {
    expect(gone([met("/a/1/", 404)], { "/a/*/": { ...page("x"), status: 404 } })).toEqual([]);
  });
});

describe("credentials that nobody has", () => {
  it("must be refused as they were", () => {
    const found = (now: number, before: number) => credentialFindings("/api/", { Token: now }, { Token: before });
    expect(found(200, 401)).toMatchObject([{ id: "pages.credentials", subject: "/api/: Authorization: Token" }]);
    expect([...found(403, 401), ...found(200, 200), ...found(0, 401)]).toEqual([]);
  });
});

describe("a page as the administrator sees it", () => {
  /** Visitors are shown the way in, the administrator the administration and a suggestion that differs each time. */
  async function opened(cached: boolean) {
    const kept = new Map<string, string>();
    let asked = 0;
    const { environment } = await testGateway(({ path, headers }) => {
      const links = headers.cookie === undefined ? ["/admin/login/"] : ["/admin/", "/admin/logout/"];
      const body = [...links, `/suggested/${asked++ % 2}/`].map((link) => `<a href="${link}">x</a>`).join("");
      if (cached && headers.cookie !== undefined) kept.set(path, body);
      return { headers: HTML, body: kept.get(path) ?? body };
    });
    const [visitor, administrator] = [mainClient(environment), mainClient(environment)];
    const answer = await visitor.once("/");
    // A session, however it was come by.
    const once = administrator.once.bind(administrator);
    administrator.once = (path) => once(path, { headers: { Cookie: "sessionid=s1" } });
    const { signal } = new AbortController();
    const pages = await openAsAdministrator(
      administrator,
      [{ path: "/", from: "", status: 200, answer }],
      "/admin/login/",
      signal,
    );
    return await mixedUpFindings(mainClient(environment), pages, signal);
  }

  it("must not be given to visitors after that", async () => {
    expect(await opened(true)).toMatchObject([
      {
        id: "pages.mixed-up",
        severity: "blocking",
        subject: "/",
        cause: expect.stringContaining("links to /admin/, /admin/logout/") as string,
      },
    ]);
  });

  it("may have links that differ each time", async () => {
    expect(await opened(false)).toEqual([]);
  });
});

describe("the start page", () => {
  it("must not begin to hide from search engines", () => {
    const [open, hidden] = [page("x"), page('<head><meta content="noindex, nofollow" name="robots"></head>')];
    const header = page("x", { "x-robots-tag": "noindex" });
    for (const now of [hidden, header]) {
      expect(hiddenFindings(["/"], { "/": now }, { "/": open })).toMatchObject([{ id: "pages.hidden", subject: "/" }]);
    }
    expect(hiddenFindings(["/"], { "/": hidden }, { "/": hidden })).toEqual([]);
    expect(hiddenFindings(["/"], { "/": open, "/search/": hidden }, { "/": open, "/search/": open })).toEqual([]);
  });
});

describe("answers", () => {
  const answering = (body: string, headers: Record<string, string> = {}): Followed => ({
    path: "/x/",
    from: "/",
    status: 200,
    answer: { status: 200, headers: { ...HTML, ...headers }, body, path: "/x/" },
  });

  it("must not hold a secret of the environment", () => {
    const secrets = [{ name: "shop-key", value: "kept-to-itself" }];
    expect(disclosedFindings([answering("a kept-to-itself b")], secrets)).toMatchObject([
      { id: "pages.secret", subject: "/x/: shop-key" },
    ]);
    expect(JSON.stringify(disclosedFindings([answering("a kept-to-itself b")], secrets))).not.toContain(
      "kept-to-itself",
    );
    expect(disclosedFindings([answering("nothing")], secrets)).toEqual([]);
  });

  it("lead to the description of an API that their script draws", () => {
    const html = '<script>SwaggerUIBundle({url: "/api/schema/?format\\u003Djson", dom_id: "#swagger-ui"})</script>';
    expect(descriptionsOf(html, "/api/docs/")).toEqual(["/api/schema/?format=json"]);
    expect(descriptionsOf('<redoc spec-url="../schema/"></redoc>', "/api/docs/")).toEqual(["/api/schema/"]);
    expect(descriptionsOf('<script>fetch({url: "/x/"})</script>', "/")).toEqual([]);
  });
});

describe("links that lead to errors", () => {
  it("stop the release where the server fails, and warn where the page is not there", () => {
    const findings = brokenFindings([met("/a/", 500), met("/b/", 404), met("/c/", 200), met("/d/", 403)], {});
    expect(findings.map(({ severity, subject }) => `${severity} ${subject}`)).toEqual(["blocking /a/", "warning /b/"]);
  });

  it("are a note where a search form does not take what was typed into it", () => {
    expect(brokenFindings([met("/a/?q=a", 400)], {})[0]?.severity).toBe("note");
    expect(brokenFindings([met("/a/?q=a", 404)], {})[0]?.severity).toBe("warning");
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

describe("a style sheet", () => {
  it("must not end within a comment", () => {
    expect(endsInComment("a { b: c } /* until here */ d { e: f }")).toBe(false);
    expect(endsInComment('a { content: "/*"; background: url("x/*.png") }')).toBe(false);
    expect(endsInComment("a { b: c } /* colours * / d { e: f }")).toBe(true);
  });
});

describe("answers of one kind", () => {
  it("are taken together, and one that succeeds says what the kind is like", () => {
    const shapes = shapesOf([met("/a/1/", 404), met("/a/2/", 200), met("/a/XY/", 200), met("/b/", 200)]);
    expect(Object.keys(shapes)).toEqual(["/a/*/", "/b/"]);
    expect(shapes["/a/*/"]?.status).toBe(200);
  });
});
