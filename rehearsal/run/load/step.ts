import { setTimeout as sleep } from "node:timers/promises";
import { stops, withDecisions } from "../../accepted.ts";
import type { Finding } from "../../finding.ts";
import { bytes, count, duration } from "../../report/format.ts";
import type { RunContext } from "../context.ts";
import { servedAtOnce } from "../database/connection-users.ts";
import type { RunStep, StepOutcome } from "../step.ts";
import { burstFindings, tryBursts } from "./burst.ts";
import { declaredRoles, mostConnections } from "./connections.ts";
import { growthFindings } from "./growth.ts";
import { earlierLoad, keepLoad } from "./keep.ts";
import { latencyOf, slowerFindings } from "./latency.ts";
import { connectionPeak, limitFindings, memoryPeaks } from "./limits.ts";
import { lostFindings, lostReplies } from "./lost.ts";
import { awaitMachine, requireMachine } from "./machine.ts";
import type { Phase, PhaseName } from "./phases.ts";
import { comeBack, goAway, planRoll, type Roll, restore } from "./roll.ts";
import { type EndedSessions, endedSessionFindings, endSessions } from "./sessions.ts";
import { findTargets, type Targets } from "./targets.ts";
import { diedFindings, flapFindings, killedFindings } from "./tasks.ts";
import { Traffic } from "./traffic.ts";
import { upstreamFindings } from "./upstream.ts";
import { type Sample, watched } from "./watch.ts";

/** Share of the load's seconds in which tasks get used to it, and in which those serve that came. */
const SHORT = 0.25;
/** What grows is looked at for so many times as long: what a process fills once has an end. */
const LONGER = 3;
/** For connections and threads that end when nobody asks. */
const PAUSE_SECONDS = 4;
/** Where the server's command does not tell how many threads it has. */
const USUAL_THREADS = 16;

/** Whether a release serves under load while its tasks are replaced, there and back. */
export const load: RunStep = {
  id: "load",
  title: "under load none is lost, and limits hold",
  run: async (context) => {
    if (context.protectedData) {
      const skipped = "database.protect is true: nobody but its users puts a system with such data under load";
      return { detail: "", findings: [], skipped };
    }
    const [targets, roll] = await Promise.all([findTargets(context.site), planRoll(context)]);
    await awaitMachine(context.site, targets, context.signal);
    const traffic = new Traffic(context.site, context.load, targets);
    const course = await watched(
      context,
      () => traffic.replies.length,
      (samples) => runCourse(context, roll, targets, traffic, samples),
    );
    return await judged(context, roll, targets, traffic, course);
  },
};

/** What happened when, and what could not be done. */
interface Course {
  readonly phases: readonly Phase[];
  readonly samples: readonly Sample[];
  readonly findings: readonly Finding[];
  readonly sessions: EndedSessions;
}

/** The phases of a load, in order. Whatever happens, the services are put back. */
async function runCourse(
  context: RunContext,
  roll: Roll,
  targets: Targets,
  traffic: Traffic,
  samples: readonly Sample[],
): Promise<Course> {
  const { seconds } = context.load;
  const phases: Phase[] = [];
  const findings: Finding[] = [];
  const phase = async (name: PhaseName, work: () => Promise<readonly Finding[]>) => {
    const from = Date.now();
    findings.push(...(await work()));
    context.signal.throwIfAborted();
    phases.push({ name, from, to: Date.now() });
  };
  const wait = async (time: number): Promise<readonly Finding[]> => {
    await sleep(time * 1000, undefined, { signal: context.signal });
    return [];
  };
  try {
    traffic.start();
    await wait(seconds * SHORT);
    await phase("steady", async () => {
      const from = Date.now();
      await wait(seconds);
      for (let times = 1; times < LONGER && (await grows(context, samples, from)); times++) await wait(seconds);
      return [];
    });
    await traffic.stop();
    findings.push(
      ...burstFindings(await tryBursts(context.site, targets, await servedAtOnce(context), context.signal)),
    );
    // All threads have just had a connection.
    const sessions = await endSessions(context, targets, (await servedAtOnce(context)) ?? USUAL_THREADS);
    await phase("pause", () => wait(PAUSE_SECONDS));
    traffic.start();
    await phase("away", () => goAway(context, roll));
    await phase("there", () => wait(seconds * SHORT));
    await phase("back", () => comeBack(context, roll));
    await phase("after", () => wait(seconds * SHORT));
    return { phases, samples, findings, sessions };
  } finally {
    // First of all: whoever kills the command while requests end must find nothing out of place.
    await restore(context, roll);
    await traffic.stop();
  }
}

