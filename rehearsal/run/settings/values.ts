import { z } from "zod";
import type { Finding } from "../../finding.ts";
import { magnitudeFindings } from "../magnitudes.ts";

/** What settings hold, by their name: with dots where one is part of another, as in `DATABASES.default.CONN_MAX_AGE`. */
export const VALUES = z.object({
  /** Lengths of time in seconds, rates per second. */
  numbers: z.record(z.string(), z.number()),
  switches: z.record(z.string(), z.boolean()),
  /** Dotted paths of Python. */
  classes: z.record(z.string(), z.string()),
  lists: z.record(z.string(), z.array(z.string())),
});

export type SettingValues = z.infer<typeof VALUES>;

/** What developers put in place of a service, and what does nothing or keeps what it is given in the one process. */
const STAND_IN = /(?:^|[._])(?:dummy|console|locmem|filebased|fake|mock)(?:[._]|$)|InMemory/i;
/** What developers look into a system with; others can as well where it serves. */
const TOOLS =
  /^(?:debug_toolbar|silk|(?:django_)?browser_reload|django_pdb|livereload|nplusone|django_extensions\.(?:management|runserver)\S*|template_profiler_panel|querycount)(?:\.|$)/;
/** What lets in, and keeps out: middleware, permissions, limits, rules for passwords. */
const GUARD =
  /auth(?!or)|permission|throttl|ratelimit|csrf|clickjack|security|validat|honeypot|captcha|(?:^|[._])(?:csp|axes|otp)(?:[._]|$)/i;
/** Its entries read what is stored, and keep nobody out. */
const HASHERS = "PASSWORD_HASHERS";
/** What stands in their lists and guards nothing. */
const OPEN = /AllowAny|NoAuth|Noop|Null/i;
/** Switches that guard where they are on, and those that open where they are. */
const CLOSES = /SECURE|HTTPONLY|ATOMIC|VERIFY|VALIDATE|ENFORCE|REQUIRE|STRICT/;
const OPENS = /ALLOW_ALL|INSECURE|ALLOW_ANY|DISABLE|SKIP|ALWAYS_EAGER|DEBUG|TESTING/;
/** Their change logs everybody out, which is told as that. */
const OF_SESSIONS = ["AUTHENTICATION_BACKENDS", "SESSION_COOKIE_AGE"];

/**
 * What of the settings guards less than before, does nothing any more, or is in another unit.
 *
 * @param when they held what they held before
 */
export function valueFindings(now: SettingValues, before: SettingValues, when = "with the release before"): Finding[] {
  return [
    ...guardFindings(now, before, when),
    ...switchFindings(now, before, when),
    ...standInFindings(now, before, when),
    ...toolFindings(now, before, when),
    ...magnitudeFindings("settings.magnitude", others(now.numbers), others(before.numbers), when),
  ];
}

function guardFindings(now: SettingValues, before: SettingValues, when: string): Finding[] {
  return Object.entries(others(before.lists)).flatMap(([subject, earlier]) => {
    const left = now.lists[subject] ?? [];
    const gone = earlier.filter((name) => guards(name) && !left.includes(name));
    // One that took another's place guards in another way, and is no list with a hole.
    const came = left.filter((name) => guards(name) && !earlier.includes(name));
    if (gone.length <= came.length) return [];
    return [
      finding(
        "guard",
        subject,
        `${gone.join(", ")} is gone, which it held ${when}`,
        subject === HASHERS
          ? "Whoever's password is stored in that way cannot log in any more, with the right one either."
          : "What it kept out or held to is let through, and every request is answered as before.",
      ),
    ];
  });
}

function guards(name: string): boolean {
  return GUARD.test(name) && !OPEN.test(name);
}

function switchFindings(now: SettingValues, before: SettingValues, when: string): Finding[] {
  return Object.entries(before.switches).flatMap(([subject, earlier]) => {
    const is = now.switches[subject];
    const name = subject.toUpperCase();
    const opened = (earlier && is === false && CLOSES.test(name)) || (!earlier && is === true && OPENS.test(name));
    if (!opened) return [];
    return [
      finding(
        "guard",
        subject,
        `it is ${is ? "on" : "off"}; ${when} it was ${earlier ? "on" : "off"}`,
        "What it kept out or held together is so no longer, and every request is answered as before.",
      ),
    ];
  });
}

function standInFindings(now: SettingValues, before: SettingValues, when: string): Finding[] {
  return Object.entries(before.classes).flatMap(([subject, earlier]) => {
    const is = now.classes[subject];
    if (is === undefined || STAND_IN.test(earlier) || !STAND_IN.test(is)) return [];
    return [
      finding(
        "stand-in",
        subject,
        `it is ${is}, a stand-in for development; ${when} it was ${earlier}`,
        "Mail is not sent, or what is kept is lost with each process and seen by no other, and no error says so.",
      ),
    ];
  });
}

function toolFindings(now: SettingValues, before: SettingValues, when: string): Finding[] {
  return Object.entries(now.lists).flatMap(([subject, held]) => {
    const came = held.filter((name) => TOOLS.test(name) && before.lists[subject]?.includes(name) === false);
    if (came.length === 0) return [];
    return [
      finding(
        "development-tool",
        subject,
        `it holds ${came.join(", ")}, a tool for development, which it did not ${when}`,
        "Where its pages are reached, everybody reads the requests, queries and data of everybody; all are kept, and slow.",
      ),
    ];
  });
}

function others<T>(settings: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !OF_SESSIONS.includes(name)));
}

function finding(id: string, subject: string, cause: string, consequence: string): Finding {
  return {
    id: `settings.${id}`,
    severity: "blocking",
    subject,
    cause,
    consequence,
    remedy: "Put the earlier value back, or name the finding in rehearsal:checks.accepted where it is meant.",
  };
}
