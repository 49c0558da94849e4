import { kindOf } from "../../checks/followed-links.ts";
import type { Answer, GatewayClient } from "../../checks/gateway-client.ts";
import { attributeOf, documentOf } from "../../checks/html.ts";
import { methodOf } from "../../checks/references.ts";
import type { Finding } from "../../finding.ts";

/** So many forms are tried, one of each kind of page. */
const MOST = 10;
/** Shorter lines every server takes. */
const LONG = 2000;

/** A form that is sent as an address, with all that can be chosen in it. */
interface LongForm {
  readonly path: string;
  readonly address: string;
}

/**
 * Forms that are sent as addresses (GET) and in which several things can be chosen, sent with all of them: servers and
 * gateways take a request line of some thousand characters, and a page that is read with few choices shows nothing of it.
 *
 * @param before kinds of pages on which such a form was answered with the release before; undefined where nobody tried
 */
export async function longFormFindings(
  client: GatewayClient,
  met: readonly Answer[],
  before: readonly string[] | undefined,
): Promise<{ readonly findings: readonly Finding[]; readonly answered: readonly string[] }> {
  const byKind = new Map(met.flatMap(longForms).map((form) => [kindOf(form.path), form]));
  const findings: Finding[] = [];
  const answered: string[] = [];
  for (const [kind, { path, address }] of [...byKind].slice(0, MOST)) {
    const { status, words } = await client.once(address).then(
      (answer) => ({ status: answer.status, words: `status ${answer.status}` }),
      (error: unknown) => ({ status: 0, words: error instanceof Error ? error.message : String(error) }),
    );
    if (status > 0 && status < 400) answered.push(kind);
    else
      findings.push({
        id: "pages.form-too-long",
        // A form may refuse what nobody chooses; it is no intention where it did not.
        severity:
          before === undefined || (!before.includes(kind) && status < 500 && status !== 414) ? "warning" : "blocking",
        subject: path,
        cause: `its form with all that can be chosen makes an address of ${address.length} characters, which is not answered (${words})`,
        consequence: "Whoever chooses much sees an error, and a link that is kept or shared leads nowhere.",
        remedy:
          "Send the form with POST, choose by groups, or have fewer and shorter values; servers take about 4,000 characters.",
      });
  }
  return { findings, answered };
}

function longForms({ status, headers, path, body }: Answer): LongForm[] {
  if (status !== 200 || !/\bhtml\b/.test(String(headers["content-type"] ?? ""))) return [];
  return [...documentOf(body).querySelectorAll("form")].flatMap((form) => {
    if (methodOf(form) !== "get") return [];
    const chosen = new URLSearchParams();
    for (const select of form.querySelectorAll("select[multiple][name]")) {
      for (const option of select.querySelectorAll("option")) {
        chosen.append(attributeOf(select, "name"), option.getAttribute("value") ?? option.textContent);
      }
    }
    for (const box of form.querySelectorAll("input[type='checkbox'][name]")) {
      chosen.append(attributeOf(box, "name"), box.getAttribute("value") ?? "on");
    }
    const action = URL.parse(attributeOf(form, "action"), `https://here${path}`);
    const address = `${action?.pathname ?? path}?${chosen.toString()}`;
    return address.length < LONG || action?.host !== "here" ? [] : [{ path, address }];
  });
}
