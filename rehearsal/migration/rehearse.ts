import type Docker from "dockerode";
import { removeAbandoned } from "../../engine/temporary.ts";
import { counted } from "../report/format.ts";
import type { CatalogueDescription } from "../snapshot/catalogue-description.ts";
import type { Clone } from "../snapshot/clone.ts";
import { applyMigrations } from "./apply.ts";
import { compareSizes, type DataState, dataState, doublesIn, keepingSequences, soundness, tableSizes } from "./data.ts";
import { abortFindings } from "./findings/aborts.ts";
import { emptiedFindings } from "./findings/answers.ts";
import { backFindings, lostFindings, removedBetween } from "./findings/back.ts";
import { dataFindings, soundnessFindings } from "./findings/data.ts";
import { killFindings, repeatFindings } from "./findings/kills.ts";
import { compareRounds, oldCodeFindings } from "./findings/old-code.ts";
import { permissionFindings } from "./findings/permissions.ts";
import { planFindings } from "./findings/plan.ts";
import { freshBuildFindings, schemaDifferences, schemaFindings } from "./findings/schema.ts";
import { sessionFindings } from "./findings/session.ts";
import { storageFindings, storageNeed } from "./findings/storage.ts";
import { alikeFindings, valueFindings } from "./findings/values.ts";
import { cloneCatalogue, freshBuild } from "./fresh-build.ts";
import { killAtEachStatement } from "./kills.ts";
import { type MigrationPlan, readPlan } from "./migrate.ts";
import { type CodeAnswer, type CodeOperation, type OutgoingCode, startCode } from "./outgoing-code.ts";
import { RehearsalRecord } from "./record.ts";
import { onClone, type ReleaseProcess } from "./releases.ts";
import type { Finding, MigrationRehearsal } from "./result.ts";
import { onStage, type RehearsalArgs, type Stage } from "./stage.ts";
import { type KnownStatement, knownStatements, planStatements } from "./statements.ts";
import { watchStorage } from "./storage.ts";
import { TrafficStep } from "./traffic-step.ts";
import { addedColumns, type ChangedColumn, changedColumns, columnsThatDiffer, ofNumbers } from "./values.ts";

/**
 * Rehearses the pending migrations of a release on throw-away clones of a snapshot. Whatever it finds is in the result;
 * nothing of the environment is touched.
 *
 * @param say called with each step's line as it ends
 * @param signal when aborted, the clones are removed at once
 * @throws Error when the rehearsal itself cannot be done, or was aborted
 */
export async function rehearseMigrations(
  docker: Docker,
  args: RehearsalArgs,
  say: (line: string) => void,
  signal = new AbortController().signal,
): Promise<MigrationRehearsal> {
  await removeAbandoned(docker);
  return onStage(docker, args, signal, (stage) => new Rehearsal(docker, args, stage, say).run());
}

/** Calls a function the first time only. */
function once<T>(call: () => Promise<T>): () => Promise<T> {
  let called: Promise<T> | undefined;
  return () => (called ??= call());
}

/** What the running release's code did before the migrations. */
interface Before {
  readonly code: OutgoingCode;
  readonly operations: readonly CodeOperation[];
  readonly answers: readonly CodeAnswer[];
}

/** One rehearsal under way. */
class Rehearsal {
  readonly #docker: Docker;
  readonly #args: RehearsalArgs;
  readonly #stage: Stage;
  readonly #record: RehearsalRecord;
  /** Statements of production's code that the server can plan. */
  #statements: readonly KnownStatement[] = [];
  #data: { before: DataState; after: DataState } | undefined;
  readonly #traffic: TrafficStep;

  public constructor(docker: Docker, args: RehearsalArgs, stage: Stage, say: (line: string) => void) {
    this.#docker = docker;
    this.#args = args;
    this.#stage = stage;
    this.#record = new RehearsalRecord(args, say);
    this.#traffic = new TrafficStep(docker, args, stage, this.#record);
  }

