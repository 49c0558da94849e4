import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, inject, it } from "vitest";
import type { Accepted } from "../../../rehearsal/accepted.ts";
import { checksOf, failedImageChecks } from "../../../rehearsal/checks/critical-checks.ts";
import { type FailedCheck, failedOf, runChecks } from "../../../rehearsal/checks/run-checks.ts";
import type { RunContext } from "../../../rehearsal/run/context.ts";
import { runSteps } from "../../../rehearsal/run/run-steps.ts";
import { RUN_STEPS } from "../../../rehearsal/run/steps.ts";
import { buildOver } from "../../integration/images/builds.ts";
import { docker } from "../../integration/images/support.ts";
import { recordFindings, recordTwin } from "./fault.ts";
import { type FaultCase, type HarmlessCase, type Injection, type Stopping, USUAL_STEPS } from "./injection.ts";
import { PROJECT } from "./names.ts";
import type { NextRelease } from "./rehearsed-release.ts";
import { Staged } from "./staged.ts";
import { together } from "./together.ts";

/** The project's files are compiled without a look at their source, and names of static files are hashed in a manifest. */
const LAY_OVER = ["COPY changes/ /app/", "RUN python -m compileall -q -f --invalidation-mode unchecked-hash /app"];

/** The environment that this file has to itself, for tests that do more than apply a change. */
export function place(): Staged {
  const places = inject("places");
  // Numbers of Vitest's workers, from 1: two that run at a time have never the same.
  const own = places[Number(process.env["VITEST_POOL_ID"]) - 1];
  if (own === undefined) throw new Error(`there must be an environment for each worker; found ${places.length}`);
  return new Staged(own);
}

const TITLE = "$title: breaks an unguarded twin, and is stopped with its cause";

/** One test for each case: the unguarded twin breaks, and the rehearsal stops the same change with its cause. */
export function testFaults(cases: readonly FaultCase[]): void {
  it.each(cases)(TITLE, async (one) => {
    judge(one, await rehearsed([one]), []);
  });
}

/**
 * As `testFaults`, with all cases in one change that is deployed and rehearsed once: for those of which none hides another
 * or makes it. Each is judged by itself.
 */
export function testFaultsTogether(cases: readonly FaultCase[]): void {
  let outcome: Promise<Rehearsed> | undefined;
  it.each(cases)(TITLE, async (one) => {
    outcome ??= rehearsed(cases);
    judge(
      one,
      await outcome,
      cases.filter((other) => other !== one),
    );
  });
}

/** What became of a change, which is one fault or several. */
interface Rehearsed {
  /** Why the twin was not seen to break; nothing where it was. */
  readonly intact: ReadonlyMap<FaultCase, unknown>;
  readonly found: readonly Stopping[];
}

async function rehearsed(cases: readonly FaultCase[]): Promise<Rehearsed> {
  const change = together(cases);
  return await staged(change, async (environment, apply, reports) => {
    const intact = new Map<FaultCase, unknown>();
    for (const one of cases) {
      await one.breaks(environment).catch((error: unknown) => intact.set(one, error));
    }
    if (intact.size === cases.length) return { intact, found: [] };
    if (cases.some(({ spoils }) => spoils === true)) {
      await environment.reset();
      await apply();
    }
    return { intact, found: await rehearse(environment, change, reports) };
  });
}

/** @param others which were in the same change: what names them is none of this one's */
function judge(one: FaultCase, { intact, found }: Rehearsed, others: readonly FaultCase[]): void {
  recordTwin(!intact.has(one));
  if (intact.has(one)) throw intact.get(one);
  const causes = ({ caught, orCaught }: FaultCase) => [caught, ...(orCaught === undefined ? [] : [orCaught])];
  const names = (stopping: Stopping, other: FaultCase) =>
    causes(other).some(({ id, words }) => id === stopping.id && words.test(stopping.words));
  const own = found.filter((stopping) => names(stopping, one) || !others.some((other) => names(stopping, other)));
  recordFindings(
    own.map(({ id }) => id),
    own.filter(({ words }) => causes(one).some((cause) => cause.words.test(words))).map(({ id }) => id),
  );
  expect(
    own.some((stopping) => names(stopping, one)),
    describe(own),
  ).toBe(true);
}

/** One test for each case: nothing stops it. */
export function testHarmless(cases: readonly HarmlessCase[]): void {
  it.each(cases)("$title: passes", async (one) => {
    await staged(one, async (environment, _apply, reports) => {
      await one.works?.(environment);
      const found = await rehearse(environment, one, reports);
      recordFindings(
        found.map(({ id }) => id),
        [],
      );
      expect(found, describe(found)).toEqual([]);
    });
  });
}

/** What the rehearsal of the environment says that stops the release: rollout, critical checks, steps of a run. */
async function rehearse(
  sandbox: Staged,
  { steps = USUAL_STEPS, accepted, before }: Injection,
  reports: string,
): Promise<Stopping[]> {
  // A rollout that fails ends the deployment there, with what is wrong with the image.
  if (sandbox.failures.length > 0) {
    const failures = sandbox.failures.map((words) => ({ id: "rollout.failed", words }));
    return [...failures, ...stoppings(await failedImageChecks(sandbox.deployed()))];
  }
  await before?.(sandbox);
  return [...(await failedChecks(sandbox)), ...(await blockingFindings(sandbox, steps, reports, { accepted }))];
}

