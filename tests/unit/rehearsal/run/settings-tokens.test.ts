import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { RunContext } from "../../../../rehearsal/run/context.ts";
import { settings } from "../../../../rehearsal/run/settings/step.ts";
import { tokenFindings } from "../../../../rehearsal/run/settings/tokens.ts";
import { printing } from "../inspected.ts";

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

  it("is compared by step settings with what it kept of the release before", async () => {
    const reports = mkdtempSync(path.join(tmpdir(), "rehearsal-tokens-"));
    onTestFinished(() => {
      rmSync(reports, { recursive: true });
    });
    const run = async (release: string, switches: Record<string, boolean>) => {
      const sessions = {
        ...{ signature: "s", honours: true, engine: "db", serializer: "json", cookie: "sessionid", age: 60 },
        ...{ ...NAMES, userModel: "auth.User", backends: [] },
      };
      const said = { sessions, values: { numbers: {}, switches, classes: {}, lists: {} }, inputs: [] };
      const { engine } = await printing(`${JSON.stringify(said)}\n`, 0);
      const process = { image: "shop/application:now", environment: {}, memoryBytes: 1 };
      const context = { environment: "shop", release, reports, process, secrets: {}, engine: engine.docker };
      const { findings } = await settings.run(context as unknown as RunContext);
      return findings.map(({ id, subject }) => `${id} ${subject}`);
    };
    expect(await run("old1", OFF)).toEqual([]);
    expect(await run("new1", { ...OFF, CSRF_USE_SESSIONS: true })).toEqual(["settings.token CSRF_USE_SESSIONS"]);
    expect(await run("new2", OFF)).toEqual([]);
  });
});