  public async run(): Promise<MigrationRehearsal> {
    const clone = await this.#record.step("clone", async () => {
      const started = await this.#stage.clone();
      return [started, `${this.#args.snapshot.id}, ${Object.keys(this.#args.snapshot.rows).length} tables`];
    });
    // They take as long as the plan takes to be read.
    const before = this.#before(clone);
    before.catch(() => undefined);
    const plan = await this.#planStep(clone);
    // Whatever else is wrong with them: that they run tells more.
    const runnable = plan.conflicts.length === 0 && plan.inconsistencies.length === 0;
    if (plan.pending.length > 0 && runnable) await this.#rehearse(clone, before);
    // An applied migration may have been edited, which no pending one tells.
    else if (runnable && this.#args.form === "full") await this.#schemaStep(clone, await cloneCatalogue(clone));
    return this.#record.result();
  }

  async #rehearse(clone: Clone, before: Promise<Before | undefined>): Promise<void> {
    const full = this.#args.form === "full";
    const catalogue = full ? await cloneCatalogue(clone) : undefined;
    const ran = await this.#runAndCompare(clone, before);
    // What aborts on a quiet database need not be tried on a busy one.
    if (catalogue === undefined || !ran) return;
    await this.#schemaStep(clone, catalogue);
    this.#stage.prepare();
    // Alone on the machine: its waits are measured.
    await this.#traffic.run(this.#statements);
    await Promise.all([this.#killStep(), this.#backStep(clone)]);
  }

  /** The running release's code, and all that it does on the database as it is. */
  async #before(clone: Clone): Promise<Before | undefined> {
    const { outgoing, paths } = this.#args;
    if (outgoing === undefined) return undefined;
    const code = await startCode(this.#docker, outgoing, clone, this.#stage.network, paths);
    return { code, operations: await keepingSequences(clone.address, () => code.once()), answers: code.answered() };
  }

  async #planStep(clone: Clone): Promise<MigrationPlan> {
    return this.#record.step("plan", async () => {
      const { incoming, outgoing } = this.#args;
      const read = (release: ReleaseProcess) =>
        readPlan(this.#docker, onClone(release, clone, this.#stage.network, "owner", ["plan"]));
      const plan = await read(incoming);
      // Whose models have always differed from its migrations is not stopped for it now.
      const known = plan.missing.length === 0 || outgoing === undefined ? [] : (await read(outgoing)).missing;
      this.#record.plan = plan.pending.map(({ app, name, ...planned }) => ({
        migration: `${app}.${name}`,
        ...planned,
      }));
      const statements = this.#record.plan.reduce((count, { sql }) => count + sql.length, 0);
      return [
        plan,
        `${counted(plan.pending.length, "migration")}, ${counted(statements, "statement")}`,
        planFindings(plan, known),
      ];
    });
  }

  /** Runs the migrations on a quiet clone; whether they went through. */
  async #runAndCompare(clone: Clone, doing: Promise<Before | undefined>): Promise<boolean> {
    const full = this.#args.form === "full";
    const ready = Promise.withResolvers<unknown>();
    const applying = applyMigrations(this.#docker, this.#args.incoming, clone, this.#stage.network, {
      allowed: ready.promise,
    });
    // Whoever awaits it is told.
    applying.catch(() => undefined);
    const before = await doing;
    const code = before?.code;
    try {
      const varied = await keepingSequences(clone.address, async () => (await code?.variations(this.#tables())) ?? []);
      const [dataBefore, soundBefore, sizesBefore] = [
        full ? await dataState(clone.address) : undefined,
        await soundness(clone.address),
        await tableSizes(clone.address),
      ];
      const statements = await knownStatements(clone.address, Object.keys(sizesBefore));
      const plannedBefore = code === undefined ? [] : await planStatements(clone.as("app"), statements);
      // What could not be planned before tells nothing afterwards.
      const working = new Set(plannedBefore.filter(({ error }) => error === null).map(({ operation }) => operation));
      this.#statements = statements.filter(({ name }) => working.has(name));
      await clone.copyUp(this.#record.concerned(Object.keys(sizesBefore)));
      const applied = await this.#record.step("run", async () => {
        const storage = await watchStorage(clone.address);
        ready.resolve(undefined);
        const run = await applying;
        this.#record.run = run.migrations;
        const need = storageNeed(await storage.stop(), run);
        this.#record.peakBytes = need?.bytes ?? 0;
        const seconds = run.migrations.reduce((sum, migration) => sum + migration.seconds, 0);
        return [
          run,
          `${counted(run.migrations.length, "migration")} in ${seconds.toFixed(2)} s`,
          [
            ...abortFindings(run.migrations, run.said, run.ok, this.#args.foreignTables),
            ...sessionFindings(run.migrations),
            ...permissionFindings(run.lostPermissions),
            ...storageFindings(need, this.#args.freeBytes),
            ...(run.ok
              ? soundnessFindings(soundBefore, await soundness(clone.address), this.#record.plan, run.migrations)
              : []),
          ],
        ];
      });
      this.#record.sizes = compareSizes(sizesBefore, await tableSizes(clone.address));
      if (!applied.ok) return false;
      if (before === undefined || code === undefined) this.#record.skip("old-code", "no release runs yet");
      else {
        await this.#record.step("old-code", async () => {
          const after = [
            ...(await keepingSequences(clone.address, () => code.once(this.#tables()))),
            ...(await planStatements(clone.as("app"), this.#statements)),
          ];
          this.#record.oldCode = compareRounds([...before.operations, ...varied, ...plannedBefore], after);
          const findings = [
            ...oldCodeFindings(this.#record.oldCode, this.#record.plan, this.#record.run),
            ...emptiedFindings(before.answers, code.answered(), this.#record.plan),
          ];
          const broken = this.#record.oldCode.filter(
            ({ before: was, after: is }) => was === null && is !== null,
          ).length;
          return [undefined, `${broken} of ${counted(this.#record.oldCode.length, "operation")} broken`, findings];
        });
      }
      if (dataBefore !== undefined) {
        this.#traffic.prepare();
        await this.#dataStep(clone, dataBefore, applied.outside);
      }
      return true;
    } finally {
      await code?.end();
    }
  }

  /** Tables that the migrations name. */
  #tables(): string[] {
    return [...new Set(this.#record.plan.flatMap(({ tables }) => tables))];
  }

  async #dataStep(clone: Clone, before: DataState, outside: readonly string[]): Promise<void> {
    await this.#record.step("data", async () => {
      const after = await dataState(clone.address);
      this.#data = { before, after };
      const rows = Object.values(after).reduce((sum, table) => sum + table.rows, 0);
      const unchanged = once(() => this.#stage.clone());
      const doubles = await this.#doubles(unchanged, before, after);
      const changed = await this.#changedColumns(unchanged, clone, before, after);
      const findings = [
        ...dataFindings(before, after, this.#record.plan, this.#record.run, outside, doubles),
        ...valueFindings(changed, this.#record.plan, this.#record.run),
        ...alikeFindings(await addedColumns({ before, after }, clone.address), this.#record.plan, this.#record.run),
      ];
      return [undefined, `${counted(Object.keys(before).length, "table")}, ${rows} rows compared`, findings];
    });
  }

  /** Looks closer at columns with other values, in a clone that was not migrated: the sums alone do not say what was lost. */
  async #changedColumns(
    unchanged: () => Promise<Clone>,
    clone: Clone,
    before: DataState,
    after: DataState,
  ): Promise<ChangedColumn[]> {
    if (columnsThatDiffer(before, after).length === 0) return [];
    return await changedColumns({ before, after }, (await unchanged()).address, clone.address);
  }

  /** Of tables with fewer rows, how many there were to spare. */
  async #doubles(
    unchanged: () => Promise<Clone>,
    before: DataState,
    after: DataState,
  ): Promise<Record<string, number>> {
    const doubles: Record<string, number> = {};
    for (const [table, { rows }] of Object.entries(before)) {
      if ((after[table]?.rows ?? rows) < rows) doubles[table] = await doublesIn((await unchanged()).address, table);
    }
    return doubles;
  }

  async #schemaStep(clone: Clone, before: CatalogueDescription): Promise<void> {
    await this.#record.step("schema", async () => {
      const { incoming, outgoing } = this.#args;
      const [docker, network] = [this.#docker, this.#stage.network];
      const fresh = await freshBuild(docker, incoming, clone, network, "fresh");
      if ("failed" in fresh) return [undefined, "it fails", freshBuildFindings(fresh)];
      const differences = schemaDifferences(fresh.catalogue, await cloneCatalogue(clone));
      if (differences.length === 0) return [undefined, `equal in ${counted(fresh.catalogue.size, "object")}`];
      // Who is to blame: this release, or somebody who changed the database by hand before it?
      const earlier =
        outgoing === undefined ? undefined : await freshBuild(docker, outgoing, clone, network, "fresh_outgoing");
      const known = earlier === undefined || "failed" in earlier ? [] : schemaDifferences(earlier.catalogue, before);
      return [
        undefined,
        counted(differences.length, "difference"),
        schemaFindings(differences, known, this.#record.plan, this.#record.run),
      ];
    });
  }

  async #killStep(): Promise<void> {
    await this.#record.step("kill", async () => {
      const facts = await killAtEachStatement(this.#docker, this.#args.incoming, this.#stage, this.#record.plan);
      this.#record.kills = facts.kills;
      const between = facts.kills.filter(({ found }) => found === "between").length;
      return [
        undefined,
        `${counted(facts.kills.length, "kill")}, ${between} left it between`,
        [
          ...killFindings(facts, this.#record.run),
          ...repeatFindings(facts, facts.resumed === undefined ? [] : await this.#otherwise(facts.resumed)),
        ],
      ];
    });
  }

  /** Columns of numbers that hold something else than after migrations which nobody interrupted. */
  async #otherwise(resumed: Clone): Promise<string[]> {
    if (this.#data === undefined) return [];
    const differing = columnsThatDiffer(this.#data.after, await dataState(resumed.address));
    return await ofNumbers(resumed.address, differing);
  }

  async #backStep(clone: Clone): Promise<void> {
    await this.#record.step("back", async () => {
      const irreversible = [...this.#record.plan].reverse().find(({ reversible }) => !reversible)?.migration;
      const until = this.#record.plan.findIndex(({ migration }) => migration === irreversible);
      // From the newest down to the first that has no reverse.
      const back = this.#record.plan.slice(until + 1).map(({ migration }) => migration);
      const reversed =
        back.length === 0
          ? []
          : (await applyMigrations(this.#docker, this.#args.incoming, clone, this.#stage.network, { back })).migrations;
      const facts = {
        outgoingWorks: this.#args.outgoing === undefined ? null : !this.#record.found("old-code"),
        reversed,
        ...(irreversible === undefined ? {} : { irreversible }),
      };
      this.#record.back = facts;
      const lost = await this.#lostOnTheWayBack(clone, facts);
      return [
        undefined,
        `${reversed.length} of ${counted(this.#record.plan.length, "migration")} reversed; the running release ` +
          (facts.outgoingWorks === false ? "fails on the new schema" : "works on the new schema"),
        [...backFindings(facts), ...lost],
      ];
    });
  }

  /** What the migrations took away and their reverse makes anew. */
  async #lostOnTheWayBack(clone: Clone, back: NonNullable<MigrationRehearsal["back"]>): Promise<Finding[]> {
    const { before, after } = this.#data ?? {};
    if (before === undefined || after === undefined || back.reversed.some(({ error }) => error !== undefined))
      return [];
    if (removedBetween(before, after).length === 0) return [];
    return lostFindings(before, after, await dataState(clone.address), back.outgoingWorks);
  }
}
