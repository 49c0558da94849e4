import { administrationIndex, logIn, logOut } from "./administration.ts";
import type { Check, DeployedEnvironment, Finding } from "./check.ts";
import { mainClient } from "./gateway-client.ts";
import { shared } from "./shared.ts";

/**
 * Logging in writes a session through the application, a page of the admin reads it, logging out deletes it: a write and
 * a read that every Django project with an admin has, and that leaves nothing behind.
 */
export const appWriteRead: Check = {
  id: "app.write-read",
  title: "the application writes to the database and reads it back",
  cause: "Rights or connection of the application's role, an origin that is not trusted, sessions that are not kept.",
  consequence: "Nobody can log in, or what users enter is lost.",
  remedy:
    "See the application's log. A 403 is an origin that DJANGO_CSRF_TRUSTED_ORIGINS does not name; a login form again, an " +
    "administrator whose password was changed by hand: the next deployment of a release sets it again.",
  notApplicable: ({ paths }) => (paths.adminLogin === "none" ? "checks.adminLogin is none" : undefined),
  run: async (environment) => (await administratorVisit(environment)).findings,
};

/** What logging in and out showed. */
export interface AdministratorVisit {
  readonly findings: readonly Finding[];
  /** Every `Set-Cookie` that came, whole. */
  readonly cookies: readonly string[];
}

/** Logs in as the administrator, reads a page and logs out, once for all checks. */
export async function administratorVisit(environment: DeployedEnvironment): Promise<AdministratorVisit> {
  return await shared(environment, visit);
}

async function visit(environment: DeployedEnvironment): Promise<AdministratorVisit> {
  const client = mainClient(environment);
  const { adminLogin } = environment.paths;
  const home = administrationIndex(adminLogin);
  const ended = (...findings: Finding[]) => ({ findings, cookies: client.received });
  const login = await logIn(client, adminLogin, environment.administrator);
  const names = [login.headers["set-cookie"] ?? []].flat().map((line) => line.split("=")[0] ?? "");
  const session = names.some((name) => client.cookie(name) !== undefined);
  if (login.status !== 302 || !session) {
    const seen = `${login.status}, ${session ? "a session" : "no session"}`;
    return ended({ expected: "302 and a session after logging in", seen });
  }
  const page = await client.once(home);
  if (page.status !== 200) return ended({ expected: `200 at ${home} with the session`, seen: String(page.status) });
  const logout = await logOut(client, home, page);
  const after = await client.once(home);
  if (after.status === 302) return ended();
  const expected = `302 to the login page after logging out (${logout.status})`;
  return ended({ expected, seen: String(after.status) });
}
