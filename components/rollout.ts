import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type Dockerode from "dockerode";
import { awaitService, type DeclaredService, type ServiceOutcome } from "../engine/service-rollout.ts";
import { laterValue } from "./engine-objects.ts";
import type { SwarmService } from "./swarm-service.ts";

/** Arguments of the rollout step. */
export interface RolloutArgs {
  readonly services: readonly SwarmService[];
  /** How long all services together may take, in seconds. */
  readonly timeoutSeconds: number;
  readonly engine: Dockerode;
}

/**
 * Waits until every service runs what is declared. Where one fails or swarm has rolled it back, the deployment fails with
 * that task's own error and last log lines, while the release before serves; the next `up` tries again.
 */
export class Rollout extends pulumi.ComponentResource {
  /** Another value for each deployment that changed a service, even one that goes back to what ran before. */
  public readonly deployment: pulumi.Output<string>;

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
    const converge = new pulumi.ResourceHook(`${name}-converge`, async () => {
      const declared: DeclaredService[] = [];
      for (const { serviceName, declaration } of declarations) {
        declared.push({ name: serviceName, declaration: (await declaration()) ?? "" });
      }
      await awaitAll(args.engine, declared, args.timeoutSeconds);
    });
    new pulumi.Stash(
      `${name}-converged`,
      { input: this.deployment },
      { parent: this, hooks: { beforeCreate: [converge], beforeUpdate: [converge] } },
    );
    this.registerOutputs();
  }
}

async function awaitAll(
  engine: Dockerode,
  services: readonly DeclaredService[],
  timeoutSeconds: number,
): Promise<void> {
  const deadline = Date.now() + timeoutSeconds * 1000;
  const outcomes = await Promise.all(
    services.map(async (service) => {
      const outcome = await awaitService(engine, service, deadline);
      if (outcome.state === "converged") {
        await pulumi.log.info(`rollout | ${service.name} converged after ${outcome.seconds.toFixed(1)} s`);
      }
      return outcome;
    }),
  );
  const failures = outcomes.filter((outcome) => outcome.state === "failed");
  if (failures.length > 0) throw new Error(describeFailures(failures));
}

function describeFailures(failures: readonly Extract<ServiceOutcome, { state: "failed" }>[]): string {
  const parts = failures.map(({ reason, logs }) =>
    [reason, ...(logs.length > 0 ? ["its last log lines:", ...logs.map((line) => `  ${line}`)] : [])].join("\n"),
  );
  return [...parts, "Run pulumi up again to try once more, or deploy a mended release."].join("\n");
}
