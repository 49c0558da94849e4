import { describe, expect, it } from "vitest";
import { type SessionState, sessionFindings } from "../../../../rehearsal/run/settings/sessions.ts";

const BEFORE: SessionState = {
  signature: "text:signature",
  engine: "django.contrib.sessions.backends.db",
  serializer: "django.contrib.sessions.serializers.JSONSerializer",
  cookie: "sessionid",
  userModel: "auth.User",
  backends: ["django.contrib.auth.backends.ModelBackend"],
};

const ids = (now: Partial<SessionState>, honours = true) =>
  sessionFindings({ ...BEFORE, ...now }, BEFORE, honours).map(({ id, severity }) => `${severity} ${id}`);

describe("what logs everybody out", () => {
  it("is nothing where sessions depend on what they did", () => {
    expect(ids({})).toEqual([]);
    expect(ids({ backends: [...BEFORE.backends, "shop.backends.Tokens"] })).toEqual([]);
  });

  it("is a key that does not honour earlier signatures", () => {
    expect(ids({}, false)).toEqual(["blocking sessions.signatures"]);
  });

  it("is a much shorter life of sessions", () => {
    const ages = (now: number, before: number) =>
      sessionFindings({ ...BEFORE, age: now }, { ...BEFORE, age: before }, true);
    expect(ages(30, 1_209_600)).toMatchObject([
      { id: "sessions.age", cause: "it is 30.0 s; with the release before it was 336 h 0 min" },
    ]);
    expect(ages(43_200, 1_209_600)).toEqual([]);
    expect(ages(600, 1200)).toEqual([]);
    expect(ids({ age: 30 })).toEqual([]);
  });

  it("is another engine, unless both keep sessions in the same table", () => {
    expect(ids({ engine: "django.contrib.sessions.backends.cached_db" })).toEqual([]);
    expect(ids({ engine: "django.contrib.sessions.backends.cache" })).toEqual(["blocking sessions.engine"]);
  });

  it("is another serializer, cookie name or user model, and a backend that is gone", () => {
    const now = { serializer: "shop.Pickle", cookie: "sid", userModel: "shop.User", backends: [] };
    expect(ids(now)).toEqual([
      "blocking sessions.serializer",
      "blocking sessions.cookie",
      "blocking sessions.user-model",
      "blocking sessions.backend",
    ]);
  });
});
