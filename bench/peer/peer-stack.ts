import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stringify } from "yaml";
import { createAuthority, issueCertificate } from "../../components/certificate-authority.ts";
import { djangoVariables } from "../../components/django-process.ts";
import { gatewayConfig } from "../../components/gateway-config.ts";
import type { ReleaseReferences } from "../../components/release-images.ts";
import { fullHostnames } from "../../config/consistency.ts";
import { describeFaults, fileSettings, parseSettings } from "../../config/load-settings.ts";
import type { Settings } from "../../config/settings.ts";
import { GatewayClient } from "../../rehearsal/checks/gateway-client.ts";
import { assetsOf } from "../../rehearsal/checks/references.ts";
import { labelled, removeLabelled } from "../../tests/integration/environment/left-behind.ts";
import { run, seconds } from "../commands.ts";
import type { Site } from "../load.ts";
import type { Workshop } from "../workshop.ts";
import { composeFile, REPLICAS } from "./compose.ts";
import { initialisation, type RolePasswords } from "./initialise.ts";
import { allRunning, healthyContainer, STACK_LABEL } from "./stack-tasks.ts";

/** Name of the peer's stack on the engine. */
const STACK = "bench-peer";
const DOMAIN = "peer.localhost";
/** Below the range of ephemeral ports, above those that stacks of this project take. */
const PORT = 31_443;
const POLL_MILLISECONDS = 100;
const LIMIT_SECONDS = 180;

/**
 * The same images with the same limits, health checks and secrets, deployed as a team without this project would:
 * `docker stack deploy`, a script that initialises the database once, and a script that migrates.
 */
export class PeerStack {
  readonly #workshop: Workshop;
  readonly #settings: Settings;
  readonly #hostnames: readonly string[];
  readonly #folder = mkdtempSync(path.join(tmpdir(), "rehearsal-peer-"));
  readonly #passwords: RolePasswords = { owner: secret(), app: secret(), etl: secret(), report: secret() };
  readonly #secretKey = secret();
  readonly #adminPassword = secret();
  #authority = "";
  #images: ReleaseReferences;

  private constructor(workshop: Workshop, images: ReleaseReferences) {
    this.#workshop = workshop;
    this.#images = images;
    this.#settings = sandboxSettings(workshop);
    this.#hostnames = fullHostnames(DOMAIN, this.#settings.gateway.hostnames);
  }

