import * as pulumi from "@pulumi/pulumi";
import type { DeployedEnvironment } from "../rehearsal/checks/check.ts";
import { asStep, laterValue } from "./engine-objects.ts";

/** Arguments of the critical checks. */
export interface CriticalChecksArgs {
  /** Another value for each deployment: the checks run when it changes. */
  readonly deployment: pulumi.Output<string>;
  /** Whether services were put back to what is declared: the checks run then too. */
  readonly mended: pulumi.Output<boolean>;
  /** Whether the environment must not be destroyed: what is made last is taken down first, and refuses. */
  readonly protect: boolean;
  /** What is looked at, known when everything is deployed. */
  readonly environment: pulumi.Output<DeployedEnvironment>;
}

/** Runs the critical checks after a deployment. A failed one fails `pulumi up` with its name, what was expected, what was seen. */
export class CriticalChecks extends pulumi.ComponentResource {
  /** A line for each check of the last deployment. */
  public readonly results: pulumi.Output<readonly string[]>;

  public constructor(name: string, args: CriticalChecksArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rehearsal:index:CriticalChecks", name, {}, opts);
    const environment = laterValue(args.environment);
    let lines: readonly string[] | undefined;
    const checkAll = async () => {
      const deployed = await environment();
      if (deployed === undefined) return;
      lines = await runAll(deployed);
    };
    const check = new pulumi.ResourceHook(`${name}-run`, checkAll);
    const passed = new pulumi.Stash(
      `${name}-passed`,
      { input: args.deployment },
      { parent: this, protect: args.protect, hooks: { beforeCreate: [check], beforeUpdate: [check] } },
    );
    // A hook hands nothing to the program: what it found is in memory after the resource, and when it had nothing to do
    // in the stack's outputs of before.
    const before = new pulumi.StackReference(
      `${name}-before`,
      { name: `organization/${pulumi.getProject()}/${pulumi.getStack()}` },
      { parent: this },
    ).getOutput("checks");
    this.results = pulumi.all([passed.urn, before, args.mended]).apply(async ([, old, mended]) => {
      if (mended && lines === undefined) await asStep(checkAll);
      return lines ?? (old as readonly string[] | undefined) ?? [];
    });
    this.registerOutputs();
  }
}

async function runAll(environment: DeployedEnvironment): Promise<readonly string[]> {
  // What only a deployment that changed something takes.
  const [{ checksOf }, { describeResult, failedOf, runChecks }, { errorsSince }] = await Promise.all([
    import("../rehearsal/checks/critical-checks.ts"),
    import("../rehearsal/checks/run-checks.ts"),
    import("../rehearsal/run/logs/meanwhile.ts"),
  ]);
  const began = Date.now();
  const results = await runChecks(checksOf(environment), environment);
  const lines = results.map(describeResult);
  const failed = failedOf(results);
  for (const line of lines) await pulumi.log.info(`check | ${line}`);
  if (failed.length > 0) {
    const names = failed.map(({ id }) => id).join(", ");
    const logged = await errorsSince(environment, began);
    throw new Error(
      [
        `${failed.length} of ${results.length} critical checks failed: ${names}`,
        ...failed.map(describeResult),
        ...(logged.length === 0 ? [] : ["meanwhile the application has logged:", ...logged.map((line) => `  ${line}`)]),
      ].join("\n"),
    );
  }
  return lines;
}
