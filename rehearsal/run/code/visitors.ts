import type { Finding } from "../../finding.ts";
import type { CodeAnswer } from "../../migration/outgoing-code.ts";

/** What visitors lose who came from a search, or whose language writes numbers otherwise, while all others see nothing of it. */
export function visitorFindings(before: readonly CodeAnswer[], now: readonly CodeAnswer[], release: string): Finding[] {
  const earlier = new Map(before.map((answer) => [answer.path, answer]));
  return now.flatMap((answer) => {
    const known = earlier.get(answer.path);
    return known === undefined ? [] : [...lostParameters(answer, known, release), ...localized(answer, known, release)];
  });
}

function lostParameters({ path, carried }: CodeAnswer, before: CodeAnswer, release: string): Finding[] {
  const lost = (before.carried ?? []).filter((name) => carried?.includes(name) === false);
  if (lost.length === 0) return [];
  const names = lost.join(", ");
  return [
    {
      id: "code.parameter-lost",
      severity: "blocking",
      subject: path,
      cause: `its links to its own other pages do not hand on ${names}, as those of release ${release} do on the same data`,
      consequence:
        "Whoever goes to the next page or sorts the list sees other rows than those that they have asked for.",
      remedy: `Put ${names} into the addresses of these links, as with Django's {% querystring %}.`,
    },
  ];
}

function localized({ path, localized: now = [] }: CodeAnswer, before: CodeAnswer, release: string): Finding[] {
  const places = now.filter((place) => before.localized?.includes(place) === false);
  if (places.length === 0) return [];
  return [
    {
      id: "code.localized-numbers",
      severity: "blocking",
      subject: path,
      cause: `numbers in ${places.join(", ")} have a decimal comma for visitors whose language writes one; with release ${release} they have none`,
      consequence:
        "Browsers and programs cannot read such numbers: drawings, scripts and imports break for these visitors alone.",
      remedy: "Write numbers that programs read without a language: {% localize off %}, |unlocalize, or as JSON.",
    },
  ];
}
