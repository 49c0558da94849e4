import { describe, expect, it } from "vitest";
import { appMedia } from "../../../rehearsal/checks/app-media.ts";
import { healthDatabaseAway } from "../../../rehearsal/checks/health-database-away.ts";
import { imageHealthCommand } from "../../../rehearsal/checks/image-health-command.ts";
import { networkClosed } from "../../../rehearsal/checks/network-closed.ts";
import { ownCheck } from "../../../rehearsal/checks/own-checks.ts";
import { type EngineAnswer, fakeEngine, streamFrame } from "../engine/fake-engine.ts";
import { type Answered, deployedEnvironment, HOSTNAMES, testGateway } from "./gateway.ts";
import { printing } from "./inspected.ts";

const ENVIRONMENT = deployedEnvironment(HOSTNAMES, { address: "", port: 1 }, "");

function service(healthTest: readonly string[]): EngineAnswer {
  const ContainerSpec = {
    Image: "shop/application:2",
    Command: ["/opt/rehearsal/run", "serve", "--", "gunicorn"],
    Env: ["DATABASE_WAIT_SECONDS=45", "STATIC_READY_URL=http://static:8080/x", "OTHER=a=b"],
    Healthcheck: { Test: healthTest },
  };
  return { status: 200, body: { Spec: { TaskTemplate: { ContainerSpec } } } };
}

describe("network.closed", () => {
  async function run(probe: object) {
    const answers: Record<string, EngineAnswer> = {
      "GET /containers/json": { status: 200, body: [{ Id: "c1" }] },
      "POST /containers/c1/exec": { status: 201, body: { Id: "e1" } },
      "GET /exec/e1/json": { status: 200, body: { ExitCode: 0 } },
    };
    const { docker } = await fakeEngine(
      ({ call }) => answers[call],
      (socket) => {
        socket.once("data", () => socket.end(streamFrame("stdout", `${JSON.stringify(probe)}\n`)));
      },
    );
    return await networkClosed.run({ ...ENVIRONMENT, engine: docker });
  }

  it("passes where no task has a way out", async () => {
    expect(await run({ open: [], resolves: false, media: null, offsets: [0, 0] })).toEqual([]);
  });

  it("names each task with a way out, and warns of names that have addresses", async () => {
    const open = ["a route to 192.0.2.1 (timed out)"];
    expect(await run({ open, resolves: true, media: null, offsets: [0, 0] })).toEqual(
      ["shop-sandbox-app", "shop-sandbox-etl"].flatMap((name) => [
        { expected: `no way out of ${name}`, seen: open[0] },
        {
          expected: `no answer to ${name} for names of the outside`,
          seen: "example.com has an address",
          warning: true,
        },
      ]),
    );
  });

  it("does not apply where the outside is meant to be reached", () => {
    expect(networkClosed.notApplicable?.(ENVIRONMENT)).toBeUndefined();
    expect(networkClosed.notApplicable?.({ ...ENVIRONMENT, outside: true })).toBe("network.outside is true");
  });
});

