import { formToken } from "./admin-login.ts";
import type { Answer, GatewayClient } from "./gateway-client.ts";

/** Who logs in. */
interface Administrator {
  readonly username: string;
  readonly password: string;
}

/** The index of the administration, by the path of its login page. */
export function administrationIndex(adminLogin: string): string {
  return adminLogin.replace(/login\/?$/, "");
}

/** Sends the login form as a person does; the answer leads to the index where it was taken. */
export async function logIn(
  client: GatewayClient,
  adminLogin: string,
  { username, password }: Administrator,
): Promise<Answer> {
  const index = administrationIndex(adminLogin);
  const token = formToken((await client.fetch(adminLogin)).body) ?? "";
  return await client.once(`${adminLogin}?next=${index}`, {
    method: "POST",
    form: { username, password, csrfmiddlewaretoken: token, next: index },
  });
}

/**
 * Ends the session, so that it is not left behind.
 *
 * @param page the index as it was seen last; it is asked for without it
 */
export async function logOut(client: GatewayClient, index: string, page?: Answer): Promise<Answer> {
  const token = formToken((page ?? (await client.once(index))).body) ?? "";
  return await client.once(`${index}logout/`, { method: "POST", form: { csrfmiddlewaretoken: token } });
}
