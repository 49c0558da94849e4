import { parseHTML } from "linkedom";
import type { Followed } from "../../checks/followed-links.ts";
import { attributeOf, methodOf } from "../../checks/references.ts";
import type { Finding } from "../../finding.ts";

const QUOTED = 5;

/** Whether Django finds the token that it asks for. */
export type FormToken = "token" | "bare";

/** The forms of a page that send something with POST to the same site, by where to, and whether they carry a token. */
export function formsOf(html: string): Record<string, FormToken> {
  const { document } = parseHTML(html);
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
