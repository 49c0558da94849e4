import type { Finding } from "../../finding.ts";
import { counted } from "../../report/format.ts";

/** Up to here each is told by itself. */
const FEW = 3;
const QUOTED = 20;

/** What is said of many pages in the same words has one cause, and is told once, with the pages. */
export function folded(findings: readonly Finding[]): Finding[] {
  return [...Map.groupBy(findings, sameOf).values()].flatMap((alike) => {
    const [first] = alike;
    if (first === undefined || alike.length <= FEW) return alike;
    return [
      {
        ...first,
        cause: `${first.cause}; so it is with ${counted(alike.length - 1, "other page")}`,
        evidence: alike.slice(0, QUOTED).map(({ subject }) => subject),
      },
    ];
  });
}

/** Everything but the page: it ends where the subject goes on with what of it is meant. */
function sameOf({ id, severity, subject, cause }: Finding): string {
  const part = subject.includes(": ") ? subject.slice(subject.indexOf(": ")) : "";
  return [id, severity, cause, part].join("\n");
}
