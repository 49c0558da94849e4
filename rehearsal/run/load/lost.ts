import type { Finding } from "../../finding.ts";
import { count, counted } from "../../report/format.ts";
import { type Phase, type PhaseName, phaseAt, phaseWords, type ReleaseBefore } from "./phases.ts";
import type { Targets } from "./targets.ts";
import type { Reply } from "./traffic.ts";

const SHOWN = 8;
const TOO_MANY_REQUESTS = 429;
/** Phases in which another release answers some or all requests. */
const ELSEWHERE: readonly PhaseName[] = ["away", "there", "back"];

const CAUSES: Record<PhaseName, readonly [consequence: string, remedy: string]> = {
  steady: [
    "So it is for visitors from the first minute on.",
    "See the application's and the gateway's log for these requests; under load look for limits of threads, connections and memory.",
  ],
  pause: ["So it is for visitors from the first minute on.", "See the application's and the gateway's log."],
  away: [
    "Every deployment loses requests of visitors, and whoever sends a form does not know whether it was taken.",
    "Let a task that was told to stop (SIGTERM) finish what it has begun, and be healthy only when it serves; see app.drainSeconds.",
  ],
  there: [
    "The way back is closed: where the release must be taken back, the one before fails on what it finds.",
    "Keep what the release before reads and writes until the release after this one: expand first, contract later.",
  ],
  back: [
    "Every deployment loses requests of visitors, and whoever sends a form does not know whether it was taken.",
    "Let a task that was told to stop (SIGTERM) finish what it has begun, and be healthy only when it serves; see app.drainSeconds.",
  ],
  after: [
    "So it is for visitors from the first minute on.",
    "See the application's and the gateway's log for these requests.",
  ],
};

/** Requests that had no answer, or one that is the server's fault. */
export function lostReplies(replies: readonly Reply[], { asset }: Pick<Targets, "asset">): Reply[] {
  const noFile = (path: string, status: number) => path === asset && status >= 400 && !path.endsWith("/");
  return replies.filter(({ path, status }) => status === 0 || status >= 500 || noFile(path, status));
}

/** What became of requests that should not have, phase by phase. */
export function lostFindings(
  replies: readonly Reply[],
  phases: readonly Phase[],
  targets: Targets,
  before: ReleaseBefore | undefined,
): Finding[] {
  const phaseOf = ({ at, milliseconds }: Reply) => phaseAt(phases, at + milliseconds)?.name ?? between(phases, at);
  const lost = Map.groupBy(lostReplies(replies, targets), phaseOf);
  const findings = [...lost].flatMap(([name, some]) => {
    const [grave, own] = apart(some, name, before);
    const of = replies.filter((reply) => phaseOf(reply) === name).length;
    return [
      ...(grave.length === 0 ? [] : [lostFinding("blocking", name, grave, of, before)]),
      ...(own.length === 0 ? [] : [lostFinding("warning", name, own, of, before)]),
    ];
  });
  return [...findings, ...refusedFindings(replies, phases, targets, before)];
}

/** While tasks get used to the load nothing is changed either, and while services are put back nothing any more. */
function between(phases: readonly Phase[], at: number): PhaseName {
  return at < (phases[0]?.from ?? 0) ? "steady" : "after";
}

/** A release that nobody has rehearsed may have answered so before: what it says itself is no news. */
function apart(lost: readonly Reply[], name: PhaseName, before: ReleaseBefore | undefined): [Reply[], Reply[]] {
  const lenient = before?.passed === false && ELSEWHERE.includes(name);
  const own = ({ status }: Reply) => lenient && status >= 500 && status !== 502 && status !== 504;
  return [lost.filter((reply) => !own(reply)), lost.filter(own)];
}

function lostFinding(
  severity: Finding["severity"],
  name: PhaseName,
  lost: readonly Reply[],
  of: number,
  before: ReleaseBefore | undefined,
): Finding {
  const [consequence, remedy] = CAUSES[name];
  return {
    id: name === "there" && before !== undefined ? "load.release-before-fails" : "load.requests-lost",
    severity,
    subject: `requests while ${phaseWords(name, before)}`,
    cause: `${count(lost.length)} of ${counted(of, "request")} got no answer, or one of 500 and above`,
    consequence,
    remedy,
    evidence: evidenceOf(lost),
  };
}

/** Pages that answered a client before, and refuse it under load; another release may not have them yet. */
function refusedFindings(
  replies: readonly Reply[],
  phases: readonly Phase[],
  { pages }: Targets,
  before: ReleaseBefore | undefined,
): Finding[] {
  const refused = replies.filter(({ path, at, milliseconds, status }) => {
    const name = phaseAt(phases, at + milliseconds)?.name;
    const same = name !== undefined && (before === undefined || !ELSEWHERE.includes(name));
    return same && pages.includes(path) && status >= 400 && status < 500;
  });
  const limited = refused.filter(({ status }) => status === TOO_MANY_REQUESTS);
  const others = refused.filter(({ status }) => status !== TOO_MANY_REQUESTS);
  return [
    ...(others.length === 0 ? [] : [refusedFinding(others)]),
    ...(limited.length === 0 ? [] : [limitedFinding(limited)]),
  ];
}

function refusedFinding(refused: readonly Reply[]): Finding {
  return {
    id: "load.requests-refused",
    severity: "warning",
    subject: "pages that answered before the load",
    cause: `${counted(refused.length, "request")} got an answer from 400 to 499`,
    consequence: "Visitors do not find what they found a moment ago.",
    remedy: "Find out what of these pages depends on the task that answers, or on what was asked before.",
    evidence: evidenceOf(refused),
  };
}

function limitedFinding(limited: readonly Reply[]): Finding {
  return {
    id: "load.requests-limited",
    severity: "note",
    subject: "pages with a limit of requests",
    cause: `${counted(limited.length, "request")} got 429, too many requests`,
    consequence: "What these pages do under load was not seen.",
    remedy: "Where it is to be seen, lower load.requestsPerSecond, or exempt the gateway's own network from the limit.",
    evidence: evidenceOf(limited),
  };
}

/** What was answered by path, with its number. */
function evidenceOf(replies: readonly Reply[]): string[] {
  const groups = Map.groupBy(replies, ({ path, status, error }) => `${path}: ${error ?? status}`);
  const lines = [...groups]
    .toSorted(([, one], [, other]) => other.length - one.length)
    .map(([words, some]) => `${count(some.length)} × ${words}, first at ${new Date(some[0]?.at ?? 0).toISOString()}`);
  return lines.length > SHOWN ? [...lines.slice(0, SHOWN), `and ${lines.length - SHOWN} more`] : lines;
}
