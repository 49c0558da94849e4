import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type Dockerode from "dockerode";
import { rollBackUpdate } from "../engine/service-rollback.ts";
import { awaitService, type DeclaredService, type ServiceOutcome } from "../engine/service-rollout.ts";
import type { DeployedEnvironment } from "../rehearsal/checks/check.ts";
import { asStep, laterValue } from "./engine-objects.ts";
import type { SwarmService } from "./swarm-service.ts";

const PUT_BACK_SECONDS = 120;

/** Arguments of the rollout step. */
export interface RolloutArgs {
  readonly services: readonly SwarmService[];
  /** How long all services together may take, in seconds. */
  readonly timeoutSeconds: number;
  /** Looked at where a service fails: what its image lacks. */
  readonly environment: pulumi.Output<DeployedEnvironment>;
  readonly engine: Dockerode;
}

/**
 * Waits until every service runs what is declared. Where one fails or swarm has rolled it back, the deployment fails with
 * that task's own error and last log lines, while the release before serves; the next `up` tries again.
 */
export class Rollout extends pulumi.ComponentResource {
  /** Another value for each deployment that changed a service, even one that goes back to what ran before. */
  public readonly deployment: pulumi.Output<string>;
  /** Whether services were put back to what is declared, without another declaration. */
  public readonly mended: pulumi.Output<boolean>;

  public constructor(name: string, args: RolloutArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rehearsal:index:Rollout", name, {}, opts);
    const identities = pulumi.all(args.services.map(({ identity }) => identity));
    const deployment = new random.RandomId(
      `${name}-deployment`,
      { byteLength: 6, keepers: { services: identities.apply((all) => all.join("\n")) } },
      { parent: this, dependsOn: [...args.services] },
    );
    this.deployment = deployment.hex;
    const declarations = args.services.map(({ serviceName, declaration }) => ({
      serviceName,
      declaration: laterValue(declaration),
    }));
    const environment = laterValue(args.environment);
    const started = Date.now();
    let waited = false;
    const convergeAll = async () => {
      waited = true;
      const declared: DeclaredService[] = [];
      for (const { serviceName, declaration } of declarations) {
        declared.push({ name: serviceName, declaration: (await declaration()) ?? "" });
      }
      await awaitAll(args.engine, declared, { timeoutSeconds: args.timeoutSeconds, started, environment });
    };
    const converge = new pulumi.ResourceHook(`${name}-converge`, convergeAll);
    const converged = new pulumi.Stash(
      `${name}-converged`,
      { input: this.deployment },
      { parent: this, hooks: { beforeCreate: [converge], beforeUpdate: [converge] } },
    );
    // What somebody has changed by hand and a refresh puts back is declared as before, so that the hook has nothing to do.
    this.mended = pulumi
      .all([converged.urn, pulumi.all(args.services.map(({ updated }) => updated))])
      .apply(async ([, updated]) => {
        if (waited || !updated.includes(true)) return false;
        await asStep(convergeAll);
        return true;
      });
    this.registerOutputs();
  }
}

interface Waiting {
  readonly timeoutSeconds: number;
  /** When this deployment began, in milliseconds since the epoch. */
  readonly started: number;
  readonly environment: () => Promise<DeployedEnvironment | undefined>;
}

async function awaitAll(
  engine: Dockerode,
  services: readonly DeclaredService[],
  { timeoutSeconds, started, environment }: Waiting,
): Promise<void> {
  const deadline = Date.now() + timeoutSeconds * 1000;
  const outcomes = await Promise.all(
    services.map(async (service) => {
      const outcome = await awaitService(engine, service, deadline);
      if (outcome.state === "converged") {
        await pulumi.log.info(`rollout | ${service.name} converged after ${outcome.seconds.toFixed(1)} s`);
      }
      return { service, outcome };
    }),
  );
  const failures = outcomes.flatMap(({ outcome }) => (outcome.state === "failed" ? [outcome] : []));
  if (failures.length === 0) return;
  const converged = outcomes.flatMap(({ service, outcome }) => (outcome.state === "converged" ? [service] : []));
  const [putBack, lacking] = await Promise.all([putBackAll(engine, converged, started), whatImageLacks(environment)]);
  throw new Error(describeFailures(failures, lacking, putBack));
}

/** A task's last words are what it failed at, which need not be the reason. */
async function whatImageLacks(environment: Waiting["environment"]): Promise<readonly string[]> {
  const deployed = await environment();
  if (deployed === undefined) return [];
  const [{ failedImageChecks }, { describeResult }] = await Promise.all([
    import("../rehearsal/checks/critical-checks.ts"),
    import("../rehearsal/checks/run-checks.ts"),
  ]);
  return (await failedImageChecks(deployed)).map(describeResult);
}

/**
 * Puts the services that did converge back as well: a release that half of the services run is one that nobody has
 * rehearsed.
 */
async function putBackAll(
  engine: Dockerode,
  services: readonly DeclaredService[],
  started: number,
): Promise<readonly string[]> {
  const deadline = Date.now() + PUT_BACK_SECONDS * 1000;
  const names = await Promise.all(
    services.map(async ({ name }) => {
      const declaration = await rollBackUpdate(engine, name, started);
      if (declaration === undefined) return [];
      await awaitService(engine, { name, declaration }, deadline);
      return [name];
    }),
  );
  return names.flat();
}

function describeFailures(
  failures: readonly Extract<ServiceOutcome, { state: "failed" }>[],
  lacking: readonly string[],
  putBack: readonly string[],
): string {
  const parts = failures.map(({ reason, logs }) =>
    [reason, ...(logs.length > 0 ? ["its last log lines:", ...logs.map((line) => `  ${line}`)] : [])].join("\n"),
  );
  const others = putBack.length > 0 ? [`Put back to the release before as well: ${putBack.join(", ")}.`] : [];
  const image = lacking.length > 0 ? ["What is wrong with the release's image:", ...lacking] : [];
  return [...parts, ...image, ...others, "Run pulumi up again to try once more, or deploy a mended release."].join(
    "\n",
  );
}
