import type { Followed } from "../../checks/followed-links.ts";
import { attributeOf, documentOf } from "../../checks/html.ts";
import { methodOf } from "../../checks/references.ts";
import type { Finding } from "../../finding.ts";

const QUOTED = 5;
const ANY_ORIGIN = "https://this-host.invalid";

/** Whether Django finds the token that it asks for. */
export type FormToken = "token" | "bare";

/** The forms of a page that send something with POST to the same site, by where to, and whether they carry a token. */
export function formsOf(html: string): Record<string, FormToken> {
  const document = documentOf(html);
  const forms: Record<string, FormToken> = {};
  for (const form of document.querySelectorAll("form")) {
    const action = attributeOf(form, "action");
    if (methodOf(form) !== "post" || /^(?:[a-z]+:)?\/\//i.test(action)) continue;
    const token = [...form.querySelectorAll("input")].some(
      (input) => attributeOf(input, "name") === "csrfmiddlewaretoken",
    );
    forms[action.replaceAll(/\d+/g, "*")] = token ? "token" : "bare";
  }
  return forms;
}

/**
 * A browser that may not name the page hides the origin as well, and Django refuses what comes from an unknown one. One
 * finding for all pages: it is one setting that they have it from.
 */
export function referrerFindings(met: readonly Followed[]): Finding[] {
  const pages = met.flatMap(({ path, answer }) =>
    answer !== undefined &&
    String(answer.headers["referrer-policy"] ?? "").trim() === "no-referrer" &&
    Object.values(formsOf(answer.body)).includes("token")
      ? [path]
      : [],
  );
  const [first] = pages;
  return first === undefined
    ? []
    : [
        {
          id: "pages.form-origin",
          severity: "blocking",
          subject: first,
          cause:
            `${pages.length === 1 ? "the page has" : `${pages.length} pages with forms have`} Referrer-Policy: no-referrer, so that browsers send ` +
            "their forms with Origin: null",
          evidence: pages.slice(0, QUOTED),
          consequence:
            "Django refuses the form of every visitor with 403: it cannot tell that it comes from its own page.",
          remedy: "Set SECURE_REFERRER_POLICY to same-origin or strict-origin-when-cross-origin.",
        },
      ];
}

/**
 * Django compares the token of a form with that of a cookie, which browsers send below the cookie's path alone (RFC 6265,
 * 5.1.4). One finding for all pages: it is one setting that they have it from.
 */
export function cookiePathFindings(met: readonly Followed[]): Finding[] {
  const found = met.flatMap(({ path, answer }) => {
    if (answer === undefined) return [];
    const to = Object.entries(formsOf(answer.body))
      .filter(([, token]) => token === "token")
      .map(([action]) => new URL(action, `${ANY_ORIGIN}${answer.path}`).pathname);
    return [answer.headers["set-cookie"] ?? []].flat().flatMap((line) => {
      const [, below = "/"] = /;\s*path=([^;]*)/i.exec(line) ?? [];
      const unreached = to.find((target) => !covers(below.trim(), target));
      return unreached === undefined ? [] : [{ path, cookie: line.split("=")[0] ?? "", below, to: unreached }];
    });
  });
  const [first] = found;
  return first === undefined
    ? []
    : [
        {
          id: "pages.form-cookie",
          severity: "blocking",
          subject: first.path,
          cause:
            `its form is sent to ${first.to}, and the page sets cookie ${first.cookie} with Path=${first.below}: browsers ` +
            "do not send it there",
          evidence: found.slice(0, QUOTED).map(({ path, cookie, below }) => `${path}: ${cookie}; Path=${below}`),
          consequence:
            "Django refuses the form of every visitor with 403: the cookie that belongs to its token does not come.",
          remedy: "Leave CSRF_COOKIE_PATH and SESSION_COOKIE_PATH at / or where the whole site is.",
        },
      ];
}

/** Whether a cookie of a path is sent to another path. A path that is none counts as that of the page. */
function covers(below: string, path: string): boolean {
  if (!below.startsWith("/") || below === path) return true;
  return path.startsWith(below.endsWith("/") ? below : `${below}/`);
}
