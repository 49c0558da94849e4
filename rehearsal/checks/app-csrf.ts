import { formToken } from "./admin-login.ts";
import type { Check, DeployedEnvironment, Finding } from "./check.ts";
import { concreteHostname, GatewayClient } from "./gateway-client.ts";

/** An origin that no project trusts (RFC 2606). */
const FOREIGN_ORIGIN = "https://foreign-origin.invalid";

/**
 * Sends the login form empty: Django looks at the origin and the token first, and an empty form is no attempt to log in.
 */
export const appCsrf: Check = {
  id: "app.csrf",
  title: "forms can be sent on every hostname, and not from other sites",
  cause: "DJANGO_CSRF_TRUSTED_ORIGINS lacks an origin or allows any, or the gateway hands on another Host or scheme.",
  consequence: "Every form of the hostname answers 403, or other sites can send forms in a visitor's name.",
  remedy: "Take CSRF_TRUSTED_ORIGINS from the variable DJANGO_CSRF_TRUSTED_ORIGINS in the settings.",
  notApplicable: ({ paths }) => (paths.adminLogin === "none" ? "checks.adminLogin is none" : undefined),
  run: async (environment) => {
    const found = environment.hostnames.map((pattern) => sendForm(environment, pattern));
    return [...(await Promise.all(found)).flat(), ...(await sendFromElsewhere(environment))];
  },
};

async function sendForm(environment: DeployedEnvironment, pattern: string): Promise<Finding[]> {
  const { client, token } = await openForm(environment, pattern);
  const path = environment.paths.adminLogin;
  const { status } = await client.once(path, { method: "POST", form: { csrfmiddlewaretoken: token } });
  if (status === 200) return [];
  return [{ expected: `200 to an empty form sent to ${client.origin}${path}`, seen: String(status) }];
}

async function sendFromElsewhere(environment: DeployedEnvironment): Promise<Finding[]> {
  const { client, token } = await openForm(environment, environment.hostnames[0] ?? "");
  const path = environment.paths.adminLogin;
  const { status } = await client.once(path, {
    method: "POST",
    form: { csrfmiddlewaretoken: token },
    headers: { Origin: FOREIGN_ORIGIN, Referer: `${FOREIGN_ORIGIN}/` },
  });
  if (status === 403) return [];
  return [{ expected: `403 to a form that ${FOREIGN_ORIGIN} sends to ${client.origin}${path}`, seen: String(status) }];
}

async function openForm(environment: DeployedEnvironment, pattern: string) {
  const client = new GatewayClient(environment, concreteHostname(pattern));
  const { body } = await client.fetch(environment.paths.adminLogin);
  return { client, token: formToken(body) ?? "" };
}
