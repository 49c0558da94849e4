import { describe, expect, it } from "vitest";
import type { Followed } from "../../../../rehearsal/checks/followed-links.ts";
import { mainClient } from "../../../../rehearsal/checks/gateway-client.ts";
import { addressesOf } from "../../../../rehearsal/run/pages/addresses.ts";
import { cookieFindings, cookiesOf, type WithCookies } from "../../../../rehearsal/run/pages/cookies.ts";
import { PAGES, shapesOf } from "../../../../rehearsal/run/pages/state.ts";
import { testGateway } from "../gateway.ts";

const FORM = '<form method="post"><input name="csrfmiddlewaretoken" value="x"></form>';
const TOKEN = "csrftoken=a1; Path=/; Secure";
const SESSION = "sessionid=b2; HttpOnly; Path=/; Secure";

function met(path: string, cookies: readonly string[] = [], body = FORM): Followed {
  const headers = { "content-type": "text/html", ...(cookies.length > 0 ? { "set-cookie": [...cookies] } : {}) };
  return { path, from: "/", status: 200, answer: { status: 200, headers, body, path } };
}

function release(pages: readonly Followed[], login: readonly string[] = [TOKEN, SESSION]): WithCookies {
  return { cookies: cookiesOf(pages, login), visitor: shapesOf(pages), addresses: addressesOf(pages) };
}

const BEFORE = release([met("/orders/1/", [TOKEN]), met("/", [TOKEN])]);

/** @param answers cookies that a page sets for somebody new */
async function found(now: WithCookies, before: WithCookies | null = BEFORE, answers: Record<string, string> = {}) {
  const { environment, asked } = await testGateway(({ path }) => {
    const set = answers[path];
    return set === undefined ? {} : { headers: { "set-cookie": [set] } };
  });
  const { signal } = new AbortController();
  const findings = await cookieFindings(now, before ?? undefined, () => mainClient(environment), signal);
  return { findings, asked: asked.map(({ path, headers }) => `${path} ${headers.cookie ?? ""}`.trim()) };
}

describe("cookies that pages set", () => {
  it("are known by name, kind of page, and whether scripts may read them", () => {
    const pages = [
      met("/orders/1/", [TOKEN, SESSION]),
      met("/orders/2/", [TOKEN]),
      met("/", ["ab_7=x", "gone=; Path=/"]),
    ];
    expect(cookiesOf(pages, [TOKEN, "gone=x; Max-Age=0", SESSION])).toEqual({
      visitor: {
        csrftoken: { kinds: ["/orders/*/"], readable: true },
        sessionid: { kinds: ["/orders/*/"], readable: false },
        "ab_*": { kinds: ["/"], readable: true },
      },
      login: ["csrftoken", "sessionid"],
    });
  });

  it("stop the release where a page that set one does not any more", async () => {
    const now = release([met("/orders/7/", [SESSION]), met("/", [SESSION])], [SESSION]);
    const { findings, asked } = await found(now);
    expect(findings).toMatchObject([
      { id: "pages.cookie", severity: "blocking", subject: "csrftoken", evidence: ["/", "/orders/*/"] },
    ]);
    expect(findings[0]?.cause).toBe("with the release before /, /orders/*/ set this cookie, and now it does not");
    expect(asked).toEqual(["/", "/orders/7/"]);
  });

  it("are told with the name that came in their place", async () => {
    const [token, session] = [TOKEN.replace("csrftoken", "shop_token"), SESSION.replace("sessionid", "sid")];
    const { findings } = await found(release([met("/", [token])], [token, session]));
    expect(findings.map(({ subject, cause }) => `${subject}: ${cause}`)).toEqual([
      "csrftoken: with the release before / set this cookie, and now it does not; new are shop_token, sid",
      "sessionid: with the release before logging in set this cookie, and now it does not; new are shop_token, sid",
    ]);
  });

  it("are missed though logging in sets one that scripts read", async () => {
    expect(
      (await found(release([met("/", [], "no form")]), release([met("/", [TOKEN], "no form")]))).findings,
    ).toHaveLength(1);
  });

  it("are not missed where they are set elsewhere, or for somebody new", async () => {
    expect(await found(release([met("/", []), met("/cart/", [TOKEN])]))).toEqual({ findings: [], asked: [] });
    expect((await found(release([met("/", [])]), BEFORE, { "/": TOKEN })).findings).toEqual([]);
  });

  it("may go with the page or the form that they belong to, or be the server's own", async () => {
    expect((await found(release([met("/other/", [])]))).findings).toEqual([]);
    expect((await found(release([met("/", [], "no form")]))).findings).toEqual([]);
    const visited = release([met("/", [TOKEN, SESSION])]);
    expect((await found(release([met("/", [TOKEN])]), visited)).findings).toEqual([]);
  });

  it("are nothing to compare without a release before, or where nobody logged in", async () => {
    const now = release([met("/", [])], []);
    expect((await found(now, null)).findings).toEqual([]);
    const unasked = { ...BEFORE, cookies: undefined };
    expect((await found(now, unasked)).findings).toEqual([]);
    expect((await found(release([met("/", [TOKEN])], []))).findings).toEqual([]);
  });

  it("are kept, and earlier states without them are read", () => {
    const kept = {
      ...{ version: 2, environment: "shop", release: "old1", takenAt: "2026-01-01T00:00:00Z", data: "x" },
      ...{ visitor: BEFORE.visitor, administrator: {}, addresses: {}, credentials: {} },
    };
    expect(PAGES.parse({ ...kept, cookies: BEFORE.cookies }).cookies).toEqual(BEFORE.cookies);
    expect(PAGES.parse(kept).cookies).toBeUndefined();
  });
});
