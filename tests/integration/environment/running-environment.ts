import { request } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import Docker from "dockerode";
import { ENVIRONMENT_LABEL } from "../../../engine/leftovers.ts";
import type { Checkout } from "./checkout.ts";
import { labelled } from "./left-behind.ts";

export const docker = new Docker();

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** A deployed environment as its users and its operators see it. */
export class RunningEnvironment {
  public readonly name: string;
  readonly #url: URL;
  readonly #authority: string;

  private constructor(name: string, url: string, authority: string) {
    this.name = name;
    this.#url = new URL(url);
    this.#authority = authority;
  }

  public static async of(checkout: Checkout, stack: string, name: string): Promise<RunningEnvironment> {
    const [urls, authority] = [
      await checkout.output<string[]>(stack, "urls"),
      await checkout.output<string>(stack, "certificateAuthority"),
    ];
    return new RunningEnvironment(name, urls[0] ?? "", authority);
  }

  public get port(): number {
    return Number(this.#url.port || "443");
  }

  public get hostname(): string {
    return this.#url.hostname;
  }

  public get authority(): string {
    return this.#authority;
  }

  /** Gets a path over TLS, verified strictly; a connection that fails has status 0. */
  public async get(path: string): Promise<Answer> {
    return await new Promise((resolve) => {
      const outgoing = request(
        {
          host: "127.0.0.1",
          port: this.port,
          servername: this.hostname,
          headers: { host: this.#url.host },
          path,
          ca: this.#authority,
          agent: false,
          timeout: 20_000,
        },
        (incoming) => {
          let body = "";
          incoming.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
          incoming.on("end", () => {
            resolve({ status: incoming.statusCode ?? 0, body });
          });
        },
      );
      outgoing.on("timeout", () => outgoing.destroy(new Error("no answer")));
      outgoing.on("error", (error) => {
        resolve({ status: 0, body: error.message });
      });
      outgoing.end();
    });
  }

  /** Asks for a path again and again until `stop` is called; gives the statuses that were not 200, and how many were asked. */
  public watch(path: string): {
    readonly stop: () => Promise<{ readonly asked: number; readonly bad: readonly Answer[] }>;
  } {
    const stopped = new AbortController();
    let asked = 0;
    const bad: Answer[] = [];
    const loop = (async () => {
      while (!stopped.signal.aborted && asked < 20_000) {
        const answer = await this.get(path);
        asked++;
        if (answer.status !== 200) bad.push(answer);
        await sleep(20);
      }
    })();
    return {
      stop: async () => {
        stopped.abort();
        await loop;
        return { asked, bad };
      },
    };
  }

  /** All containers of the environment that run, tasks of services among them. */
  public async containers(): Promise<Docker.ContainerInspectInfo[]> {
    const found = await docker.listContainers({ filters: { label: [`${ENVIRONMENT_LABEL}=${this.name}`] } });
    return await Promise.all(found.map(async ({ Id }) => await docker.getContainer(Id).inspect()));
  }

  /** The running container of a service, one of several. */
  public async container(service: string): Promise<Docker.ContainerInspectInfo> {
    const found = (await this.containers()).find(({ Name }) => Name.startsWith(`/${this.name}-${service}`));
    if (found === undefined) throw new Error(`${this.name}-${service} runs no container`);
    return found;
  }

  /** Runs a command in a container of a service. */
  public async exec(
    service: string,
    command: readonly string[],
  ): Promise<{ readonly exitCode: number; readonly output: string }> {
    const { Id } = await this.container(service);
    const exec = await docker
      .getContainer(Id)
      .exec({ Cmd: [...command], AttachStdout: true, AttachStderr: true, Tty: true });
    const stream = await exec.start({ Tty: true });
    let output = "";
    for await (const chunk of stream) output += String(chunk);
    const { ExitCode } = await exec.inspect();
    return { exitCode: ExitCode ?? -1, output };
  }

  /** Names of everything on the engine that carries the environment's label. */
  public async objects(): Promise<string[]> {
    return await environmentObjects(this.name);
  }

  /** Ids of the tasks of a service that run. */
  public async tasks(service: string): Promise<string[]> {
    const tasks = (await docker.listTasks({
      filters: { service: [`${this.name}-${service}`], "desired-state": ["running"] },
    })) as unknown as { ID: string; Status: { State: string } }[];
    return tasks
      .filter(({ Status }) => Status.State === "running")
      .map(({ ID }) => ID)
      .sort();
  }
}

/** Everything on the engine that carries an environment's label, each as its kind and its name. */
export async function environmentObjects(environment: string): Promise<string[]> {
  const found = await labelled(docker, `${ENVIRONMENT_LABEL}=${environment}`);
  return Object.entries(found).flatMap(([kind, objects]) => objects.map(({ name }) => `${kind} ${name}`));
}

/** Removes the images of a project; layers that others use stay. */
export async function removeImages(project: string): Promise<void> {
  for (const { RepoTags } of await docker.listImages({ filters: { reference: [`${project}/*`] } })) {
    for (const name of RepoTags ?? []) {
      if (name.startsWith(`${project}/`)) await docker.getImage(name).remove();
    }
  }
}

/** Asks until the condition holds. */
export async function eventually(what: string, condition: () => Promise<boolean>, seconds: number): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (Date.now() < deadline) {
    if (await condition()) return;
    await sleep(250);
  }
  throw new Error(`${what}: not within ${seconds} s`);
}
