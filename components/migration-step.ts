import * as pulumi from "@pulumi/pulumi";
import { hasImage } from "../engine/images.ts";
import { Interrupted, interruptible } from "../engine/interruption.ts";
import { ENVIRONMENT_LABEL } from "../engine/leftovers.ts";
import type { OneShot } from "../engine/one-shot.ts";
import { planFindings } from "../rehearsal/migration/findings/plan.ts";
import { describePlan, type MigrationPlan, migrate, readPlan } from "../rehearsal/migration/migrate.ts";
import { type ReleaseRehearsal, rehearseRelease } from "../rehearsal/migration/release-rehearsal.ts";
import type { Finding } from "../rehearsal/migration/result.ts";
import { describeFinding } from "../rehearsal/report/finding-lines.ts";
import { summariseRehearsal } from "../rehearsal/report/summary.ts";
import type { LaterValues, MigrationArgs } from "./migration.ts";

/** The variables in clear of a process that migrates, rehearsed or not. */
export function migrationVariables({
  variables,
  release,
  lockTimeoutSeconds,
  statementTimeoutSeconds,
  waitSeconds,
}: Pick<
  MigrationArgs,
  "variables" | "release" | "lockTimeoutSeconds" | "statementTimeoutSeconds" | "waitSeconds"
>): Record<string, string> {
  return {
    ...variables,
    RELEASE: release,
    MIGRATION_LOCK_TIMEOUT: String(lockTimeoutSeconds * 1000),
    MIGRATION_STATEMENT_TIMEOUT: String(statementTimeoutSeconds * 1000),
    LOCK_WAIT_SECONDS: String(waitSeconds),
  };
}

/** In a preview lists the migrations that would run; else runs them. Both after they were rehearsed. */
export async function planOrMigrate(args: MigrationArgs, later: LaterValues): Promise<void> {
  const [url, secretKey, adminPassword] = [await later.url(), await later.secretKey(), await later.adminPassword()];
  const run: Omit<OneShot, "command"> = {
    name: `${args.environmentName}-migrate`,
    image: (await later.image()) ?? args.imageName,
    environment: {
      ...migrationVariables(args),
      ADMIN_USERNAME: args.adminUsername,
    },
    secrets: {
      ...args.secrets,
      ...(url === undefined ? {} : { DATABASE_URL: url }),
      DJANGO_SECRET_KEY: secretKey ?? "only for listing migrations",
      ...(adminPassword === undefined ? {} : { ADMIN_PASSWORD: adminPassword }),
    },
    networks: [args.dataNetwork],
    memoryBytes: args.memoryMiB * 1024 * 1024,
    labels: { [ENVIRONMENT_LABEL]: args.environmentName },
  };
  const preview = pulumi.runtime.isDryRun();
  const [migrating, rehearsing] = [new Log("migrate"), new Log("rehearse")];
  try {
    if (preview && !(await hasImage(args.engine, args.imageName))) {
      migrating.say(`${args.imageName} is not built yet; its migrations are listed once it is`);
      return;
    }
    const plan = await readPlan(args.engine, run);
    if (preview) for (const line of describePlan(plan)) migrating.say(line);
    const rehearsed =
      plan.pending.length > 0 && (await rehearse(args, run, preview, await later.databasePassword(), rehearsing));
    if (!rehearsed) judgePlan(plan, rehearsing);
    if (!preview) {
      await migrate(args.engine, run, args.waitSeconds, (line) => {
        migrating.say(line);
      });
    }
  } finally {
    // Otherwise what was said comes after the error that ends the deployment.
    await migrating.said;
    await rehearsing.said;
  }
}

/** Lines of one subject in the deployment's own log. */
class Log {
  /** Resolves when all that was said until now has been taken down. */
  public said: Promise<unknown> = Promise.resolve();
  readonly #subject: string;

  public constructor(subject: string) {
    this.#subject = subject;
  }

  public say(line: string): void {
    this.said = Promise.all([this.said, pulumi.log.info(`${this.#subject} | ${line}`)]);
  }
}

/** Whether it was rehearsed. */
async function rehearse(
  args: MigrationArgs,
  run: Omit<OneShot, "command">,
  preview: boolean,
  password: string | undefined,
  log: Log,
): Promise<boolean> {
  const { form, administration } = args.rehearsal;
  if (form === "none") {
    log.say("not rehearsed: rehearsal:migration.rehearsal is none");
    return false;
  }
  // Clones have logins of their own, and nothing that is signed on them is kept.
  const release: ReleaseRehearsal = {
    ...args.rehearsal,
    environmentName: args.environmentName,
    projectName: args.projectName,
    form: preview ? "fast" : form,
    incoming: {
      image: run.image,
      environment: migrationVariables(args),
      secrets: { ...args.secrets, DJANGO_SECRET_KEY: "only for rehearsing migrations" },
      memoryBytes: run.memoryBytes,
    },
    database: password === undefined ? undefined : { ...administration, password },
    databaseName: administration.database,
  };
  const say = (line: string) => {
    log.say(line);
  };
  const outcome = await untilInterrupted((signal) => rehearseRelease(args.engine, release, say, { signal }));
  if ("reason" in outcome) {
    say(`not rehearsed: ${outcome.reason}`);
    return false;
  }
  const { result, page, repeated } = outcome;
  // What stops the release is told once, by the error.
  for (const line of summariseRehearsal(result, { page, repeated, steps: repeated, blocking: false })) say(line);
  refuseBlocking(result.findings, page);
  return true;
}

/** A rehearsal takes its clones away before the deployment that was told to stop does. */
async function untilInterrupted<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  try {
    return await interruptible(work, () => undefined);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    throw new Error("The rehearsal was interrupted; its clones were removed, and nothing was migrated.");
  }
}

/** What can be told of migrations without running them. */
function judgePlan(plan: MigrationPlan, log: Log): void {
  const findings = planFindings(plan);
  // An empty database has nothing that could be harmed.
  if (plan.pending.length > 0 && plan.applied > 0) {
    const telling = findings.filter(({ severity }) => severity !== "blocking");
    for (const line of telling.flatMap((finding) => describeFinding(finding))) log.say(line);
  }
  refuseBlocking(findings);
}

/** Ends the deployment where a finding stops the release. */
function refuseBlocking(findings: readonly Finding[], page?: string): void {
  const blocking = findings.filter(({ severity }) => severity === "blocking");
  if (blocking.length === 0) return;
  throw new Error(
    [
      "The rehearsal stops this release; nothing was migrated, and the release before goes on serving.",
      ...blocking.flatMap((finding) => describeFinding(finding)).map((line) => `  ${line}`),
      ...(page === undefined ? [] : [`    page: ${page}`]),
    ].join("\n"),
  );
}