describe("app.media", () => {
  const WRITTEN = "written by a check of the deployment\n";

  /** The check where a task prints `stored` for what it has stored, and the gateway answers so. */
  async function run(stored: object | string | null, answer: Answered = { body: WRITTEN }) {
    const commands: string[][] = [];
    const { docker } = await fakeEngine(
      ({ call, body }) => {
        if (call === "GET /containers/json") return { status: 200, body: [{ Id: "c1" }] };
        if (call === "POST /containers/c1/exec") {
          commands.push((body as { Cmd: string[] }).Cmd);
          return { status: 201, body: { Id: "e1" } };
        }
        const fails = typeof stored === "string" && commands.at(-1)?.includes("exec") === true;
        return call === "GET /exec/e1/json" ? { status: 200, body: { ExitCode: fails ? 1 : 0 } } : undefined;
      },
      (socket) => {
        // It is given nothing to read.
        if (commands.at(-1)?.[0] === "rm") return void socket.end();
        const probe = JSON.stringify({ open: [], resolves: false, media: null, offsets: [0, 0] });
        const said = commands.at(-1)?.includes("exec") === true ? storedWords(stored) : probe;
        socket.once("data", () => socket.end(streamFrame("stdout", `${said}\n`)));
      },
    );
    const { environment, asked } = await testGateway(() => answer);
    const findings = await appMedia.run({ ...environment, engine: docker });
    return { findings, commands, asked: asked.map(({ path }) => path) };
  }

  const storedWords = (stored: object | string | null) =>
    typeof stored === "string" ? stored : JSON.stringify(stored);
  const FILE = { url: "/media/rehearsal-%C3%BC.txt", file: "/srv/media/rehearsal-ü.txt" };

  it("passes where an upload is served, and takes it away again", async () => {
    const { findings, commands, asked } = await run(FILE);
    expect(findings).toEqual([]);
    expect(asked).toEqual([FILE.url]);
    expect(commands.at(-1)).toEqual(["rm", "-f", "--", FILE.file]);
  });

  it("fails where it is not served, and takes it away all the same", async () => {
    const { findings, commands } = await run(FILE, { status: 403 });
    expect(findings).toEqual([
      { expected: `a file that shop-sandbox-app stores is served at ${FILE.url}`, seen: "403" },
    ]);
    expect(commands.at(-1)?.[0]).toBe("rm");
    expect((await run(FILE, { body: "other" })).findings).toMatchObject([{ seen: "200 with something else" }]);
  });

  it("fails with the words of what cannot be stored", async () => {
    const words = "UnicodeEncodeError: 'ascii' codec can't encode character";
    expect((await run(words)).findings).toEqual([
      { expected: "shop-sandbox-app stores an upload under a name that is not ASCII", seen: words },
    ]);
  });

  it("looks no further where uploads are kept elsewhere", async () => {
    expect(await run(null)).toMatchObject({ findings: [], asked: [] });
  });
});

describe("image.health-command", () => {
  /** The check where the images hold these files. */
  async function run(healthTest: readonly string[], files: readonly string[]) {
    const { docker, calls } = await fakeEngine(({ call, query }) => {
      if (call.startsWith("GET /services/")) return service(healthTest);
      if (call.startsWith("GET /images/"))
        return { status: 200, body: { Config: { Env: ["PATH=/opt/venv/bin:/bin"] } } };
      if (call === "POST /containers/create") return { status: 201, body: { Id: "c1" } };
      if (call === "HEAD /containers/c1/archive" && files.includes(query.get("path") ?? "")) {
        const stat = Buffer.from(JSON.stringify({ mode: 0o755, linkTarget: "" })).toString("base64");
        return { status: 200, headers: { "X-Docker-Container-Path-Stat": stat } };
      }
      return call === "DELETE /containers/c1" ? { status: 204 } : undefined;
    });
    const [app] = ENVIRONMENT.services;
    const findings = await imageHealthCommand.run({ ...ENVIRONMENT, engine: docker, services: app ? [app] : [] });
    return { findings, calls: calls() };
  }

  it("passes where the executable is there, by its path or on PATH, and removes what it looked in", async () => {
    expect((await run(["CMD", "/opt/rehearsal/run", "health"], ["/opt/rehearsal/run"])).findings).toEqual([]);
    const { findings, calls } = await run(["CMD", "curl", "-f"], ["/bin/curl"]);
    expect(findings).toEqual([]);
    expect(calls.at(-1)).toBe("DELETE /containers/c1");
  });

  it("names the executable that the image lacks", async () => {
    expect((await run(["CMD", "curl", "-f"], ["/usr/local/curl"])).findings).toEqual([
      { expected: "curl in shop/application:2, for the health check of shop-sandbox-app", seen: "no such executable" },
    ]);
  });

  it("looks for the program that a shell is handed behind its script", async () => {
    const test = ["CMD", "sh", "-c", '"$0" "$@"', "curl", "--fail"];
    expect((await run(test, ["/bin/sh", "/bin/curl"])).findings).toEqual([]);
    expect((await run(test, ["/bin/sh"])).findings).toMatchObject([
      { expected: "curl in shop/application:2, for the health check of shop-sandbox-app" },
    ]);
  });

  it.each([[[]], [["NONE"]]])("fails where the service has no health check: %j", async (test) => {
    expect((await run(test, [])).findings).toEqual([
      { expected: "shop-sandbox-app with a health check", seen: "none" },
    ]);
  });
});

