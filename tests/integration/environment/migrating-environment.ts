import { writeFileSync } from "node:fs";
import { expect } from "vitest";
import { Checkout, type Ended } from "./checkout.ts";
import { docker, eventually, RunningEnvironment } from "./running-environment.ts";

/** What runs of a service: the container, and the image that it was started from. */
export type Task = readonly [container: string, image: string];

/** An environment whose releases bring migrations, as its developers and its operators see it. */
export class MigratingEnvironment {
  public readonly checkout = new Checkout();
  public readonly name: string;
  readonly #stack: string;
  #running: RunningEnvironment | undefined;

  public constructor(project: string, stack: string) {
    this.#stack = stack;
    this.name = `${project}-${stack}`;
  }

  /** What was deployed last. */
  public get running(): RunningEnvironment {
    if (this.#running === undefined) throw new Error(`${this.name} has not been deployed`);
    return this.#running;
  }

  /** Deploys, and fails the test where that fails. */
  public async deploy(): Promise<string> {
    const { exitCode, output } = await this.checkout.up(this.#stack);
    expect(exitCode, output).toBe(0);
    this.#running = await RunningEnvironment.of(this.checkout, this.#stack, this.name);
    return output;
  }

  /** Gives the next release a migration of the flights. */
  public addMigration(name: string, after: string, operations: readonly string[]): void {
    writeFileSync(
      this.checkout.path("reference/flights/migrations", `${name}.py`),
      [
        "from django.db import migrations, models",
        "",
        "class Migration(migrations.Migration):",
        `    dependencies = [("flights", "${after}")]`,
        `    operations = [${operations.join(", ")}]`,
        "",
      ].join("\n"),
    );
  }

  /** Rehearses the release of the sources for this environment. */
  public async rehearse(...words: string[]): Promise<Ended> {
    return await this.checkout.rehearse("migration", "--stack", this.#stack, ...words);
  }

  /** The rows that a statement of the administrator's gives, each in one line. */
  public async sql(statement: string): Promise<string[]> {
    const psql = ["psql", "-XAtqd", "app", "-c", statement];
    const { exitCode, output } = await this.running.exec("database", psql);
    expect(exitCode, output).toBe(0);
    return output.split(/\s*\n/).filter(Boolean);
  }

  /** The migrations of the flights that are applied, in the order in which they were. */
  public async migrations(): Promise<string[]> {
    return await this.sql("SELECT name FROM django_migrations WHERE app = 'flights' ORDER BY id");
  }

  /** Adds a day of weather, without wind. */
  public async weather(location: string, temperature: number): Promise<void> {
    await this.sql(
      "INSERT INTO flights_weatherday (location, date, precipitation, temperature_max, temperature_min, wind, conditions) " +
        `VALUES ('${location}', '2020-02-02', 0, ${temperature}, 1, NULL, 'sun')`,
    );
  }

  /** What runs of application, ETL worker, static files and gateway. */
  public async tasks(): Promise<Record<string, Task>> {
    const found = ["app", "etl", "static", "gateway"].map(async (service) => {
      const { Id, Config } = await this.running.container(service);
      return [service, [Id, Config.Image] as const] as const;
    });
    return Object.fromEntries(await Promise.all(found));
  }

  /** What the tasks of the ETL worker have said, those that were replaced among them. */
  public async workerLog(): Promise<string> {
    const service = docker.getService(`${this.name}-etl`);
    // All of it at once, as it is not followed.
    const log: unknown = await service.logs({ stdout: true, stderr: true, follow: false });
    return (log as Buffer).toString("utf8");
  }

  /** Gives what waits until the ETL worker has said something once more than until now. */
  public async workerSaysAgain(words: string): Promise<() => Promise<void>> {
    const times = async () => (await this.workerLog()).split(words).length;
    const before = await times();
    return async () => {
      await eventually(`the worker's "${words}"`, async () => (await times()) > before, 60);
    };
  }

  /** What rehearsals of this environment have on the engine. */
  public async clones(): Promise<string[]> {
    const filters = { name: [`${this.name}-rehearsal-`] };
    const [containers, networks] = [
      await docker.listContainers({ all: true, filters }),
      await docker.listNetworks({ filters }),
    ];
    return [...containers.flatMap(({ Names }) => Names), ...networks.map(({ Name }) => Name)];
  }
}

/** Ends a command and all that it has started, without a word. */
export async function kill({ child, ended }: ReturnType<Checkout["start"]>): Promise<void> {
  process.kill(-(child.pid ?? 0), "SIGKILL");
  await ended;
}

/** Waits until a command that goes on says something. */
export async function until({ child, output }: ReturnType<Checkout["start"]>, words: string): Promise<void> {
  const said = () => Promise.resolve(output().includes(words) || child.exitCode !== null);
  await eventually(`"${words}"`, said, 120);
  expect(output()).toContain(words);
}
