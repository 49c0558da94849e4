import type { Finding } from "../../finding.ts";
import type { PropertyDifference } from "./flat.ts";

/** Kinds of things that are compared with their declaration. */
export type DriftKind = "service" | "container" | "network" | "volume";

const SECRET_NAMES = /PASS|SECRET|TOKEN|KEY|VERIFIER|CREDENTIAL|DSN/i;
const LONGEST_VALUE = 160;

/** What follows from a difference, and how it is mended, by the beginning of the property's name. */
const CONSEQUENCES: readonly (readonly [beginning: string, id: string, consequence: string])[] = [
  [
    "variable",
    "drift.variable",
    "The release was not rehearsed with it; going back to older code does not mend it, and the next deployment takes it away.",
  ],
  ["image", "drift.image", "Another code runs than the one that was declared and rehearsed."],
  [
    "port",
    "drift.port",
    "What nobody declared is reachable from outside, past the firewall's rules for declared ports.",
  ],
  ["network", "drift.network", "It reaches, or is reached by, what the declaration keeps apart."],
  ["mount", "drift.mount", "It reads or writes files that no other environment has."],
  ["secret", "drift.file", "It runs with another secret than the declared one."],
  ["config", "drift.file", "It runs with another configuration than the declared one."],
  [
    "tasks",
    "drift.tasks",
    "It bears another load than the declared number of tasks, and the next deployment changes it.",
  ],
  ["running", "drift.running", "What is declared to run does not serve."],
  ["user", "drift.confinement", "The process may do more, or less, than was rehearsed."],
  ["read-only", "drift.confinement", "The process may do more, or less, than was rehearsed."],
  ["capabilities", "drift.confinement", "The process may do more, or less, than was rehearsed."],
  ["privileg", "drift.confinement", "The process may do more, or less, than was rehearsed."],
  ["security", "drift.confinement", "The process may do more, or less, than was rehearsed."],
  ["memory", "drift.limit", "It is stopped, or starves others, at another load than in the rehearsal."],
  ["processor", "drift.limit", "It is slower, or starves others, at another load than in the rehearsal."],
];

/** A property that is not what the stack declares. */
export function differenceFinding(kind: DriftKind, name: string, difference: PropertyDifference): Finding {
  const { property } = difference;
  const [, id, consequence] = CONSEQUENCES.find(([beginning]) => property.startsWith(beginning)) ?? [
    "",
    `drift.${kind}`,
    "What was rehearsed is not what runs; the next deployment may take it away without a word.",
  ];
  const [declared, found] = [shown(property, difference.declared), shown(property, difference.found)];
  return {
    id,
    severity: "blocking",
    subject: `${kind} ${name}, ${property}`,
    cause: `declared is ${declared}, found is ${found}: somebody changed it by hand`,
    consequence,
    remedy: "Declare it in the stack's settings, or put back what is declared: pulumi up --refresh",
    evidence: [`declared: ${declared}`, `found: ${found}`],
  };
}

/** Something declared that the engine does not have. */
export function absentFinding(kind: DriftKind, name: string): Finding {
  return {
    id: `drift.absent-${kind}`,
    severity: "blocking",
    subject: `${kind} ${name}`,
    cause: `declared is ${kind} ${name}, found is none: somebody removed it by hand`,
    consequence: "The environment is not complete: what needs it fails now or at its next start.",
    remedy: "Put it back: pulumi up --refresh",
  };
}

/** Something on the engine that belongs to the environment and that nothing declares. */
export function undeclaredFinding(kind: string, name: string, why: string, evidence: readonly string[] = []): Finding {
  return {
    id: `drift.undeclared-${kind}`,
    severity: "blocking",
    subject: `${kind} ${name}`,
    cause: `declared is none, found is ${kind} ${name}, which ${why}`,
    consequence:
      "It works beside what is declared, in no other environment; a release that needs it or stumbles over it is not rehearsed.",
    remedy: `Declare it, or remove it: docker ${kind === "container" ? "rm --force" : `${kind} rm`} ${name}`,
    evidence,
  };
}

/** A value for people: shortened, and secrets not at all. */
function shown(property: string, value: string | undefined): string {
  if (value === undefined || value === "") return "nothing";
  const name = property.startsWith("variable ") ? property.slice("variable ".length) : "";
  if (name !== "" && (SECRET_NAMES.test(name) || /:\/\/[^/\s:@]*:[^/\s@]+@/.test(value)))
    return "a value that is not shown";
  return value.length > LONGEST_VALUE ? `"${value.slice(0, LONGEST_VALUE)}…"` : `"${value}"`;
}
