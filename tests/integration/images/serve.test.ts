import type Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildMinimal, buildNginx, buildOver } from "./builds.ts";
import { startDatabase, type TestDatabase } from "./database.ts";
import { Bench, curl, execute, type Finished, finish, output, type RunOptions, until, untilSaid } from "./support.ts";

const SLOW_START = "images-test-minimal-pending";
const HEALTH = ["/opt/rehearsal/run", "health"];
const UVICORN = ["uvicorn", "site_config.asgi:application", "--host", "0.0.0.0", "--port", "8000"];

const bench = new Bench();
let image: string;
let nginx: string;
let database: TestDatabase;
/** A container with curl, beside those that serve. */
let client: Docker.Container;

beforeAll(async () => {
  image = await buildMinimal();
  nginx = await buildNginx();
  await buildOver(
    SLOW_START,
    image,
    {
      "0002_pending.py":
        'from django.db import migrations\nclass Migration(migrations.Migration):\n    dependencies = [("guestbook", "0001_entry")]\n',
    },
    "COPY 0002_pending.py /home/guestbook/source/guestbook/migrations/",
  );
  database = await startDatabase(bench);
  await database.create("guestbook");
  client = await bench.start({ image: nginx });
  const migrated = await bench.run({ ...service("owner"), command: ["/opt/rehearsal/run", "migrate"] });
  expect(migrated.exitCode).toBe(0);
}, 900_000);

afterAll(() => bench.remove());

/** What every process of the release is started with. */
function service(role = "app"): RunOptions {
  return {
    image,
    environment: {
      DJANGO_ALLOWED_HOSTS: "guestbook.example,guestbook",
      DJANGO_CSRF_TRUSTED_ORIGINS: "https://guestbook.example",
      DJANGO_DEBUG: "0",
    },
    secrets: { DJANGO_SECRET_KEY: "the-signing-key\n", DATABASE_URL: database.url("guestbook", role) },
  };
}

function serve(
  alias: string,
  environment: Record<string, string> = {},
  more: Partial<RunOptions> = {},
): Promise<Docker.Container> {
  const base = service();
  return bench.start({
    ...base,
    command: ["/opt/rehearsal/run", "serve", "--", ...UVICORN],
    aliases: [alias],
    ...more,
    environment: { ...base.environment, ...environment },
  });
}

async function get(alias: string, path = "/"): Promise<string> {
  const { stdout } = await curl(
    client,
    `http://${alias}:8000${path}`,
    "-H",
    "Host: guestbook.example",
    "-H",
    "X-Forwarded-Proto: https",
    "-w",
    "\n%{http_code}",
  );
  return stdout;
}

async function untilServing(alias: string, container: Docker.Container): Promise<void> {
  await until(`a page of ${alias}`, async () => {
    if (!(await container.inspect()).State.Running) {
      throw new Error(`${alias} ended: ${(await output(container)).stderr}`);
    }
    return (await get(alias)).endsWith("200") ? true : undefined;
  });
}

async function health(container: Docker.Container): Promise<Finished> {
  return execute(container, HEALTH);
}

