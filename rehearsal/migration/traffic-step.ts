import type Docker from "dockerode";
import { counted } from "../report/format.ts";
import type { Clone } from "../snapshot/clone.ts";
import { tableSizes } from "./data.ts";
import { abortFindings } from "./findings/aborts.ts";
import { waitFindings, waitOf, withoutChance } from "./findings/waits.ts";
import { type OutgoingCode, startCode } from "./outgoing-code.ts";
import type { RehearsalRecord } from "./record.ts";
import type { Finding, TrafficOperation } from "./result.ts";
import type { RehearsalArgs, Stage } from "./stage.ts";
import type { KnownStatement } from "./statements.ts";
import { applyUnderTraffic, type TrafficFacts } from "./traffic.ts";

/** How many of the longest waits the result keeps. */
const KEPT_WAITS = 200;

/** The step of a rehearsal in which the running release is at work while the migrations run. */
export class TrafficStep {
  readonly #docker: Docker;
  readonly #args: RehearsalArgs;
  readonly #stage: Stage;
  readonly #record: RehearsalRecord;
  #started: Promise<{ clone: Clone; code: OutgoingCode }> | undefined;

  public constructor(docker: Docker, args: RehearsalArgs, stage: Stage, record: RehearsalRecord) {
    this.#docker = docker;
    this.#args = args;
    this.#stage = stage;
    this.#record = record;
  }

  /** Starts what the traffic needs, while something else is looked at. */
  public prepare(): void {
    if (this.#args.outgoing === undefined) return;
    this.#started = this.#start();
    // Whoever awaits it is told.
    this.#started.catch(() => undefined);
  }

  async #start(): Promise<{ clone: Clone; code: OutgoingCode }> {
    const { outgoing, paths } = this.#args;
    if (outgoing === undefined) throw new Error("the outgoing release must have code to run");
    const clone = await this.#stage.clone();
    const code = await startCode(this.#docker, outgoing, clone, this.#stage.network, paths);
    // What it does is known then, and warm.
    await code.once();
    return { clone, code };
  }

  /** @param statements of production's code that the server can plan */
  public async run(statements: readonly KnownStatement[]): Promise<void> {
    const { outgoing, longestWaitSeconds: limit } = this.#args;
    if (outgoing === undefined) {
      this.#record.skip("traffic", "no release runs that could be disturbed");
      return;
    }
    await this.#record.step("traffic", async () => {
      const { seen, chance } = await withoutChance(
        () => this.#underTraffic(statements),
        () => {
          this.prepare();
        },
      );
      const { facts, waits, longest, findings } = seen;
      this.#record.traffic = {
        limit,
        operations: facts.operations.length,
        longest,
        waits: waits.filter(({ error }, index) => error !== undefined || index < KEPT_WAITS),
        run: facts.run.migrations,
        longTransactions: facts.longTransactions,
      };
      const not = chance === undefined ? "" : `; ${chance.toFixed(2)} s did not come again`;
      return [
        undefined,
        `longest wait ${longest.toFixed(2)} s of ${counted(facts.operations.length, "operation")}${not}`,
        findings,
      ];
    });
  }

  /** Applies the migrations to a clone at whose data the running release is at work. */
  async #underTraffic(statements: readonly KnownStatement[]): Promise<{
    readonly facts: TrafficFacts;
    /** Operations that tell something, those that waited longest first. */
    readonly waits: readonly TrafficOperation[];
    /** In seconds. */
    readonly longest: number;
    readonly findings: readonly Finding[];
  }> {
    const { incoming, longestWaitSeconds: limit, foreignTables } = this.#args;
    const { clone, code } = await (this.#started ?? this.#start());
    try {
      const tables = this.#record.concerned(Object.keys(await tableSizes(clone.address)));
      await clone.copyUp(tables);
      const facts = await applyUnderTraffic(this.#docker, {
        clone,
        network: this.#stage.network,
        incoming,
        code,
        statements,
        tables,
        limit,
      });
      const usual = new Set(
        this.#record.oldCode.filter(({ before }) => before !== null).map(({ operation }) => operation),
      );
      const telling = facts.operations.filter(({ operation, error }) => error === undefined || !usual.has(operation));
      const waits = telling.sort((one, other) => waitOf(other) - waitOf(one));
      const findings = [
        ...abortFindings(facts.run.migrations, facts.run.said, facts.run.ok, foreignTables),
        ...waitFindings(facts, limit, this.#record.oldCode),
      ];
      return { facts, waits, longest: waits[0] === undefined ? 0 : waitOf(waits[0]), findings };
    } finally {
      await code.end();
    }
  }
}
