import type { ReleaseReferences } from "../components/release-images.ts";
import { ENVIRONMENT_LABEL } from "../engine/leftovers.ts";
import { assetsOf } from "../rehearsal/checks/references.ts";
import { removeLabelled } from "../tests/integration/environment/left-behind.ts";
import { RunningEnvironment } from "../tests/integration/environment/running-environment.ts";
import type { Site } from "./load.ts";
import { PROJECT, type Workshop } from "./workshop.ts";

/** An environment of this project, deployed by `pulumi` as its users deploy it. */
export class Environment {
  readonly #workshop: Workshop;
  readonly #stack: string;

  private constructor(workshop: Workshop, stack: string) {
    this.#workshop = workshop;
    this.#stack = stack;
  }

  /** Hands an environment's empty stack to `work` and takes everything away afterwards. */
  public static async use<T>(
    workshop: Workshop,
    stack: string,
    work: (environment: Environment) => Promise<T>,
  ): Promise<T> {
    const environment = new Environment(workshop, stack);
    await removeLabelled(workshop.docker, `${ENVIRONMENT_LABEL}=${environment.name}`);
    await workshop.pulumi("stack", "init", stack);
    try {
      return await work(environment);
    } finally {
      await environment.#remove();
    }
  }

  public get name(): string {
    return `${PROJECT}-${this.#stack}`;
  }

  /** Deploys and gives the seconds until every critical check has passed. */
  public async up(...flags: string[]): Promise<number> {
    return await this.#workshop.pulumi("up", "--yes", "--stack", this.#stack, ...flags);
  }

  public async preview(): Promise<number> {
    return await this.#workshop.pulumi("preview", "--stack", this.#stack);
  }

  public async destroy(): Promise<number> {
    return await this.#workshop.pulumi("destroy", "--yes", "--skip-preview", "--stack", this.#stack);
  }

  /** Names of the images that it runs. */
  public async images(): Promise<ReleaseReferences> {
    const references = await this.#workshop.checkout.output<ReleaseReferences>(this.#stack, "releaseReferences");
    const name = (reference: string) => reference.slice(0, reference.indexOf("@"));
    return {
      application: name(references.application),
      static: name(references.static),
      gateway: name(references.gateway),
      postgres: name(references.postgres),
    };
  }

  /** Where its users reach it, with a file that the page references. */
  public async site(page: string): Promise<Site> {
    const running = await RunningEnvironment.of(this.#workshop.checkout, this.#stack, this.name);
    const [asset] = assetsOf((await running.get(page)).body);
    if (asset === undefined) throw new Error(`${page} must reference a static file; found none`);
    return { hostname: running.hostname, port: running.port, authority: running.authority, page, asset };
  }

  async #remove(): Promise<void> {
    const { checkout, docker } = this.#workshop;
    await checkout.pulumi("cancel", "--yes", "--stack", this.#stack);
    const { exitCode } = await checkout.pulumi("destroy", "--yes", "--skip-preview", "--stack", this.#stack);
    await checkout.pulumi("stack", "rm", "--yes", "--force", "--stack", this.#stack);
    if (exitCode !== 0) this.#workshop.say(`${this.name}: destroy failed; what carries its label is removed`);
    await removeLabelled(docker, `${ENVIRONMENT_LABEL}=${this.name}`);
  }
}