async function failedChecks(sandbox: Staged): Promise<Stopping[]> {
  const environment = sandbox.deployed();
  return stoppings(failedOf(await runChecks(checksOf(environment), environment)));
}

function stoppings(failed: readonly FailedCheck[]): Stopping[] {
  return failed.flatMap(({ id, findings }) =>
    findings
      .filter(({ warning }) => warning === undefined)
      .map(({ expected, seen }) => ({ id, words: `expected ${expected}; seen ${seen}` })),
  );
}

/** @param reports folder in which the steps find what the release before left */
async function blockingFindings(
  sandbox: Staged,
  ids: readonly string[],
  reports: string,
  { release, accepted = [] }: { release?: string; accepted?: readonly Accepted[] | undefined } = {},
): Promise<Stopping[]> {
  const environment = sandbox.context();
  const named = { ...environment, reports, accepted, release: release ?? environment.release };
  const steps = RUN_STEPS.filter(({ id }) => ids.includes(id));
  const results = [];
  for (const step of steps) {
    // The log is that of the tasks which run the release; all else is declared as it was.
    const context = step.id === "logs" ? called(named.release, named, environment.release) : named;
    results.push(await runSteps([step], context, { begins: () => undefined, ended: () => undefined }));
  }
  return results
    .flatMap((result) => result.steps)
    .flatMap(({ findings }) => findings)
    .filter(({ severity }) => severity === "blocking")
    .map(({ id, subject, cause, evidence = [] }) => ({ id, words: [`${subject}: ${cause}`, ...evidence].join("\n") }));
}

/** What runs as a release of another name: what was logged since it came up is its own. */
function called(release: string, context: RunContext, before: string): RunContext {
  const services = context.declaration.services.map((service) => {
    const inputs = structuredClone(service.inputs) as { taskSpec: { containerSpec: { env?: Record<string, string> } } };
    const { env } = inputs.taskSpec.containerSpec;
    if (env?.["RELEASE"] === before) env["RELEASE"] = release;
    return { ...service, inputs };
  });
  return { ...context, declaration: { ...context.declaration, services } };
}

/**
 * What the steps see before any change, looked at once for all files: each case begins with the environment as it was
 * deployed.
 */
async function seenBefore(environment: Staged, steps: readonly string[]): Promise<string> {
  const folder = path.join(environment.checkout.folder, ".seen-before", steps.join("-"));
  if (existsSync(folder)) return folder;
  const reports = await mkdtemp(path.join(tmpdir(), "fault-before-"));
  try {
    await seeAsItIs(environment, steps, reports);
    await cp(reports, folder, { recursive: true });
  } finally {
    await rm(reports, { recursive: true, force: true });
  }
  return folder;
}

async function seeAsItIs(environment: Staged, steps: readonly string[], reports: string): Promise<void> {
  const found = await blockingFindings(environment, steps, reports, { release: "before" });
  expect(found, describe(found)).toEqual([]);
}

/** Applies a change to the environment, and puts it back whatever happens. */
async function staged<T>(
  injection: Injection,
  work: (environment: Staged, apply: () => Promise<void>, reports: string) => Promise<T>,
): Promise<T> {
  const environment = place();
  const reports = await mkdtemp(path.join(tmpdir(), "fault-reports-"));
  const image = await builtImage(environment.image, injection.release);
  const apply = () => applied(environment, injection, image);
  try {
    if (injection.compared === true)
      await cp(await seenBefore(environment, injection.steps ?? []), reports, { recursive: true });
    await injection.prepared?.(environment);
    if (injection.compared === "prepared") await seeAsItIs(environment, injection.steps ?? [], reports);
    await apply();
    return await work(environment, apply, reports);
  } finally {
    await rm(reports, { recursive: true, force: true });
    await environment.reset();
    if (image !== undefined) await docker.getImage(image).remove({ force: true });
  }
}

async function applied(place: Staged, { release, byHand }: Injection, image: string | undefined): Promise<void> {
  if (release !== undefined) {
    const next: NextRelease = {
      ...(image === undefined ? {} : { image }),
      ...(release.variables === undefined ? {} : { variables: release.variables }),
    };
    await place.release(next, release.roles);
  }
  await byHand?.(place);
}

/** The image of a release with changes; undefined where it is the one that runs. */
async function builtImage(base: string, release: Injection["release"]): Promise<string | undefined> {
  if (release?.changes === undefined && release?.steps === undefined) return undefined;
  const image = `${PROJECT}/application:${randomBytes(4).toString("hex")}`;
  const files = Object.entries(release.changes ?? {}).map(([name, text]) => [`changes/${name}`, text] as const);
  const lines = ["USER 0:0", ...(files.length > 0 ? LAY_OVER : []), release.steps ?? "", "USER 10001:10001"];
  await buildOver(image, base, Object.fromEntries(files), lines.join("\n"));
  return image;
}

function describe(found: readonly Stopping[]): string {
  return found.length === 0 ? "nothing found" : found.map(({ id, words }) => `${id}: ${words}`).join("\n");
}
