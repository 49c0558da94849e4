import { z } from "zod";
import { type Followed, kindOf } from "../../checks/followed-links.ts";
import type { GatewayClient } from "../../checks/gateway-client.ts";
import type { Finding } from "../../finding.ts";
import type { AnswerShape } from "./describe.ts";

export const COOKIES = z.object({
  /** By name: the kinds of pages that set it for a visitor, and whether scripts may read it. */
  visitor: z.record(z.string(), z.object({ kinds: z.array(z.string()), readable: z.boolean() })),
  /** Names of those that the administrator's log-in sets; none where nobody logged in. */
  login: z.array(z.string()),
});

/** The cookies that a release sets, without what is in them. */
type Cookies = z.infer<typeof COOKIES>;

/** What is known of a release's answers to visitors. */
export interface WithCookies {
  readonly cookies?: Cookies | undefined;
  readonly visitor: Readonly<Record<string, AnswerShape>>;
  readonly addresses: Readonly<Record<string, readonly string[]>>;
}

interface LostCookie {
  readonly name: string;
  /** Kinds of pages that would set it; none of what the log-in set. */
  readonly kinds: readonly string[];
}

/** A name with a hash or number in it names what it is of, and is another one tomorrow. */
const OF_DATA = /[0-9a-f]{8,}|\d+/gi;
/** Pages that are asked once more for one cookie. */
const AGAIN = 3;
const QUOTED = 5;

/**
 * What a site sets.
 *
 * @param met pages as a visitor met them
 * @param login every `Set-Cookie` of the administrator's log-in
 */
export function cookiesOf(met: readonly Followed[], login: readonly string[]): Cookies {
  const visitor: Cookies["visitor"] = {};
  for (const { path, answer } of met) {
    for (const { name, readable } of setBy([answer?.headers["set-cookie"] ?? []].flat())) {
      const kinds = visitor[name]?.kinds ?? [];
      visitor[name] = { kinds: [...new Set([...kinds, kindOf(path)])].sort(), readable };
    }
  }
  return { visitor, login: [...new Set(setBy(login).map(({ name }) => name))].sort() };
}

/**
 * Cookies that the release before set and this one does not set any more. Pages that set it then are asked once more, as by
 * somebody new: some cookies are set at a first visit alone.
 *
 * @param fresh a client without cookies
 */
export async function cookieFindings(
  now: WithCookies,
  before: WithCookies | undefined,
  fresh: () => GatewayClient,
  signal: AbortSignal,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const lost of lostCookies(now, before)) {
    const addresses = lost.kinds.flatMap((kind) => (now.addresses[kind] ?? []).slice(0, 1)).slice(0, AGAIN);
    let set = false;
    for (const address of addresses) {
      signal.throwIfAborted();
      const client = fresh();
      await client.fetch(address).catch(() => undefined);
      set ||= setBy(client.received).some(({ name }) => name === lost.name);
    }
    if (!set) findings.push(cookieFinding(lost, cameInstead(now, before)));
  }
  return findings;
}

/** Cookies of before that none of the pages sets that set them then, as far as these were met again. */
function lostCookies(now: WithCookies, before: WithCookies | undefined): LostCookie[] {
  const [set, earlier] = [now.cookies, before?.cookies];
  if (set === undefined || earlier === undefined || before === undefined) return [];
  const ofPages = Object.entries(earlier.visitor).flatMap(([name, { kinds, readable }]): LostCookie[] => {
    // What only the server reads is its own matter, as long as it keeps who has logged in.
    if (set.visitor[name] !== undefined || (!readable && set.login.includes(name))) return [];
    const left = kinds.filter(
      (kind) => isThere(now.visitor[kind]) && !lostItsForm(now.visitor[kind], before.visitor[kind]),
    );
    return left.length === 0 ? [] : [{ name, kinds: left }];
  });
  const told = ofPages.map(({ name }) => name);
  const ofLogin = set.login.length === 0 ? [] : earlier.login.filter((name) => !set.login.includes(name));
  return [...ofPages, ...ofLogin.filter((name) => !told.includes(name)).map((name) => ({ name, kinds: [] }))];
}

function isThere(shape: AnswerShape | undefined): boolean {
  return shape !== undefined && shape.status < 300;
}

/** The cookie of a form's token goes with the form. */
function lostItsForm(now: AnswerShape | undefined, before: AnswerShape | undefined): boolean {
  const has = (shape: AnswerShape | undefined) => Object.values(shape?.forms ?? {}).includes("token");
  return has(before) && !has(now);
}

/** Names that the release before did not set. */
function cameInstead(now: WithCookies, before: WithCookies | undefined): string[] {
  const names = (cookies: Cookies | undefined) => [...Object.keys(cookies?.visitor ?? {}), ...(cookies?.login ?? [])];
  const known = names(before?.cookies);
  return [...new Set(names(now.cookies))].filter((name) => !known.includes(name));
}

function cookieFinding({ name, kinds }: LostCookie, instead: readonly string[]): Finding {
  const who = kinds.length === 0 ? "logging in" : kinds.slice(0, QUOTED).join(", ");
  return {
    id: "pages.cookie",
    severity: "blocking",
    subject: name,
    cause:
      `with the release before ${who} set this cookie, and now it does not` +
      (instead.length === 0 ? "" : `; new ${instead.length === 1 ? "is" : "are"} ${instead.join(", ")}`),
    consequence:
      "Scripts and programs that read it find nothing: with Django's token every POST of theirs is answered 403. Where it holds who has logged in, everybody has to log in again.",
    remedy:
      "Look at CSRF_USE_SESSIONS, CSRF_COOKIE_NAME and SESSION_COOKIE_NAME, at ensure_csrf_cookie and what else sets it, and at caches of whole pages. Where it is meant, name the finding in rehearsal:checks.accepted.",
    evidence: [...kinds],
  };
}

/** The cookies that lines of `Set-Cookie` set; one without a value, or without a life, is taken back. */
function setBy(lines: readonly string[]): { name: string; readable: boolean }[] {
  return lines.flatMap((line) => {
    const [pair = "", ...attributes] = line.split(";").map((part) => part.trim());
    const at = pair.indexOf("=");
    const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
    if (at < 1 || value === "" || value === '""' || attributes.some((part) => /^max-age=(?:0|-\d+)$/i.test(part))) {
      return [];
    }
    return [{ name: name.replaceAll(OF_DATA, "*"), readable: !attributes.some((part) => /^httponly$/i.test(part)) }];
  });
}