describe("run serve", { timeout: 180_000 }, () => {
  it("serves with a read-only root filesystem, and keeps secrets out of the container's declaration", async () => {
    const container = await serve(
      "declared",
      {},
      { healthcheck: { Test: ["CMD", ...HEALTH], Interval: 1e9, Timeout: 6e9, Retries: 3 } },
    );
    await untilServing("declared", container);
    expect(await get("declared")).toContain("Nobody yet.");
    await until("a healthy container", async () =>
      (await container.inspect()).State.Health?.Status === "healthy" ? true : undefined,
    );
    const declared = JSON.stringify(await container.inspect());
    expect(declared).not.toContain("the-signing-key");
    expect(declared).not.toContain(database.url("guestbook", "app"));
    const identity = await execute(container, [
      "sh",
      "-c",
      "id -u; grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/1/status; touch /probe",
    ]);
    expect(identity.stdout).toBe("10001\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1\n");
    expect(identity.stderr).toContain("Read-only file system");
    const started = await execute(container, [
      "sh",
      "-c",
      "tr '\\0' '\\n' < /proc/$(cat /proc/1/task/1/children | cut -d' ' -f1)/environ",
    ]);
    expect(started.stdout).toContain("DJANGO_SECRET_KEY=the-signing-key\n");
  });

  it("tells what of the project is in the image, and what a server would be configured by", async () => {
    const environment = { FILES_ASKED: '["manage.py", "gunicorn.conf.py"]' };
    const told = await bench.run({ image, command: ["/opt/rehearsal/run", "files"], environment });
    const { folder, files, texts } = JSON.parse(told.stdout) as { folder: string; files: string[]; texts: object };
    expect(folder).toBe("/home/guestbook/source");
    expect(files).toEqual(expect.arrayContaining(["manage.py", "guestbook/static/guestbook/guestbook.css"]));
    expect(files.filter((file) => file.includes("__pycache__"))).toEqual([]);
    expect(texts).toEqual({
      "manage.py": expect.stringContaining("DJANGO_SETTINGS_MODULE") as string,
      "gunicorn.conf.py": null,
    });
  });

  it("lets no process gain privileges where the container does not declare it", async () => {
    const container = await serve("undeclared", {}, { newPrivileges: true });
    await untilServing("undeclared", container);
    const server = await execute(container, [
      "sh",
      "-c",
      "grep NoNewPrivs /proc/$(cat /proc/1/task/1/children | cut -d' ' -f1)/status",
    ]);
    expect(server.stdout).toBe("NoNewPrivs:\t1\n");
  });

  it("refuses to start while migrations of its release are missing, and names them", async () => {
    const refused = await finish(await serve("pending", {}, { image: SLOW_START }));
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr.trim().split("\n")).toEqual([
      "rehearsal: all migrations of the release must be applied before it serves; missing: guestbook.0002_pending; run its migrations first",
    ]);
  });

  it("says as which role it could not reach the database", async () => {
    const secrets = { DJANGO_SECRET_KEY: "x", DATABASE_URL: "postgres://app:wrong@database:5432/guestbook" };
    const refused = await finish(await serve("stranger", { DATABASE_WAIT_SECONDS: "1" }, { secrets }));
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toMatch(
      /must be reachable as role app at database; found after 1 s: .*password authentication failed/,
    );
  });

  it("is unhealthy and answers nobody before this release's static files are served", async () => {
    const container = await serve("early", { STATIC_READY_URL: "http://late-static:8080/healthz" });
    await untilSaid(container, "waiting for static files");
    const waiting = await health(container);
    expect(waiting.exitCode).toBe(1);
    expect(waiting.stdout).toContain("still waiting");
    expect((await curl(client, "http://early:8000/")).stderr).toContain("Failed to connect");
    await bench.start({ image: nginx, aliases: ["late-static"] });
    await untilServing("early", container);
    expect((await health(container)).exitCode).toBe(0);
  });

  it("gives up on static files that never come", async () => {
    const refused = await finish(
      await serve("never", { STATIC_READY_URL: "http://client/none", STATIC_WAIT_SECONDS: "0.5" }),
    );
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain("this release's static files must be served before its pages");
  });

  it("ends at once when it is told to stop while it waits", async () => {
    const container = await serve("impatient", { STATIC_READY_URL: "http://nobody:8080/" });
    await untilSaid(container, "waiting for static files");
    await container.kill({ signal: "SIGTERM" });
    expect((await finish(container)).exitCode).toBe(143);
  });

  it("serves on after SIGTERM, finishes the request that it is answering, and ends cleanly", async () => {
    const container = await serve("draining", { DRAIN_SECONDS: "2" });
    await untilServing("draining", container);
    const slow = get("draining", "/slow/4/");
    await until("the slow request", async () => ((await openConnections(container)) > 0 ? true : undefined));
    await container.kill({ signal: "SIGTERM" });
    await untilSaid(container, "SIGTERM: serving on for 2 s");
    expect(await get("draining")).toMatch(/200$/);
    expect(await slow).toBe("waited 4 s\n200");
    expect((await finish(container)).exitCode).toBe(0);
  });

  it("passes on the exit code of its server", async () => {
    const container = await serve(
      "broken",
      {},
      { command: ["/opt/rehearsal/run", "serve", "--", "sh", "-c", "exit 7"] },
    );
    expect((await finish(container)).exitCode).toBe(7);
  });

  it("says which command it could not start", async () => {
    const refused = await finish(
      await serve("typo", {}, { command: ["/opt/rehearsal/run", "serve", "--", "uvicron"] }),
    );
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain("found 'uvicron': No such file or directory");
  });

  it("asks for a command where the project names no WSGI application", async () => {
    const refused = await finish(await serve("commandless", {}, { command: ["/opt/rehearsal/run", "serve"] }));
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain("found WSGI_APPLICATION unset");
  });
});

