import { randomBytes } from "node:crypto";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import type { Authority } from "../../../components/certificate-authority.ts";
import { runInContainer } from "../../../engine/container-command.ts";
import type { PostgresAddress } from "../../../engine/postgres.ts";
import { withConnection } from "../../../engine/postgres.ts";
import { awaitService, DECLARATION_LABEL, type ServiceOutcome } from "../../../engine/service-rollout.ts";
import type { DeployedEnvironment } from "../../../rehearsal/checks/check.ts";
import { type Answer, GatewayClient } from "../../../rehearsal/checks/gateway-client.ts";
import type { RunContext } from "../../../rehearsal/run/context.ts";
import { inClear } from "../../../rehearsal/run/declaration.ts";
import { Checkout } from "../../integration/environment/checkout.ts";
import { docker } from "../../integration/images/support.ts";
import type { DeployedPlace, ServiceSpec } from "./environments.ts";
import { contextOf, deployedEnvironmentOf, type NextRelease, type RehearsedRelease } from "./rehearsed-release.ts";

const SETTLE_SECONDS = 300;
/** As the engine has it where nobody says otherwise: the old task stops first, and a failed update stays as it is. */
const ENGINE_DEFAULTS = {
  Parallelism: 1,
  Order: "stop-first",
  FailureAction: "pause",
  Monitor: 1e9,
  MaxFailureRatio: 0,
};

/** An answer of the gateway; status 0 and the error's words where none came. */
export type Seen = Pick<Answer, "status" | "body" | "headers">;

/** An environment that faults are applied to and taken away from again. */
export class Staged {
  readonly #place: DeployedPlace;
  readonly #touched = new Set<string>();
  #release: NextRelease = {};
  /** Declarations of the services that take part in the release, by role. */
  readonly #released = new Map<string, string>();
  /** Milliseconds since 1970: what was logged before is of another case. */
  readonly #since = Date.now();
  /** What a change by hand leaves for who looks at it later, such as the id of a container. */
  public readonly notes: Record<string, string> = {};
  readonly #undo: (() => Promise<unknown>)[] = [];
  /** What services use until they are put back. */
  readonly #afterReset: (() => Promise<unknown>)[] = [];
  readonly #failures: string[] = [];

  public constructor(place: DeployedPlace) {
    this.#place = place;
  }

  public get name(): string {
    return this.#place.name;
  }

  /** The stack that declares it. */
  public get stack(): string {
    return this.#place.stack;
  }

  /** Image of the application that the deployment runs. */
  public get image(): string {
    return this.service("app").TaskTemplate.ContainerSpec.Image;
  }

  /** A service as the deployment left it. */
  public service(role: string): ServiceSpec {
    const spec = this.#place.services[role];
    if (spec === undefined) throw new Error(`${this.name} has no service ${role}`);
    return structuredClone(spec);
  }

  /** The environment's own certificate authority, with what it issues with. */
  public get authority(): Authority {
    const stash = this.#place.loaded.resources.find(({ urn }) => urn.endsWith("-tls-authority"));
    return inClear(stash?.inputs?.["input"]) as Authority;
  }

