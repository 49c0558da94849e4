import { hasImage } from "../../../engine/images.ts";
import type { OneShot } from "../../../engine/one-shot.ts";
import { temporaryLabels } from "../../../engine/temporary.ts";
import { stops, withDecisions } from "../../accepted.ts";
import type { Finding } from "../../finding.ts";
import { type CodeOperation, startSmoke } from "../../migration/outgoing-code.ts";
import { counted } from "../../report/format.ts";
import { RUNTIME } from "../../runtime.ts";
import type { RunContext } from "../context.ts";
import { keep, keptOf } from "../kept.ts";
import { RUN_APPLICATION } from "../logs/probes.ts";
import type { RunStep } from "../step.ts";
import { answerFindings, differingAnswers, goneFindings, keptFindings, pathsWithoutAnswer } from "./answers.ts";
import { effectFindings } from "./effects.ts";
import { type CodeWork, codeFindings, isSlow, WORK } from "./judge.ts";
import { isHungry, leastOf } from "./memory.ts";
import { visitorFindings } from "./visitors.ts";

const KIND = "code";
const CERTAIN_SECONDS = 10;

/** Code that works with a developer's rows may fail with those that are there. */
export const code: RunStep = {
  id: "code",
  title: "the release's code works with the data that is there",
  run: async (context) => {
    if (context.protectedData) {
      const skipped = "the database is protected (database.protect): nothing is tried on it";
      return { detail: "", findings: [], skipped };
    }
    const { environment, release, reports } = context;
    const before = (await keptOf(reports, KIND, environment, WORK)).find((work) => work.release !== release);
    const operations = await work(context, before);
    const failing = codeFindings(operations, before, context.process.memoryBytes);
    const findings = [...failing, ...(await compareAnswers(context, before))];
    if (!stops(withDecisions(findings, context.accepted))) await keep(reports, KIND, done(context, operations));
    const failed = operations.filter(({ error }) => error !== null).length;
    return {
      detail:
        `${counted(operations.length, "request, read and write", "requests, reads and writes")}, rolled back; ` +
        (failed === 0 ? "all succeed" : `${failed} failed`),
      findings,
    };
  },
};

/**
 * Asks both releases side by side, each twice: rows that a job writes meanwhile make a difference that is gone the second
 * time. A release before that does not run any more cannot be asked.
 */
async function compareAnswers(context: RunContext, before: CodeWork | undefined): Promise<Finding[]> {
  const { engine, process, signal } = context;
  const image = before?.image;
  if (before === undefined || image === undefined || image === process.image || !(await hasImage(engine, image)))
    return [];
  const run = smokeRun(context);
  const earlier = await startSmoke(engine, { ...run, name: `${run.name}-before`, image }).catch(() => undefined);
  if (earlier === undefined) return [];
  const now = await startSmoke(engine, run);
  const end = () => Promise.all([earlier.end(), now.end()]);
  signal.addEventListener("abort", () => void end(), { once: true });
  const ask = async () => {
    const [then, today] = await Promise.all([earlier.answers().catch(() => []), now.answers()]);
    return differingAnswers(then, today);
  };
  try {
    const first = await ask();
    const [then, today] = [earlier.answered(), now.answered()];
    const others = [
      ...keptFindings(then, today, before.release),
      ...visitorFindings(then, today, before.release),
      ...goneFindings(await now.ask(pathsWithoutAnswer(then, today)), before.release),
    ];
    const again = first.length === 0 ? [] : (await ask()).map(({ path, field }) => `${path} ${field}`);
    const differing = first.filter(({ path, field }) => again.includes(`${path} ${field}`));
    // Last, since a release before this command was there ends with it.
    const shown = await earlier.effects().catch(() => undefined);
    const effects = shown === undefined ? [] : effectFindings(shown, await now.effects(), before.release);
    return [...others, ...answerFindings(differing, before.release), ...effects];
  } finally {
    await end();
  }
}

/** Tries everything; what seems to have become slow or large a second time, with caches filled and modules imported. */
async function work(context: RunContext, before: CodeWork | undefined): Promise<CodeOperation[]> {
  const { engine, process, signal } = context;
  const smoke = await startSmoke(engine, smokeRun(context));
  const stop = () => void smoke.end();
  signal.addEventListener("abort", stop, { once: true });
  try {
    const first = await smoke.once();
    const seemsSlow = ({ operation, seconds, error }: CodeOperation) =>
      error === null && isSlow(seconds, before?.operations[operation]?.seconds ?? Number.POSITIVE_INFINITY);
    const seemsHungry = (operation: CodeOperation) =>
      isHungry(operation, before?.operations[operation.operation], process.memoryBytes);
    // What takes so long is not slow because it is the first time.
    if (
      !first.some((operation) => seemsSlow(operation) || seemsHungry(operation)) ||
      first.some((operation) => seemsSlow(operation) && operation.seconds > CERTAIN_SECONDS)
    )
      return first;
    const again = new Map((await smoke.once()).map((operation) => [operation.operation, operation]));
    return first.map((operation) => {
      const second = again.get(operation.operation) ?? operation;
      return { ...operation, seconds: Math.min(operation.seconds, second.seconds), ...leastOf(operation, second) };
    });
  } finally {
    signal.removeEventListener("abort", stop);
    await smoke.end();
  }
}

/** The release's processes reach the database in the role of the application. */
function smokeRun({ environment, process, secrets, dataNetwork, site }: RunContext): OneShot {
  const paths = Object.values(site.paths).filter((path) => path !== "none");
  return {
    name: `${environment}-code`,
    image: process.image,
    command: [RUNTIME, "smoke", "--secrets-from-stdin"],
    // What a constraint refuses of rows that are made up is this step's finding, not the release's error.
    environment: {
      ...process.environment,
      PGAPPNAME: RUN_APPLICATION,
      SMOKE_PATHS: paths.join(","),
      SMOKE_UNLINKED: "1",
    },
    secrets,
    networks: [dataNetwork],
    memoryBytes: process.memoryBytes,
    labels: temporaryLabels(),
  };
}

function done({ environment, release, process }: RunContext, operations: readonly CodeOperation[]): CodeWork {
  return {
    version: 1,
    environment,
    release,
    takenAt: new Date().toISOString(),
    image: process.image,
    operations: Object.fromEntries(
      operations.map(({ operation, error, seconds, statements, records, outside = {}, offers, touched, memory }) => [
        operation,
        {
          error,
          seconds,
          ...(statements === undefined ? {} : { statements }),
          ...(records === undefined ? {} : { records }),
          outside,
          ...(offers === undefined ? {} : { offers }),
          ...(touched === undefined ? {} : { touched }),
          ...(memory === undefined ? {} : { memory }),
        },
      ]),
    ),
  };
}
