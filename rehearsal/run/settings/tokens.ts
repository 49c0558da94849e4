import type { Finding } from "../../finding.ts";
import type { SessionState } from "./sessions.ts";
import type { SettingValues } from "./values.ts";

/** What the token that guards forms depends on in a release. */
interface TokenState {
  readonly sessions: Pick<SessionState, "csrfCookie" | "csrfHeader">;
  readonly values: Pick<SettingValues, "switches">;
}

const IN_SESSION = "CSRF_USE_SESSIONS";
const HTTP_ONLY = "CSRF_COOKIE_HTTPONLY";

/**
 * What of a release takes the token from clients that read it from a cookie and send it in a header, as scripts and programs do:
 * forms that the release itself shows are none of them. Of a release that was not asked for its names nothing is said of these.
 */
export function tokenFindings(now: TokenState, before: TokenState): Finding[] {
  const turnedOn = (name: string) => now.values.switches[name] === true && before.values.switches[name] === false;
  const inSession = now.values.switches[IN_SESSION] === true;
  const cookie = before.sessions.csrfCookie ?? now.sessions.csrfCookie ?? "csrftoken";
  return [
    ...(turnedOn(IN_SESSION)
      ? [
          finding(
            IN_SESSION,
            `it is on; with the release before it was off: the token is kept in the session, and cookie ${cookie} is not set any more`,
          ),
        ]
      : []),
    ...(inSession
      ? []
      : renamed("CSRF_COOKIE_NAME", "the cookie", before.sessions.csrfCookie, now.sessions.csrfCookie)),
    ...(!inSession && turnedOn(HTTP_ONLY)
      ? [
          finding(
            HTTP_ONLY,
            `it is on; with the release before it was off: scripts cannot read cookie ${cookie} any more`,
          ),
        ]
      : []),
    ...renamed("CSRF_HEADER_NAME", "the header", before.sessions.csrfHeader, now.sessions.csrfHeader),
  ];
}

function renamed(setting: string, what: string, before: string | undefined, now: string | undefined): Finding[] {
  if (before === undefined || now === undefined || before === now) return [];
  return [finding(setting, `${what} is ${now}; with the release before it was ${before}`)];
}

function finding(setting: string, cause: string): Finding {
  return {
    id: "settings.token",
    severity: "blocking",
    subject: setting,
    cause,
    consequence:
      "Scripts and programs that send the token as they did are answered 403 on every POST, and so are forms that were open.",
    remedy:
      "Put the earlier value back until no client reads the token there, or name the finding in rehearsal:checks.accepted where none does.",
  };
}