describe("a database that goes away", { timeout: 180_000 }, () => {
  it("does not make a serving process unhealthy, and is used again when it is back", async () => {
    const container = await serve("patient");
    await untilServing("patient", container);
    const { StartedAt: startedAt } = (await container.inspect()).State;
    const hanging = await serve("hanging");
    await untilServing("hanging", hanging);

    await database.container.stop();
    expect(await get("patient")).toMatch(/500$/);
    const alive = await health(container);
    expect(alive).toMatchObject({ exitCode: 0, stdout: "status 500\n" });
    await signalServer(hanging, "STOP");
    expect(await health(hanging)).toMatchObject({
      exitCode: 0,
      stdout: "no answer in time while the database is away too: left alone\n",
    });

    await database.container.start();
    await untilServing("patient", container);
    expect((await container.inspect()).State).toMatchObject({ Running: true, StartedAt: startedAt });
    const hung = await health(hanging);
    expect(hung.exitCode).toBe(1);
    expect(hung.stdout).toContain("no answer from 127.0.0.1:8000 in time");
    await signalServer(hanging, "CONT");
    expect((await health(hanging)).exitCode).toBe(0);
  });

  it("is waited for by a process that starts", async () => {
    await database.container.stop();
    const container = await serve("waiting");
    await untilSaid(container, "waiting for the database");
    await database.container.start();
    await untilServing("waiting", container);
    expect((await output(container)).stderr).not.toContain("Traceback");
  });
});

describe("run worker", { timeout: 180_000 }, () => {
  function work(script: string, environment: Record<string, string> = {}): Promise<Docker.Container> {
    return serve("worker", environment, { command: ["/opt/rehearsal/run", "worker", "--", "sh", "-c", script] });
  }

  it("is healthy while its heartbeat is young, and unhealthy when the worker hangs", async () => {
    const container = await work('touch "$WORKER_HEARTBEAT_FILE"; echo beating; exec sleep 600', {
      WORKER_HEARTBEAT_MAX_AGE: "3",
    });
    await untilSaid(container, "beating");
    expect((await health(container)).stdout).toMatch(/^the worker's last heartbeat is \d+ s old/);
    const hung = await until("an old heartbeat", async () => {
      const found = await health(container);
      return found.exitCode === 0 ? undefined : found;
    });
    expect(hung.stdout).toMatch(/must be younger than 3 s; it is \d+ s old/);
  });

  it("is stopped at once, and ends with what its worker made of the signal", async () => {
    const container = await work(
      "trap 'echo finished the batch; exit 0' TERM; echo working; while :; do sleep 0.1; done",
    );
    await untilSaid(container, "working");
    expect((await health(container)).stdout).toContain("writes no heartbeat");
    await container.kill({ signal: "SIGTERM" });
    const finished = await finish(container);
    expect(finished.stdout).toContain("finished the batch");
    expect(finished.stderr).not.toContain("serving on");
    expect(finished.exitCode).toBe(0);
  });
});

/** Established connections to port 8000 of a container, its own excepted. */
async function openConnections(container: Docker.Container): Promise<number> {
  const { stdout } = await execute(container, ["sh", "-c", "grep -c ':1F40 .* 01 ' /proc/net/tcp || true"]);
  return Number(stdout);
}

async function signalServer(container: Docker.Container, name: string): Promise<void> {
  const sent = await execute(container, ["sh", "-c", `kill -${name} $(cat /proc/1/task/1/children)`]);
  expect(sent.stderr).toBe("");
}
