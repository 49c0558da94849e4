import { formToken } from "./admin-login.ts";
import type { Check } from "./check.ts";
import { mainClient } from "./gateway-client.ts";

/**
 * Logging in writes a session through the application, a page of the admin reads it, logging out deletes it: a write and
 * a read that every Django project with an admin has, and that leaves nothing behind.
 */
export const appWriteRead: Check = {
  id: "app.write-read",
  title: "the application writes to the database and reads it back",
  remedy:
    "See the application's log. A 403 is an origin that DJANGO_CSRF_TRUSTED_ORIGINS does not name; a login form again, an " +
    "administrator whose password was changed by hand: the next deployment of a release sets it again.",
  notApplicable: ({ paths }) => (paths.adminLogin === "none" ? "checks.adminLogin is none" : undefined),
  run: async (environment) => {
    const client = mainClient(environment);
    const { adminLogin } = environment.paths;
    const home = adminLogin.replace(/login\/?$/, "");
    const token = formToken((await client.fetch(adminLogin)).body) ?? "";
    const login = await client.once(`${adminLogin}?next=${home}`, {
      method: "POST",
      form: { ...environment.administrator, csrfmiddlewaretoken: token, next: home },
    });
    if (login.status !== 302 || client.cookie("sessionid") === undefined) {
      return [
        {
          expected: "302 and a session after logging in",
          seen: `${login.status}, ${sessionState(client.cookie("sessionid"))}`,
        },
      ];
    }
    const page = await client.once(home);
    if (page.status !== 200) return [{ expected: `200 at ${home} with the session`, seen: String(page.status) }];
    const logout = await client.once(`${home}logout/`, {
      method: "POST",
      form: { csrfmiddlewaretoken: formToken(page.body) ?? "" },
    });
    const after = await client.once(home);
    if (after.status === 302) return [];
    return [{ expected: `302 to the login page after logging out (${logout.status})`, seen: String(after.status) }];
  },
};

function sessionState(cookie: string | undefined): string {
  return cookie === undefined ? "no session" : "a session";
}
