import { stops, withDecisions } from "../accepted.ts";
import type { Finding, MigrationRehearsal, PlannedMigration, StepResult } from "./result.ts";
import type { RehearsalArgs } from "./stage.ts";

type StepId = StepResult["id"];

const TITLES: Readonly<Record<StepId, string>> = {
  clone: "clone of the snapshot",
  plan: "plan of the migrations",
  run: "run on the clone",
  "old-code": "running release on the new schema",
  data: "data that no migration names",
  schema: "fresh build from zero",
  traffic: "run under traffic",
  kill: "killed at each statement",
  back: "the way back",
};

/** What a rehearsal under way has found until now, step by step, and its result in the end. */
export class RehearsalRecord {
  public plan: PlannedMigration[] = [];
  public run: MigrationRehearsal["run"] = [];
  public peakBytes = 0;
  public sizes: MigrationRehearsal["sizes"] = [];
  public oldCode: MigrationRehearsal["oldCode"] = [];
  public traffic: MigrationRehearsal["traffic"] = null;
  public kills: MigrationRehearsal["kills"] = [];
  public back: MigrationRehearsal["back"] = null;
  readonly #args: RehearsalArgs;
  readonly #say: (line: string) => void;
  readonly #startedAt = Date.now();
  readonly #steps: StepResult[] = [];
  readonly #findings: Finding[] = [];

  /** @param say called with each step's line as it ends */
  public constructor(args: RehearsalArgs, say: (line: string) => void) {
    this.#args = args;
    this.#say = say;
  }

  /** Does a step, measures it, and says how it went. The work gives its value, a line for a person, and what it found. */
  public async step<T>(id: StepId, work: () => Promise<readonly [T, string, (readonly Finding[])?]>): Promise<T> {
    const began = Date.now();
    const [value, detail, found = []] = await work();
    const findings = withDecisions(found, this.#args.accepted);
    this.#findings.push(...findings);
    const failed = stops(findings);
    this.#end({ id, status: failed ? "failed" : "passed", seconds: (Date.now() - began) / 1000, detail });
    return value;
  }

  /** Says that a step is not done, and why. */
  public skip(id: StepId, why: string): void {
    this.#end({ id, status: "skipped", seconds: 0, detail: why });
  }

  /** Whether a finding of that kind was made. */
  public found(kind: string): boolean {
    return this.#findings.some(({ id }) => id.startsWith(`${kind}.`));
  }

  /** The tables that the migrations name, and those that they locked when they ran. */
  public concerned(existing: readonly string[]): string[] {
    const named = new Set(this.plan.flatMap(({ tables }) => tables));
    const locked = new Set(this.run.flatMap(({ locks }) => locks.map(({ table }) => table)));
    return existing.filter((table) => named.has(table) || locked.has(table));
  }

  public result(): MigrationRehearsal {
    const { key, environmentName, form, incoming, outgoing, snapshot } = this.#args;
    return {
      version: 1,
      key,
      environment: environmentName,
      form,
      outgoing: outgoing?.image ?? null,
      incoming: incoming.image,
      snapshot: {
        id: snapshot.id,
        source: snapshot.source,
        takenAt: snapshot.takenAt,
        rows: Object.values(snapshot.rows).reduce((sum, rows) => sum + rows, 0),
        bytes: snapshot.bytes,
      },
      startedAt: new Date(this.#startedAt).toISOString(),
      seconds: (Date.now() - this.#startedAt) / 1000,
      verdict: stops(this.#findings) ? "fail" : "pass",
      steps: inOrder(this.#steps),
      findings: bySeverity(this.#findings),
      plan: this.plan,
      run: this.run,
      peakBytes: this.peakBytes,
      sizes: this.sizes,
      oldCode: this.oldCode,
      traffic: this.traffic,
      kills: this.kills,
      back: this.back,
    };
  }

  #end(step: Omit<StepResult, "title">): void {
    const title = TITLES[step.id];
    this.#steps.push({ ...step, title });
    const mark = { passed: "✓", failed: "✗", skipped: "–" }[step.status];
    this.#say(`${mark} ${title}: ${step.detail} (${step.seconds.toFixed(1)} s)`);
  }
}

/** Some steps are done side by side. */
function inOrder(steps: readonly StepResult[]): StepResult[] {
  const ids = Object.keys(TITLES);
  return [...steps].sort((one, other) => ids.indexOf(one.id) - ids.indexOf(other.id));
}

/** Once each, the gravest first: what the quiet run found, the run under traffic finds again. */
function bySeverity(findings: readonly Finding[]): Finding[] {
  const order = ["blocking", "warning", "note"];
  const unique = new Map(
    findings.map((finding) => [`${finding.id} ${finding.migration ?? ""} ${finding.subject}`, finding]),
  );
  return [...unique.values()].sort((one, other) => order.indexOf(one.severity) - order.indexOf(other.severity));
}
