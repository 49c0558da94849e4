import { z } from "zod";
import type { Finding } from "../../finding.ts";
import { duration } from "../../report/format.ts";

export const SESSIONS = z.object({
  /** Of a fixed text, under the release's key: nobody can log in with it. */
  signature: z.string(),
  engine: z.string(),
  serializer: z.string(),
  cookie: z.string(),
  /** Seconds that a session lasts; not known of releases that were not asked. */
  age: z.number().optional(),
  /** Of the token that guards forms, and the header that scripts send it in; not known of releases that were not asked. */
  csrfCookie: z.string().optional(),
  csrfHeader: z.string().optional(),
  userModel: z.string(),
  backends: z.array(z.string()),
});

/** What sessions depend on in a release. */
export type SessionState = z.infer<typeof SESSIONS>;

/** A form takes longer to fill in. */
const SHORT_SECONDS = 900;
const TIMES_SHORTER = 4;
/** The two keep sessions in the same table. */
const OF_THE_DATABASE = ["django.contrib.sessions.backends.db", "django.contrib.sessions.backends.cached_db"];

/**
 * What of a release logs out those who are logged in.
 *
 * @param honours whether the release takes what the release before has signed
 */
export function sessionFindings(now: SessionState, before: SessionState, honours: boolean): Finding[] {
  const sameTable = [now.engine, before.engine].every((engine) => OF_THE_DATABASE.includes(engine));
  const gone = before.backends.filter((backend) => !now.backends.includes(backend));
  return [
    ...(honours
      ? []
      : [
          finding(
            "signatures",
            "SECRET_KEY",
            "the release does not honour what the release before has signed: its key is another one, and the earlier is no fallback",
            "Put the earlier key into SECRET_KEY_FALLBACKS until sessions and links have run out.",
          ),
        ]),
    ...(sameTable ? [] : changed("engine", "SESSION_ENGINE", before.engine, now.engine)),
    ...changed("serializer", "SESSION_SERIALIZER", before.serializer, now.serializer),
    ...changed("cookie", "SESSION_COOKIE_NAME", before.cookie, now.cookie),
    ...(isCut(now.age, before.age)
      ? changed("age", "SESSION_COOKIE_AGE", duration(before.age ?? 0), duration(now.age ?? 0))
      : []),
    ...changed("user-model", "AUTH_USER_MODEL", before.userModel, now.userModel),
    ...gone.map((backend) =>
      finding(
        "backend",
        "AUTHENTICATION_BACKENDS",
        `${backend} is gone, with which users have logged in`,
        "Leave the backend in the list until the sessions that it began have run out.",
      ),
    ),
  ];
}

/** Whoever reads a page or fills in a form is logged out before it is sent. */
function isCut(now = 0, before = 0): boolean {
  return now > 0 && now < SHORT_SECONDS && now * TIMES_SHORTER <= before;
}

function changed(id: string, setting: string, before: string, now: string): Finding[] {
  if (before === now) return [];
  const cause = `it is ${now || "none"}; with the release before it was ${before || "none"}`;
  return [finding(id, setting, cause, "Put the earlier value back, or release it at an hour when it harms few.")];
}

function finding(id: string, setting: string, cause: string, remedy: string): Finding {
  return {
    id: `sessions.${id}`,
    severity: "blocking",
    subject: setting,
    cause,
    consequence: "Everybody who is logged in is logged out, and what they had begun is lost.",
    remedy,
  };
}
