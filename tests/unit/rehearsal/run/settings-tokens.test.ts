import { describe, expect, it } from "vitest";
import { tokenFindings } from "../../../../rehearsal/run/settings/tokens.ts";

const NAMES = { csrfCookie: "csrftoken", csrfHeader: "X-CSRFTOKEN" };
const OFF = { CSRF_USE_SESSIONS: false, CSRF_COOKIE_HTTPONLY: false };
const state = (sessions: Partial<typeof NAMES> = {}, switches: Record<string, boolean> = {}) => ({
  sessions: { ...NAMES, ...sessions },
  values: { switches: { ...OFF, ...switches } },
});
const found = (now: ReturnType<typeof state>, before = state()) =>
  tokenFindings(now, before).map(({ id, severity, subject, cause }) => `${severity} ${id} ${subject}: ${cause}`);

describe("the token that clients send", () => {
  it("stays where it was", () => {
    expect(found(state())).toEqual([]);
    const inSession = state({}, { CSRF_USE_SESSIONS: true });
    expect(found(inSession, inSession)).toEqual([]);
    expect(found(state(), inSession)).toEqual([]);
    expect(found(state(), state({}, { CSRF_COOKIE_HTTPONLY: true }))).toEqual([]);
  });

  it("must not move out of its cookie into the session", () => {
    expect(found(state({}, { CSRF_USE_SESSIONS: true }))).toEqual([
      "blocking settings.token CSRF_USE_SESSIONS: it is on; with the release before it was off: the token is kept in the session, and cookie csrftoken is not set any more",
    ]);
    const own = state({ csrfCookie: "shop_token" });
    expect(found(state({ csrfCookie: "shop_token" }, { CSRF_USE_SESSIONS: true }), own)[0]).toContain(
      "cookie shop_token",
    );
  });

  it("must not be hidden from scripts", () => {
    expect(found(state({}, { CSRF_COOKIE_HTTPONLY: true }))).toEqual([
      "blocking settings.token CSRF_COOKIE_HTTPONLY: it is on; with the release before it was off: scripts cannot read cookie csrftoken any more",
    ]);
    expect(found(state({}, { CSRF_USE_SESSIONS: true, CSRF_COOKIE_HTTPONLY: true }))).toHaveLength(1);
  });

  it("must not have another cookie or header", () => {
    expect(found(state({ csrfCookie: "shop_token", csrfHeader: "X-SHOP" }))).toEqual([
      "blocking settings.token CSRF_COOKIE_NAME: the cookie is shop_token; with the release before it was csrftoken",
      "blocking settings.token CSRF_HEADER_NAME: the header is X-SHOP; with the release before it was X-CSRFTOKEN",
    ]);
    const inSession = state({}, { CSRF_USE_SESSIONS: true });
    expect(found(state({ csrfCookie: "shop_token" }, { CSRF_USE_SESSIONS: true }), inSession)).toEqual([]);
  });

  it("is nothing where a release was not asked for it", () => {
    const unasked = { sessions: {}, values: { switches: {} } };
    expect(tokenFindings(state({ csrfCookie: "shop_token" }, { CSRF_USE_SESSIONS: true }), unasked)).toEqual([]);
    expect(tokenFindings(unasked, state())).toEqual([]);
    const known = { sessions: {}, values: { switches: OFF } };
    expect(tokenFindings(state({}, { CSRF_USE_SESSIONS: true }), known)[0]?.cause).toContain("cookie csrftoken");
  });
});