async function grows(context: RunContext, samples: readonly Sample[], from: number): Promise<boolean> {
  return growthFindings(since(samples, from), [], await mostConnections(context)).length > 0;
}

async function judged(
  context: RunContext,
  { before, reason }: Roll,
  targets: Targets,
  { replies }: Traffic,
  { phases, samples, findings: undone, sessions }: Course,
): Promise<StepOutcome> {
  const { environment, release, reports } = context;
  const [steady, pause] = [phases[0], phases[1]];
  if (steady === undefined || pause === undefined) throw new Error("the load must have had a beginning; it had none");
  const calm = samples.filter(({ at }) => at >= steady.from && at <= steady.to);
  // The first second of a pause belongs to requests that end.
  const rest = samples.filter(({ at }) => at >= pause.from + 1000 && at <= pause.to);
  const inSteady = replies.filter(({ at }) => at >= steady.from && at <= steady.to);
  const latency = latencyOf(inSteady, targets, (steady.to - steady.from) / 1000);
  const earlier = await earlierLoad(reports, environment, release);
  const name = earlier?.release === release ? "the rehearsal before" : `release ${earlier?.release ?? ""}`;
  const findings = [
    ...undone,
    ...endedSessionFindings(sessions, earlier?.sessionsFailed),
    ...lostFindings(replies, phases, targets, before),
    ...(await diedFindings(context, phases, before)),
    ...(await killedFindings(context, phases)),
    ...limitFindings(samples, calm, await declaredRoles(context), context.load.production),
    ...growthFindings(calm, rest, await mostConnections(context)),
    ...flapFindings(samples, steady),
    ...(await upstreamFindings(context, phases, before)),
    ...(earlier === undefined ? [] : slowerFindings(latency, earlier.latency, context.load.slower, name)),
  ];
  if (stops(withDecisions(findings, context.accepted))) {
    // A machine that stands still makes every release fail.
    requireMachine(replies, phases, targets);
  } else {
    await keepLoad(reports, {
      version: 1,
      environment,
      release,
      takenAt: new Date().toISOString(),
      latency,
      sessionsFailed: sessions.failed.length,
    });
  }
  const lost = lostReplies(replies, targets).length;
  const peak = memoryPeaks(samples).get("app");
  const rolled = before === undefined ? `tasks replaced twice (${reason ?? ""})` : `back to ${before.release} and here`;
  return {
    detail:
      `${count(replies.length)} requests, ${lost === 0 ? "none" : count(lost)} lost, ${rolled}; ` +
      `p99 ${duration(latency.p99 / 1000)}, ${bytes(peak?.memoryBytes ?? 0)} of ${bytes(peak?.memoryLimit ?? 0)}, ` +
      `${connectionPeak(samples)} of ${samples.at(-1)?.most ?? 0} connections`,
    findings,
    figures: {
      "p99 of pages under load (ms)": rounded(latency.p99),
      "static file under load, median (ms)": rounded(latency.asset.median),
      "answers under load (1/s)": rounded(latency.answersPerSecond),
      "memory of an application task, peak (MiB)": rounded((peak?.memoryBytes ?? 0) / 1024 ** 2),
      "connections to the database, peak": connectionPeak(samples),
    },
  };
}

function since(samples: readonly Sample[], from: number): Sample[] {
  return samples.filter(({ at }) => at >= from);
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
