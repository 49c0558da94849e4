import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import Docker from "dockerode";
import { parse } from "yaml";
import { Checkout } from "../tests/integration/environment/checkout.ts";
import { run } from "./commands.ts";
import type { Options } from "./options.ts";

/** Short name of the measured project; names its images and, with the stack's name, all that it makes on the engine. */
export const PROJECT = "bench";
const LABEL = "rehearsal.bench";
const DEFAULT_BASE = "debian:trixie-slim";
const QUOTED_LINES = 40;

/**
 * What the measurements share: a checkout with a state backend of its own, whose images nobody else uses, and the signal
 * that ends them.
 */
export class Workshop {
  public readonly options: Options;
  public readonly signal: AbortSignal;
  public readonly checkout = new Checkout();
  public readonly docker = new Docker();
  readonly #id = randomBytes(4).toString("hex");
  readonly #say: (line: string) => void;
  readonly #imagesBefore = new Set<string>();

  private constructor(options: Options, signal: AbortSignal, say: (line: string) => void) {
    this.options = options;
    this.signal = signal;
    this.#say = say;
  }

  /** @param say is told what is under way, a line at a time */
  public static async open(options: Options, signal: AbortSignal, say: (line: string) => void): Promise<Workshop> {
    const workshop = new Workshop(options, signal, say);
    try {
      for (const name of await workshop.#projectImages()) workshop.#imagesBefore.add(name);
      workshop.checkout.configure("sandbox", { app: { name: PROJECT } });
      if (!options.quick) {
        workshop.checkout.configure("sandbox", { images: { base: await workshop.#ownBase() } });
      }
    } catch (error) {
      await workshop.close();
      throw error;
    }
    return workshop;
  }

  public say(line: string): void {
    this.#say(line);
  }

  /** Runs `pulumi` and gives the seconds that it took. */
  public async pulumi(...words: string[]): Promise<number> {
    this.signal.throwIfAborted();
    const started = performance.now();
    const { child, ended } = this.checkout.start(...words);
    // Told once, it finishes the operations under way and writes its state.
    const interrupt = () => child.kill("SIGINT");
    this.signal.addEventListener("abort", interrupt, { once: true });
    const { exitCode, output } = await ended;
    this.signal.removeEventListener("abort", interrupt);
    const taken = (performance.now() - started) / 1000;
    if (exitCode !== 0) {
      const last = output.trimEnd().split("\n").slice(-QUOTED_LINES).join("\n");
      throw new Error(`pulumi ${words.join(" ")} ended with ${exitCode}:\n${last}`);
    }
    return taken;
  }

  /** Removes the images that were built and the checkout. */
  public async close(): Promise<void> {
    for (const name of await this.#projectImages()) {
      if (!this.#imagesBefore.has(name)) await this.#removeImage(name);
    }
    // Stages without a name, and the base itself. One that others are built from goes in a later round.
    let left = await this.#ownImages();
    for (let before = 0; left.length > 0 && left.length !== before; ) {
      for (const id of left) await this.#removeImage(id);
      [before, left] = [left.length, await this.#ownImages()];
    }
    if (left.length > 0) this.#say(`images are left: ${left.join(" ")}`);
    await this.checkout.remove();
  }

  async #projectImages(): Promise<string[]> {
    const found = await this.docker.listImages({ filters: { reference: [`${PROJECT}/*`] } });
    return found.flatMap(({ RepoTags }) => RepoTags ?? []);
  }

  async #ownImages(): Promise<string[]> {
    const found = await this.docker.listImages({ filters: { label: [`${LABEL}=${this.#id}`] } });
    return found.map(({ Id }) => Id);
  }

  async #removeImage(name: string): Promise<void> {
    await run("docker", ["rmi", name]).catch(() => undefined);
  }

  /** A base image that no layer on the engine was built from: builds find no cache. */
  async #ownBase(): Promise<string> {
    const { config } = parse(readFileSync(this.checkout.path("Pulumi.sandbox.yaml"), "utf8")) as {
      config: Record<string, { base?: string } | undefined>;
    };
    const name = `${PROJECT}-base:${this.#id}`;
    await run("docker", ["build", "--tag", name, "-"], {
      input: `FROM ${config["rehearsal:images"]?.base ?? DEFAULT_BASE}\nLABEL ${LABEL}=${this.#id}\n`,
      signal: this.signal,
    });
    return name;
  }
}
