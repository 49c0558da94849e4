import type { Staged } from "./staged.ts";

/** Begins Python with `c`, a client of the project that asks as the gateway hands requests on. */
export const CLIENT =
  "from django.test import Client; c = Client(HTTP_HOST=__import__('os').environ['DJANGO_ALLOWED_HOSTS'].split(',')[0], HTTP_X_FORWARDED_PROTO='https'); ";

/** The last line that Python prints in a task, of the application or of the role that is named. */
export async function python(twin: Staged, code: string, role = "app"): Promise<string> {
  const { said } = await twin.manage(role, "shell", "-c", code);
  return said.trim().split("\n").at(-1) ?? "";
}
