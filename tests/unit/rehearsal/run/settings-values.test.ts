import { describe, expect, it } from "vitest";
import { type SettingValues, valueFindings } from "../../../../rehearsal/run/settings/values.ts";

const NOTHING: SettingValues = { numbers: {}, switches: {}, classes: {}, lists: {} };

const found = (now: Partial<SettingValues>, before: Partial<SettingValues>) =>
  valueFindings({ ...NOTHING, ...now }, { ...NOTHING, ...before }).map(({ id, subject, cause }) =>
    [id, subject, cause].join(" | "),
  );

describe("guards", () => {
  const rest = "REST_FRAMEWORK.DEFAULT_THROTTLE_CLASSES";

  it("are missed where one is gone from a list, or the list itself is", () => {
    const before = { lists: { [rest]: ["rest_framework.throttling.AnonRateThrottle"] } };
    const told = `settings.guard | ${rest} | rest_framework.throttling.AnonRateThrottle is gone, which it held with the release before`;
    expect(found({ lists: { [rest]: [] } }, before)).toEqual([told]);
    expect(found({}, before)).toEqual([told]);
  });

  it("may be replaced by others, and what guards nothing may go", () => {
    const before = { lists: { MIDDLEWARE: ["shop.security.Headers", "shop.authors.Names", "shop.timing.Timing"] } };
    expect(found({ lists: { MIDDLEWARE: ["csp.middleware.CSPMiddleware"] } }, before)).toEqual([]);
    expect(found({ lists: { MIDDLEWARE: ["shop.timing.Timing"] } }, before)).toHaveLength(1);
    const [only, any] = ["rest_framework.permissions.IsAuthenticated", "rest_framework.permissions.AllowAny"];
    expect(found({ lists: { A: [any] } }, { lists: { A: [only] } })).toHaveLength(1);
  });

  it("are of no use where a tool for developers is in", () => {
    const [shop, silk] = ["shop.security.Headers", "silk.middleware.SilkyMiddleware"];
    expect(found({ lists: { MIDDLEWARE: [shop, silk] } }, { lists: { MIDDLEWARE: [shop] } })).toEqual([
      `settings.development-tool | MIDDLEWARE | it holds ${silk}, a tool for development, which it did not with the release before`,
    ]);
    expect(found({ lists: { MIDDLEWARE: [silk] } }, { lists: { MIDDLEWARE: [silk] } })).toEqual([]);
    expect(found({ lists: { MIDDLEWARE: [silk] } }, {})).toEqual([]);
  });

  it("are switches that open what was closed", () => {
    const [atomic, cors] = ["DATABASES.default.ATOMIC_REQUESTS", "CORS_ALLOW_ALL_ORIGINS"];
    expect(
      found({ switches: { [atomic]: false, [cors]: true } }, { switches: { [atomic]: true, [cors]: false } }),
    ).toEqual([
      `settings.guard | ${atomic} | it is off; with the release before it was on`,
      `settings.guard | ${cors} | it is on; with the release before it was off`,
    ]);
    expect(
      found({ switches: { [atomic]: true, [cors]: false } }, { switches: { [atomic]: false, [cors]: true } }),
    ).toEqual([]);
    expect(found({ switches: { USE_I18N: false } }, { switches: { USE_I18N: true, [atomic]: true } })).toEqual([]);
  });
});

describe("stand-ins for development", () => {
  const [smtp, console] = [
    "django.core.mail.backends.smtp.EmailBackend",
    "django.core.mail.backends.console.EmailBackend",
  ];

  it("stop a release that had the real thing before", () => {
    expect(found({ classes: { EMAIL_BACKEND: console } }, { classes: { EMAIL_BACKEND: smtp } })).toEqual([
      `settings.stand-in | EMAIL_BACKEND | it is ${console}, a stand-in for development; with the release before it was ${smtp}`,
    ]);
    expect(
      found(
        { classes: { "CACHES.default.BACKEND": "django.core.cache.backends.locmem.LocMemCache" } },
        { classes: { "CACHES.default.BACKEND": "django.core.cache.backends.redis.RedisCache" } },
      ),
    ).toHaveLength(1);
  });

  it("stop none that had one before, or has another real thing", () => {
    expect(found({ classes: { EMAIL_BACKEND: console } }, { classes: { EMAIL_BACKEND: console } })).toEqual([]);
    expect(found({ classes: { EMAIL_BACKEND: "shop.mail.Backend" } }, { classes: { EMAIL_BACKEND: smtp } })).toEqual(
      [],
    );
    expect(found({ classes: { EMAIL_BACKEND: console } }, {})).toEqual([]);
  });
});

describe("numbers", () => {
  it("stop the release where one is in another unit, but for what is told of sessions", () => {
    expect(
      found(
        { numbers: { PASSWORD_RESET_TIMEOUT: 60, SESSION_COOKIE_AGE: 30 } },
        { numbers: { PASSWORD_RESET_TIMEOUT: 259_200, SESSION_COOKIE_AGE: 1_209_600 } },
      ),
    ).toEqual([
      "settings.magnitude | PASSWORD_RESET_TIMEOUT | it is 60; with the release before it was 259200: 4320 times as little",
    ]);
  });
});
