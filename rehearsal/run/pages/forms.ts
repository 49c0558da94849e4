import { parseHTML } from "linkedom";
import type { Followed } from "../../checks/followed-links.ts";
import { attributeOf, methodOf } from "../../checks/references.ts";
import type { Finding } from "../../finding.ts";

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

/** A browser that may not name the page hides the origin as well, and Django refuses what comes from an unknown one. */
export function referrerFindings(met: readonly Followed[]): Finding[] {
  return met.flatMap(({ path, answer }): Finding[] => {
    if (answer === undefined || String(answer.headers["referrer-policy"] ?? "").trim() !== "no-referrer") return [];
    if (!Object.values(formsOf(answer.body)).includes("token")) return [];
    return [
      {
        id: "pages.form-origin",
        severity: "blocking",
        subject: path,
        cause: "the page has Referrer-Policy: no-referrer, so that browsers send its form with Origin: null",
        consequence:
          "Django refuses the form of every visitor with 403: it cannot tell that it comes from its own page.",
        remedy: "Set SECURE_REFERRER_POLICY to same-origin or strict-origin-when-cross-origin.",
      },
    ];
  });
}
