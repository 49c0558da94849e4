import type { GatewayClient } from "../../checks/gateway-client.ts";
import type { Finding } from "../../finding.ts";

/** Of the schemes that clients of an API use. */
const NOBODYS = {
  Token: "0000000000000000000000000000000000000000",
  Bearer: "nobody.has.this",
  Basic: Buffer.from("nobody:nothing").toString("base64"),
};

/** How an API answers to tokens and passwords that nobody has: status by scheme. */
export async function tryCredentials(client: GatewayClient, path: string): Promise<Record<string, number>> {
  const answers = Object.entries(NOBODYS).map(async ([scheme, value]): Promise<[string, number]> => {
    const headers = { Authorization: `${scheme} ${value}` };
    const status = await client.once(path, { headers }).then(
      (answer) => answer.status,
      () => 0,
    );
    return [scheme, status];
  });
  return Object.fromEntries(await Promise.all(answers));
}

/** Schemes that were looked at with the release before, and are passed over now. */
export function credentialFindings(
  path: string,
  now: Readonly<Record<string, number>>,
  before: Readonly<Record<string, number>>,
): Finding[] {
  return Object.entries(before).flatMap(([scheme, earlier]): Finding[] => {
    const status = now[scheme] ?? 0;
    if (![401, 403].includes(earlier) || status < 200 || status >= 300) return [];
    return [
      {
        id: "pages.credentials",
        severity: "blocking",
        subject: `${path}: Authorization: ${scheme}`,
        cause: `a value that nobody has is answered ${status}; with the release before it was refused with ${earlier}: the header is not read any more`,
        consequence: "Clients that log in by it are strangers to the API: what they could do they can do no more.",
        remedy: "Look at the authentication classes, and whether the gateway hands the Authorization header on.",
      },
    ];
  });
}