  /** Hands the peer, not deployed yet, to `work` and takes everything away afterwards. */
  public static async use<T>(
    workshop: Workshop,
    images: ReleaseReferences,
    work: (peer: PeerStack) => Promise<T>,
  ): Promise<T> {
    await removeLabelled(workshop.docker, `${STACK_LABEL}=${STACK}`);
    const peer = new PeerStack(workshop, images);
    try {
      peer.#writeSecrets();
      return await work(peer);
    } finally {
      rmSync(peer.#folder, { recursive: true, force: true });
      await removeLabelled(workshop.docker, `${STACK_LABEL}=${STACK}`);
    }
  }

  /** Deploys from nothing and gives the seconds until all tasks run and the pages that the critical checks ask for answer. */
  public async up(): Promise<number> {
    return await seconds(async () => {
      // Everything that needs no schema starts at once. The project's processes would only fail and be started again.
      await this.#deploy({ [REPLICAS.application]: "0", [REPLICAS.etl]: "0" });
      await this.#initialise();
      await this.#migrate();
      const processes = [`${STACK}_application=${this.#settings.app.replicas}`];
      if (this.#settings.etl.command !== "none") processes.push(`${STACK}_etl=1`);
      await this.#docker("service", "scale", "--detach", ...processes);
      await this.#until("all tasks run", async () => await allRunning(this.#workshop.docker, STACK));
      await this.#until("the pages answer", async () => await this.#pagesAnswer());
    });
  }

  /** Deploys what runs already and gives the seconds until the command ends. */
  public async deployAgain(): Promise<number> {
    return await seconds(async () => {
      await this.#deploy();
    });
  }

  /** Migrates to other images, rolls them out, and gives the seconds until all tasks run them. */
  public async roll(images: ReleaseReferences): Promise<number> {
    this.#images = images;
    return await seconds(async () => {
      await this.#migrate();
      await this.#deploy();
      await this.#until("all tasks run", async () => await allRunning(this.#workshop.docker, STACK));
      await this.#until("the pages answer", async () => await this.#pagesAnswer());
    });
  }

  /** Removes the stack and its volumes, and gives the seconds until nothing is left. */
  public async remove(): Promise<number> {
    return await seconds(async () => {
      await this.#docker("stack", "rm", "--detach=true", STACK);
      let volumes: readonly string[] = [];
      await this.#until("all but the volumes is gone", async () => {
        const { volume: kept, ...others } = await labelled(this.#workshop.docker, `${STACK_LABEL}=${STACK}`);
        volumes = kept.map(({ name }) => name);
        return Object.values(others).every((ids) => ids.length === 0);
      });
      await this.#docker("volume", "rm", ...volumes);
    });
  }

  /** Where load is sent. */
  public async site(page: string): Promise<Site> {
    const { body } = await this.#client().fetch(page);
    const [asset] = assetsOf(body);
    if (asset === undefined) throw new Error(`${page} must reference a static file; found none`);
    return { hostname: DOMAIN, port: PORT, authority: this.#authority, page, asset };
  }

  async #deploy(variables: NodeJS.ProcessEnv = {}): Promise<void> {
    const compose = composeFile({
      settings: this.#settings,
      images: this.#images,
      variables: this.#variables(),
      port: PORT,
      secretFiles: Object.fromEntries(Object.keys(this.#secrets()).map((name) => [name, `./${name}`])),
      gatewayConfig: "./gateway.conf",
    });
    const file = path.join(this.#folder, "compose.yaml");
    writeFileSync(file, stringify(compose));
    await run("docker", ["stack", "deploy", "--detach=true", "--resolve-image=never", "--compose-file", file, STACK], {
      environment: { ...process.env, ...variables },
      signal: this.#workshop.signal,
    });
  }

  async #initialise(): Promise<void> {
    const { name, extensions } = this.#settings.database;
    let container: string | undefined;
    await this.#until("the database answers", async () => {
      container = await healthyContainer(this.#workshop.docker, `${STACK}_database`);
      return container !== undefined;
    });
    const psql = ["psql", "--username=postgres", "--set=ON_ERROR_STOP=1", "--quiet", "--file=-"];
    await run("docker", ["exec", "--interactive", container ?? "", ...psql], {
      input: initialisation(name, extensions, this.#passwords),
      signal: this.#workshop.signal,
    });
  }

  async #migrate(): Promise<void> {
    const variables = { ...this.#variables(), ADMIN_USERNAME: this.#settings.app.adminUsername };
    const words = [
      ...["run", "--rm", "--interactive", "--label", `${STACK_LABEL}=${STACK}`, "--network", `${STACK}_data`],
      ...["--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--entrypoint", ""],
      ...Object.entries(variables).flatMap(([name, value]) => ["--env", `${name}=${value}`]),
      ...[this.#images.application, "/opt/rehearsal/run", "migrate", "--secrets-from-stdin"],
    ];
    await run("docker", words, {
      input: JSON.stringify({
        DATABASE_URL: this.#databaseUrl("owner"),
        DJANGO_SECRET_KEY: this.#secretKey,
        ADMIN_PASSWORD: this.#adminPassword,
      }),
      signal: this.#workshop.signal,
    });
  }

  async #pagesAnswer(): Promise<boolean> {
    const { page, api, adminLogin } = this.#settings.checks;
    const client = this.#client();
    try {
      const pages = [page, api, adminLogin].filter((checked) => checked !== "none");
      const answers = await Promise.all(pages.map(async (checked) => await client.fetch(checked)));
      const assets = await Promise.all(
        answers.flatMap(({ body }) => assetsOf(body)).map(async (asset) => await client.once(asset)),
      );
      return [...answers, ...assets].every(({ status }) => status === 200);
    } catch {
      // The gateway does not listen yet.
      return false;
    }
  }

  #client(): GatewayClient {
    return new GatewayClient({ gateway: { address: "127.0.0.1", port: PORT }, authority: this.#authority }, DOMAIN);
  }

  async #until(what: string, condition: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + LIMIT_SECONDS * 1000;
    while (!(await condition())) {
      this.#workshop.signal.throwIfAborted();
      if (Date.now() > deadline) throw new Error(`${STACK}: ${what}: not within ${LIMIT_SECONDS} s`);
      await sleep(POLL_MILLISECONDS);
    }
  }

  async #docker(...words: string[]): Promise<void> {
    await run("docker", words, { signal: this.#workshop.signal });
  }

  #writeSecrets(): void {
    const authority = createAuthority(STACK);
    const { chain, key } = issueCertificate(authority, this.#hostnames);
    this.#authority = authority.root;
    const files = { ...this.#secrets(), "tls-chain": chain, "tls-key": key, "gateway.conf": this.#gatewayConfig() };
    for (const [name, content] of Object.entries(files)) {
      writeFileSync(path.join(this.#folder, name), content, { mode: 0o600 });
    }
  }

  #gatewayConfig(): string {
    return gatewayConfig({ hostnames: this.#hostnames, maxBodyMiB: this.#settings.gateway.maxBodyMiB });
  }

  #secrets(): Record<string, string> {
    return {
      "postgres-password": this.#adminPassword,
      "app-database-url": this.#databaseUrl("app"),
      "etl-database-url": this.#databaseUrl("etl"),
      "report-database-url": this.#databaseUrl("report"),
      "django-secret-key": this.#secretKey,
      "tls-chain": "",
      "tls-key": "",
    };
  }

  #databaseUrl(role: keyof RolePasswords): string {
    return `postgres://${role}:${this.#passwords[role]}@database:5432/${this.#settings.database.name}`;
  }

  #variables(): Record<string, string> {
    const { app } = this.#settings;
    const { application } = this.#images;
    return djangoVariables({
      release: application.slice(application.lastIndexOf(":") + 1),
      settingsModule: app.settingsModule,
      hostnames: this.#hostnames,
      gatewayPort: PORT,
      environment: app.environment,
    });
  }
}

/** The settings that a branch's stack takes, too: both sides are declared from the same. */
function sandboxSettings({ checkout }: Workshop): Settings {
  const file = checkout.path("Pulumi.sandbox.yaml");
  const result = parseSettings("sandbox", fileSettings(file, "rehearsal") ?? {}, new Set());
  if ("faults" in result) throw new Error(describeFaults("sandbox", result.faults));
  return result.settings;
}

function secret(): string {
  return randomBytes(24).toString("hex");
}