  /** The program that declares the environment. */
  public get checkout(): Checkout {
    return new Checkout(this.#place.folder);
  }

  /** Releases another image, or the same with other variables: application and ETL worker, one update each. */
  public async release(next: NextRelease, roles: readonly string[] = ["app", "etl"]): Promise<void> {
    this.#release = next;
    await Promise.all(
      roles.map(async (role) => {
        const declaration = await this.update(role, ({ TaskTemplate: { ContainerSpec: spec } }) => {
          if (next.image !== undefined) spec.Image = next.image;
          for (const [name, value] of Object.entries(next.variables ?? {})) setVariable(spec, name, value);
        });
        this.#released.set(role, declaration);
      }),
    );
  }

  /** Gives the release that runs more variables. */
  public async giveVariables(variables: Readonly<Record<string, string>>): Promise<void> {
    await this.release({ ...this.#release, variables: { ...this.#release.variables, ...variables } });
  }

  /** How the tasks of a service are started now. */
  public async running(role: string): Promise<ServiceSpec["TaskTemplate"]["ContainerSpec"]> {
    return (await this.#running(role)).TaskTemplate.ContainerSpec;
  }

  /**
   * Changes a service as `docker service update` does, and waits until it runs, or is seen to fail. A failure is told by
   * `failures`: it is what an operator sees, and no error of the harness.
   *
   * @returns the service's declaration label from then on
   */
  public async update(role: string, change: (spec: ServiceSpec) => void): Promise<string> {
    this.#touched.add(role);
    const declaration = `fault-${randomBytes(4).toString("hex")}`;
    const spec = await this.#running(role);
    const declared = spec.UpdateConfig;
    change(spec);
    spec.UpdateConfig = { ...ENGINE_DEFAULTS };
    spec.Labels[DECLARATION_LABEL] = declaration;
    spec.TaskTemplate.ContainerSpec.Labels = {
      ...spec.TaskTemplate.ContainerSpec.Labels,
      [DECLARATION_LABEL]: declaration,
    };
    const outcome = await this.#apply(spec, declaration);
    // Another update would try a failed one again.
    if (outcome.state === "failed") this.#failures.push([outcome.reason, ...outcome.logs].join("\n"));
    else await this.#post({ ...spec, ...(declared === undefined ? {} : { UpdateConfig: declared }) });
    return declaration;
  }

  /** Gives a service another content of a configuration file that it mounts. */
  public async replaceConfig(role: string, change: (text: string) => string): Promise<void> {
    const [mounted] = this.service(role).TaskTemplate.ContainerSpec.Configs ?? [];
    const before = (await docker.getConfig(mounted?.ConfigID ?? "").inspect()) as { Spec: { Data: string } };
    const text = Buffer.from(before.Spec.Data, "base64").toString();
    const after = change(text);
    if (after === text) throw new Error(`the configuration of ${role} must change; it is as before`);
    const name = `${this.name}-fault-${randomBytes(4).toString("hex")}`;
    const { id } = (await docker.createConfig({
      Name: name,
      Data: Buffer.from(after).toString("base64"),
    })) as unknown as {
      id: string;
    };
    this.#afterReset.push(() => docker.getConfig(id).remove());
    await this.update(role, ({ TaskTemplate: { ContainerSpec } }) => {
      ContainerSpec.Configs = (ContainerSpec.Configs ?? []).map((one) => ({ ...one, ConfigID: id, ConfigName: name }));
    });
  }

  /** Gives a service another content of files below `/run/secrets`, by their names there. */
  public async replaceSecrets(role: string, contents: Readonly<Record<string, string>>): Promise<void> {
    const made = new Map<string, { SecretID: string; SecretName: string }>();
    for (const [file, text] of Object.entries(contents)) {
      const name = `${this.name}-fault-${randomBytes(4).toString("hex")}`;
      const { id } = (await docker.createSecret({
        Name: name,
        Data: Buffer.from(text).toString("base64"),
      })) as unknown as {
        id: string;
      };
      this.#afterReset.push(() => docker.getSecret(id).remove());
      made.set(file, { SecretID: id, SecretName: name });
    }
    await this.update(role, ({ TaskTemplate: { ContainerSpec } }) => {
      ContainerSpec.Secrets = (ContainerSpec.Secrets ?? []).map((one) => ({
        ...one,
        ...made.get(path.posix.basename(one.File?.Name ?? "")),
      }));
    });
  }

  /** Id of one of the environment's networks. */
  public async networkId(role: string): Promise<string> {
    return ((await docker.getNetwork(`${this.name}-${role}`).inspect()) as { Id: string }).Id;
  }

  /** Starts a container beside the environment, as somebody does by hand; it goes when the environment is put back. */
  public async beside(options: Docker.ContainerCreateOptions, networks: readonly string[]): Promise<Docker.Container> {
    const [first, ...others] = networks;
    const container = await docker.createContainer({
      name: `${this.name}-by-hand-${randomBytes(3).toString("hex")}`,
      ...options,
      HostConfig: { ...options.HostConfig, ...(first === undefined ? {} : { NetworkMode: `${this.name}-${first}` }) },
    });
    this.onReset(() => container.remove({ force: true, v: true }));
    for (const network of others)
      await docker.getNetwork(`${this.name}-${network}`).connect({ Container: container.id });
    await container.start();
    return container;
  }

  /** What services did not come up after an update: the failed task's error and its last words. */
  public get failures(): readonly string[] {
    return this.#failures;
  }

  /** Asks the gateway over TLS as a strict client does. */
  public async get(path: string, options: { host?: string; headers?: Record<string, string> } = {}): Promise<Seen> {
    const client = new GatewayClient(this.deployed(), options.host ?? this.hostname());
    try {
      return await client.once(path, { headers: options.headers ?? {} });
    } catch (error) {
      return { status: 0, body: error instanceof Error ? error.message : String(error), headers: {} };
    }
  }

  /** The main hostname, or one below it. */
  public hostname(label?: string): string {
    const main = this.#place.loaded.settings.gateway.hostnames[0] ?? "";
    return label === undefined ? main : `${label}.${main}`;
  }

  /** Runs a command of the project in a task, with the task's secrets. */
  public async manage(role: string, ...words: readonly string[]): Promise<{ exitCode: number; said: string }> {
    const command = ["/opt/rehearsal/run", "exec", "--", "python", "manage.py", ...words];
    return await this.exec(role, command);
  }

  /** Runs a command in a task of a service. */
  public async exec(role: string, command: readonly string[], input = ""): Promise<{ exitCode: number; said: string }> {
    const { exitCode, output } = await runInContainer(docker, await this.containerId(role), command, input);
    return { exitCode, said: output.join("\n") };
  }

  /** Id of a running container of a service. */
  public async containerId(role: string): Promise<string> {
    const filters = { label: [`com.docker.swarm.service.name=${this.name}-${role}`], status: ["running"] };
    const [found] = await docker.listContainers({ filters });
    if (found === undefined) throw new Error(`${this.name}-${role} runs no container`);
    return found.Id;
  }

  /** How many tasks of a service run. */
  public async tasks(role: string): Promise<number> {
    const filters = { service: [`${this.name}-${role}`], "desired-state": ["running"] };
    const found = (await docker.listTasks({ filters })) as unknown as { Status: { State: string } }[];
    return found.filter(({ Status }) => Status.State === "running").length;
  }

  /** Has the running task of a service replaced by a fresh one when the environment is put back. */
  public async renewOnReset(role: string): Promise<void> {
    const changed = await this.containerId(role);
    this.onReset(async () => {
      const filters = { label: [`com.docker.swarm.service.name=${this.name}-${role}`] };
      const running = await docker.listContainers({ filters });
      if (running.some(({ Id }) => Id === changed)) await docker.getContainer(changed).remove({ force: true });
      while (
        (await docker.listContainers({ filters })).every(
          ({ Id, Status }) => Id === changed || !/\(healthy\)/.test(Status),
        )
      ) {
        await sleep(200);
      }
    });
  }

  /** Runs SQL as the administrator: what a person does by hand. */
  public async sql<Row extends Record<string, unknown>>(
    text: string,
    as: Partial<PostgresAddress> = {},
  ): Promise<Row[]> {
    return await withConnection({ ...this.context().administration, ...as }, async (client) => {
      const result = await client.query<Row>(text);
      // Several statements at once give several results.
      return (Array.isArray(result) ? (result.at(-1) as typeof result) : result).rows;
    });
  }

  /** Has something taken back when the environment is put back; the last first. */
  public onReset(undo: () => Promise<unknown>): void {
    this.#undo.push(undo);
  }

  /** What a run's steps are told of the environment, with the release that is rehearsed. */
  public context(): RunContext {
    return contextOf(this.#place, this.checkout, this.#rehearsed());
  }

  /** What the critical checks are told of the environment, with the release that is rehearsed. */
  public deployed(): DeployedEnvironment {
    return deployedEnvironmentOf(this.#place, this.context(), this.#release.image);
  }

  /** Puts the environment back to what was deployed. */
  public async reset(): Promise<void> {
    const failed: string[] = [];
    // What cannot be taken back is told when the rest has been put back: the next case begins with it.
    for (const undo of this.#undo.splice(0).reverse()) {
      await undo().catch((error: unknown) => failed.push(error instanceof Error ? error.message : String(error)));
    }
    await Promise.all(
      [...this.#touched].map(async (role) => {
        const spec = this.service(role);
        const declaration = spec.Labels[DECLARATION_LABEL] ?? "";
        // What is put back need not wait for what it replaces.
        const quick = { ...spec, UpdateConfig: { ...ENGINE_DEFAULTS } };
        const outcome = await this.#apply(quick, declaration);
        if (outcome.state === "failed") failed.push(outcome.reason);
        else await this.#post(spec);
      }),
    );
    for (const remove of this.#afterReset.splice(0)) await remove();
    this.#touched.clear();
    this.#release = {};
    this.#released.clear();
    this.#failures.splice(0);
    if (failed.length > 0) throw new Error(`${this.name} could not be put back: ${failed.join("; ")}`);
  }

  #rehearsed(): RehearsedRelease {
    return { ...this.#release, declarations: this.#released, since: this.#since };
  }

  async #running(role: string): Promise<ServiceSpec> {
    const { Spec } = (await docker.getService(`${this.name}-${role}`).inspect()) as { Spec: ServiceSpec };
    return Spec;
  }

  async #apply(spec: ServiceSpec, declaration: string): Promise<ServiceOutcome> {
    await this.#post(spec);
    const outcome = await awaitService(docker, { name: spec.Name, declaration }, Date.now() + SETTLE_SECONDS * 1000);
    if (outcome.state === "converged") await this.#onlyNew(spec.Name, declaration);
    return outcome;
  }

  async #post(spec: ServiceSpec): Promise<void> {
    const service = docker.getService(spec.Name);
    const { Version } = (await service.inspect()) as { Version: { Index: number } };
    await service.update({ ...spec, version: Version.Index });
  }

  /** Waits until tasks of the declaration before answer no more. */
  async #onlyNew(service: string, declaration: string): Promise<void> {
    const filters = { label: [`com.docker.swarm.service.name=${service}`], status: ["running"] };
    for (let tries = 0; tries < 150; tries++) {
      const found = await docker.listContainers({ filters });
      if (found.every(({ Labels }) => Labels[DECLARATION_LABEL] === declaration)) return;
      await sleep(200);
    }
    throw new Error(`${service} still runs tasks of before`);
  }
}

/** Sets a variable of a container. */
export function setVariable(spec: { Env?: string[] }, name: string, value: string): void {
  spec.Env = [...(spec.Env ?? []).filter((line) => !line.startsWith(`${name}=`)), `${name}=${value}`];
}
