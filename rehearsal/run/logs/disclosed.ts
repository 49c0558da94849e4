import type { Finding } from "../../finding.ts";
import type { DeclaredObject } from "../declaration.ts";

/** A secret of the environment by its name, and what of it must stand nowhere. */
export interface KnownSecret {
  readonly name: string;
  readonly value: string;
}

/** A secret that stands in the log of a process. */
export interface Disclosure {
  readonly source: string;
  readonly secret: string;
  /** The first line that shows it, with the secret taken out. */
  readonly line: string;
}

/** Shorter ones are met by chance. */
const SHORTEST = 8;
const LONGEST_LINE = 300;

/** The values that the declared secrets hold: whole ones, and the passwords in addresses. */
export function knownSecrets(declared: readonly Pick<DeclaredObject, "name" | "inputs">[]): KnownSecret[] {
  return declared.flatMap(({ name, inputs: { data } }) => {
    if (typeof data !== "string") return [];
    const text = Buffer.from(data, "base64").toString("utf8").trim();
    const values = URL.canParse(text) ? [decodeURIComponent(new URL(text).password)] : text.split("\n");
    // Of a key in several lines the first and last say only that it is one.
    const telling = values.length > 2 ? values.slice(1, -1) : values;
    // A random ending tells versions of one secret apart.
    const plain = name.replace(/-[0-9a-f]{7}$/, "");
    return telling.filter((value) => value.length >= SHORTEST).map((value) => ({ name: plain, value }));
  });
}

/**
 * The text with every secret in it taken out, so that no report shows one.
 *
 * @param found to which the first place of each secret is added
 */
export function disclosed(text: string, secrets: readonly KnownSecret[], source: string, found: Disclosure[]): string {
  let clean = text;
  for (const { name, value } of secrets) {
    if (!clean.includes(value)) continue;
    const hidden = `[secret ${name}]`;
    clean = clean.replaceAll(value, hidden);
    const line = clean.split("\n").find((one) => one.includes(hidden)) ?? "";
    if (!found.some((one) => one.source === source && one.secret === name)) {
      found.push({ source, secret: name, line: line.slice(0, LONGEST_LINE) });
    }
  }
  return clean;
}

/** A secret in a log is known to all who may read logs, and to wherever logs are sent. */
export function disclosureFinding({ source, secret, line }: Disclosure): Finding {
  return {
    id: "log.secret",
    severity: "blocking",
    subject: `${source}: ${secret}`,
    cause: "the log shows the value of this secret",
    consequence: "Whoever reads logs, and every system that they are sent to, has it.",
    remedy: "Take it out of what is logged, then make a new secret: the old one is known.",
    evidence: [line],
  };
}