describe("health.database-away", () => {
  async function run(state: object) {
    const answers: Record<string, EngineAnswer> = {
      "GET /services/shop-sandbox-app": service(["CMD", "/opt/rehearsal/run", "health"]),
      "GET /containers/c1/json": { status: 200, body: { State: state } },
    };
    const secrets = { DATABASE_URL: "postgres://app:secret@database/app", DJANGO_SECRET_KEY: "k" };
    const releaseContainer = { ...ENVIRONMENT.releaseContainer, secrets };
    const { environment, engine } = await printing("waiting\n", 1, { releaseContainer }, answers);
    return { findings: await healthDatabaseAway.run(environment), engine };
  }

  it("passes where the task ends without having been healthy, started as its service does", async () => {
    const { findings, engine } = await run({ Running: false });
    expect(findings).toEqual([]);
    expect(engine.requests.find(({ call }) => call === "POST /containers/create")?.body).toMatchObject({
      Cmd: ["/opt/rehearsal/run", "serve", "--secrets-from-stdin", "--", "gunicorn"],
      Env: ["DATABASE_WAIT_SECONDS=1", "STATIC_READY_URL=", "OTHER=a=b"],
      Healthcheck: { Test: ["CMD", "/opt/rehearsal/run", "health"] },
      HostConfig: { NetworkMode: "none" },
    });
  });

  it("fails where it becomes healthy", async () => {
    expect((await run({ Running: true, Health: { Status: "healthy" } })).findings).toMatchObject([{ seen: "healthy" }]);
  });
});

describe("a project's own check", () => {
  const task = {
    NetworksAttachments: [
      { Network: { Spec: { Name: "shop-sandbox-front" } }, Addresses: ["10.0.1.3/24"] },
      { Network: { Spec: { Name: "shop-sandbox-app" } }, Addresses: ["10.0.2.3/24"] },
    ],
  };
  const own = ownCheck({ id: "search", command: ["python", "search.py"] });

  it("runs in the release's image beside the application, and passes with exit code 0", async () => {
    const { environment, engine } = await printing("found\n", 0, {}, { "GET /tasks": { status: 200, body: [task] } });
    expect(await own.run(environment)).toEqual([]);
    expect(engine.requests.find(({ call }) => call === "POST /containers/create")?.body).toMatchObject({
      Image: "shop/application:2",
      Cmd: ["/opt/rehearsal/run", "exec", "--secrets-from-stdin", "--", "python", "search.py"],
      Env: expect.arrayContaining(["BASE_URL=https://shop.test:8443"]) as string[],
      HostConfig: {
        NetworkMode: "shop-sandbox-app",
        ExtraHosts: expect.arrayContaining(["shop.test:10.0.2.3"]) as string[],
      },
    });
  });

  it("fails with what the command printed", async () => {
    const { environment } = await printing("nothing found\n", 3, {}, { "GET /tasks": { status: 200, body: [task] } });
    expect(await own.run(environment)).toMatchObject([
      { expected: "exit code 0", seen: expect.stringMatching(/^3: .*nothing found/s) as string },
    ]);
  });

  it("is an error where no gateway runs", async () => {
    const { environment } = await printing("", 0, {}, { "GET /tasks": { status: 200, body: [] } });
    await expect(own.run(environment)).rejects.toThrow("must run in the network shop-sandbox-app");
  });
});
