import { describe, expect, it } from "vitest";
import { adminLogin, formToken } from "../../../rehearsal/checks/admin-login.ts";
import { apiAnswers } from "../../../rehearsal/checks/api-answers.ts";
import { appWriteRead } from "../../../rehearsal/checks/app-write-read.ts";
import { type Answered, type Asked, type TestGateway, testGateway } from "./gateway.ts";

const JSON_TYPE = { "Content-Type": "application/json" };

describe("api.answers", () => {
  it.each(["application/json", "application/json; charset=utf-8", "application/vnd.api+json"])(
    "passes with JSON as %s",
    async (type) => {
      const { environment } = await testGateway(() => ({ headers: { "Content-Type": type }, body: '{"a": []}' }));
      expect(await apiAnswers.run(environment)).toEqual([]);
    },
  );

  it.each<[what: string, answer: Answered, seen: string]>([
    ["another status", { status: 503, headers: JSON_TYPE, body: "{}" }, "503, application/json"],
    ["a page", { headers: { "Content-Type": "text/html" }, body: "<p>" }, "200, text/html"],
    ["no type", { body: "{}" }, "200, no content type"],
    ["a type that only sounds alike", { headers: { "Content-Type": "text/jsonish" }, body: "{}" }, "200, text/jsonish"],
    ["a broken body", { headers: JSON_TYPE, body: '{"a": ' }, 'a body that is not JSON: {"a": '],
  ])("fails with %s", async (_, answer, seen) => {
    const { environment } = await testGateway(() => answer);
    const expected = `200 and JSON at https://shop.test:${environment.gateway.port}/api/v1/`;
    expect(await apiAnswers.run(environment)).toEqual([{ expected, seen }]);
  });

  it("does not apply where the project has no API", async () => {
    const { environment } = await testGateway(() => ({}));
    expect(apiAnswers.notApplicable?.(environment)).toBeUndefined();
    const none = { ...environment, paths: { ...environment.paths, api: "none" } };
    expect(apiAnswers.notApplicable?.(none)).toBe("checks.api is none");
  });
});

describe("admin.login", () => {
  const form = '<input type="hidden" name="csrfmiddlewaretoken" value="t0ken">';

  it("passes with a form", async () => {
    const { environment } = await testGateway(() => ({ body: form }));
    expect(await adminLogin.run(environment)).toEqual([]);
  });

  it.each<[answer: Answered, seen: string]>([
    [{ status: 404, body: form }, "404"],
    [{ status: 500 }, "500"],
    [{ body: "<h1>Welcome</h1>" }, "200 without a form with a CSRF token"],
  ])("fails with %j", async (answer, seen) => {
    const { environment } = await testGateway(() => answer);
    const expected = `200 and a login form at https://shop.test:${environment.gateway.port}/admin/login/`;
    expect(await adminLogin.run(environment)).toEqual([{ expected, seen }]);
  });

  it("does not apply where the project has no admin", async () => {
    const { environment } = await testGateway(() => ({}));
    expect(adminLogin.notApplicable?.(environment)).toBeUndefined();
    const none = { ...environment, paths: { ...environment.paths, adminLogin: "none" } };
    expect(adminLogin.notApplicable?.(none)).toBe("checks.adminLogin is none");
  });

  it("reads the token of the first form", () => {
    expect(formToken(`${form}<input name='csrfmiddlewaretoken' value='second'>`)).toBe("t0ken");
    expect(formToken('<input name="next" value="/">')).toBeUndefined();
  });
});

describe("app.write-read", () => {
  /** An admin as Django's: sessions by login, tokens in forms. `changes` replaces answers by `METHOD path`. */
  async function admin(changes: Record<string, (asked: Asked) => Answered> = {}): Promise<TestGateway> {
    const sessions = new Set<string>();
    const formWith = (token: string) => `<form><input name="csrfmiddlewaretoken" value="${token}"></form>`;
    const usual: Record<string, (asked: Asked) => Answered> = {
      "GET /admin/login/": () => ({ headers: { "Set-Cookie": "csrftoken=c1" }, body: formWith("t1") }),
      "POST /admin/login/": ({ headers, form }) => {
        const trusted = headers.cookie === "csrftoken=c1" && form.get("csrfmiddlewaretoken") === "t1";
        if (!trusted) return { status: 403 };
        if (form.get("username") !== "admin" || form.get("password") !== "open-sesame") return { body: formWith("t1") };
        sessions.add("s1");
        return { status: 302, headers: { Location: form.get("next") ?? "", "Set-Cookie": "sessionid=s1" } };
      },
      "GET /admin/": ({ headers }) => {
        const known = sessions.has(/sessionid=(\w+)/.exec(headers.cookie ?? "")?.[1] ?? "");
        return known ? { body: formWith("t2") } : { status: 302, headers: { Location: "/admin/login/" } };
      },
      "POST /admin/logout/": ({ form }) => {
        if (form.get("csrfmiddlewaretoken") !== "t2") return { status: 403 };
        sessions.clear();
        return { headers: { "Set-Cookie": 'sessionid=""; Max-Age=0' } };
      },
    };
    return await testGateway((asked) => {
      const call = `${asked.method} ${asked.path.replace(/\?.*/, "")}`;
      return (changes[call] ?? usual[call])?.(asked) ?? { status: 404 };
    });
  }

  it("passes where logging in, reading and logging out work, in this order", async () => {
    const { environment, asked } = await admin();
    expect(await appWriteRead.run(environment)).toEqual([]);
    expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "GET /admin/login/",
      "POST /admin/login/?next=/admin/",
      "GET /admin/",
      "POST /admin/logout/",
      "GET /admin/",
    ]);
  });

  it("fails where the origin is not trusted", async () => {
    const { environment } = await admin({ "POST /admin/login/": () => ({ status: 403 }) });
    expect(await appWriteRead.run(environment)).toEqual([
      { expected: "302 and a session after logging in", seen: "403, no session" },
    ]);
  });

  it("fails where the password is another one", async () => {
    const { environment } = await admin();
    const administrator = { username: "admin", password: "changed by hand" };
    expect(await appWriteRead.run({ ...environment, administrator })).toEqual([
      { expected: "302 and a session after logging in", seen: "200, no session" },
    ]);
  });

  it("fails where the login makes no session", async () => {
    const { environment } = await admin({
      "POST /admin/login/": () => ({ status: 302, headers: { Location: "/admin/" } }),
    });
    expect(await appWriteRead.run(environment)).toEqual([
      { expected: "302 and a session after logging in", seen: "302, no session" },
    ]);
  });

  it("fails where the session that was written is not read", async () => {
    const { environment } = await admin({
      "GET /admin/": () => ({ status: 302, headers: { Location: "/admin/login/" } }),
    });
    expect(await appWriteRead.run(environment)).toEqual([{ expected: "200 at /admin/ with the session", seen: "302" }]);
  });

  it("fails where the session outlives the logout", async () => {
    const { environment } = await admin({ "POST /admin/logout/": () => ({ status: 500 }) });
    expect(await appWriteRead.run(environment)).toEqual([
      { expected: "302 to the login page after logging out (500)", seen: "200" },
    ]);
  });

  it("does not apply where the project has no admin", async () => {
    const { environment } = await testGateway(() => ({}));
    expect(appWriteRead.notApplicable?.(environment)).toBeUndefined();
    const none = { ...environment, paths: { ...environment.paths, adminLogin: "none" } };
    expect(appWriteRead.notApplicable?.(none)).toBe("checks.adminLogin is none");
  });
});
