import { describe, expect, it } from "vitest";
import { type OneShot, runOneShot, startOneShot } from "../../../engine/one-shot.ts";
import { type EngineAnswer, type FakeEngine, fakeEngine, NOT_FOUND, streamFrame } from "./fake-engine.ts";

const RUN: OneShot = {
  name: "shop-sandbox-migrate",
  aloneWithinSeconds: 0,
  image: "shop/application:1",
  command: ["/opt/rehearsal/run", "migrate"],
  environment: { RELEASE: "1" },
  secrets: { DATABASE_URL: "postgres://owner:hidden@database/app" },
  networks: ["shop-sandbox-data"],
  memoryBytes: 1024,
  labels: { purpose: "migration" },
};

type Answers = Readonly<Record<string, EngineAnswer>>;

interface Scene {
  readonly engine: FakeEngine;
  /** What the container read from its standard input. */
  readonly input: () => string;
}

/** An engine whose container `c1` writes `output` and ends with `exitCode`. */
async function scene(
  output: readonly Buffer[],
  exitCode: number,
  answers: Answers | ((call: string) => Answers) = {},
): Promise<Scene> {
  let input = "";
  const engine = await fakeEngine(
    ({ call }) => {
      const usual: Record<string, EngineAnswer> = {
        "POST /containers/create": { status: 201, body: { Id: "c1" } },
        "POST /containers/c1/wait": { status: 200, body: { StatusCode: exitCode } },
        "POST /containers/c1/start": { status: 204 },
        "POST /networks/second/connect": { status: 200 },
        "DELETE /containers/c1": { status: 204 },
      };
      const own = typeof answers === "function" ? answers(call) : answers;
      return own[call] ?? usual[call];
    },
    (socket) => {
      socket.on("data", (chunk: Buffer) => {
        input += chunk.toString();
        if (!input.endsWith("}\n")) return;
        for (const part of output) socket.write(part);
        socket.end();
      });
    },
  );
  return { engine, input: () => input };
}

describe("a command that runs once", () => {
  it("runs in a container with its name and the restrictions of every task", async () => {
    const { engine } = await scene([], 0);
    await runOneShot(engine.docker, RUN, () => undefined);
    const create = engine.requests.find(({ call }) => call === "POST /containers/create");
    expect(create?.query.get("name")).toBe(RUN.name);
    expect(create?.body).toEqual({
      name: RUN.name,
      Image: RUN.image,
      Entrypoint: [],
      Cmd: RUN.command,
      Env: ["RELEASE=1"],
      Labels: { purpose: "migration" },
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
      OpenStdin: true,
      StdinOnce: true,
      HostConfig: {
        AutoRemove: true,
        NetworkMode: "shop-sandbox-data",
        ReadonlyRootfs: true,
        CapDrop: ["ALL"],
        SecurityOpt: ["no-new-privileges:true"],
        Memory: 1024,
        MemorySwap: 1024,
        Tmpfs: { "/tmp": "rw,nosuid,nodev,noexec" },
        LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "1" } },
      },
    });
  });

  it("is given its secrets on standard input and nowhere else", async () => {
    const { engine, input } = await scene([], 0);
    await runOneShot(engine.docker, RUN, () => undefined);
    expect(JSON.parse(input())).toEqual(RUN.secrets);
    expect(JSON.stringify(engine.requests)).not.toContain("hidden");
  });

  it("gives an empty object where it has no secrets", async () => {
    const { engine, input } = await scene([], 0);
    const { name, image, command, environment, networks, memoryBytes } = RUN;
    await runOneShot(engine.docker, { name, image, command, environment, networks, memoryBytes }, () => undefined);
    expect(input()).toBe("{}\n");
  });

  it("hands on each line of both streams, and ends with the exit code and the last lines", async () => {
    const output = [
      streamFrame("stdout", "one\ntw"),
      streamFrame("stderr", "careful\n"),
      streamFrame("stdout", "o\nthree"),
    ];
    const { engine } = await scene(output, 3);
    const lines: string[] = [];
    const result = await runOneShot(engine.docker, RUN, (line, stream) => lines.push(`${stream}: ${line}`));
    expect(lines.toSorted()).toEqual(["stderr: careful", "stdout: one", "stdout: three", "stdout: two"]);
    expect(result.exitCode).toBe(3);
    expect(result.lastLines.toSorted()).toEqual(["careful", "one", "three", "two"]);
  });

  it("keeps the last 400 lines", async () => {
    const text = Array.from({ length: 450 }, (_, index) => `line ${index}\n`).join("");
    const { engine } = await scene([streamFrame("stdout", text)], 0);
    const { lastLines } = await runOneShot(engine.docker, RUN, () => undefined);
    expect([lastLines.length, lastLines[0], lastLines.at(-1)]).toEqual([400, "line 50", "line 449"]);
  });

  it("is in every network that it names, before it starts, and in none where it names none", async () => {
    const { engine } = await scene([], 0);
    await runOneShot(engine.docker, { ...RUN, networks: ["first", "second"] }, () => undefined);
    const calls = engine.calls();
    expect(calls.indexOf("POST /networks/second/connect")).toBeGreaterThan(-1);
    expect(calls.indexOf("POST /networks/second/connect")).toBeLessThan(calls.indexOf("POST /containers/c1/start"));
    const alone = await scene([], 0);
    await runOneShot(alone.engine.docker, { ...RUN, networks: [] }, () => undefined);
    const create = alone.engine.requests.find(({ call }) => call === "POST /containers/create");
    expect(create?.body).toMatchObject({ HostConfig: { NetworkMode: "none" } });
  });
});

describe("a command whose standard input stays open", () => {
  /** An engine whose container says each line that it reads back, and ends with its standard input or when it is removed. */
  async function echo(): Promise<FakeEngine> {
    let end: ((exitCode: number) => void) | undefined;
    const exited = new Promise<number>((resolve) => {
      end = resolve;
    });
    const engine = await fakeEngine(
      ({ call }) => {
        if (call === "POST /containers/create") return { status: 201, body: { Id: "c1" } };
        if (call === "POST /containers/c1/start") return { status: 204 };
        if (call === "DELETE /containers/c1") {
          end?.(137);
          return { status: 204 };
        }
        if (call === "POST /containers/c1/wait")
          return exited.then((StatusCode) => ({ status: 200, body: { StatusCode } }));
        return undefined;
      },
      (socket) => {
        // Docker half-closes: what the command says after its input ended still arrives.
        socket.on("data", (chunk: Buffer) => {
          for (const line of chunk.toString().split("\n").slice(0, -1)) {
            if (!line.startsWith("{")) socket.write(streamFrame("stdout", `heard ${line}\n`));
          }
        });
        socket.on("end", () => {
          end?.(0);
        });
        void exited.then(() => socket.end());
      },
    );
    return engine;
  }

  it("is told lines after its secrets, answers each while it runs, and ends when its input is closed", async () => {
    const engine = await echo();
    const { promise: heard, resolve } = Promise.withResolvers<string>();
    const lines: string[] = [];
    const started = await startOneShot(engine.docker, { ...RUN, networks: [] }, (line) => {
      lines.push(line);
      resolve(line);
    });
    started.writeLine("once");
    expect(await heard).toBe("heard once");
    started.writeLine("end");
    started.end();
    expect(await started.ended).toEqual({ exitCode: 0, lastLines: ["heard once", "heard end"] });
    expect(lines).toEqual(["heard once", "heard end"]);
    started.writeLine("too late");
  });

  it("is gone when it was killed", async () => {
    const engine = await echo();
    const started = await startOneShot(engine.docker, { ...RUN, networks: [] }, () => undefined);
    await started.kill();
    expect(await started.ended).toMatchObject({ exitCode: 137 });
    expect(engine.requests.find(({ call }) => call === "DELETE /containers/c1")?.query.get("force")).toBe("true");
  });
});

describe("a command of which one may be at work", () => {
  const inspect = `GET /containers/${RUN.name}/json`;
  const running = { status: 200, body: { State: { Running: true, StartedAt: "2026-01-01T12:00:00Z" } } };

  it("is not run while an earlier one goes on, which is left alone", async () => {
    const { engine } = await scene([], 0, { [inspect]: running });
    const said: string[] = [];
    await expect(runOneShot(engine.docker, RUN, (line) => said.push(line))).rejects.toThrow(
      "container shop-sandbox-migrate must have ended within 0 s; it is at work since 2026-01-01T12:00:00Z. Watch it with " +
        "docker logs --follow shop-sandbox-migrate and run pulumi up again when it has ended.",
    );
    expect(new Set(engine.calls())).toEqual(new Set([inspect]));
    expect(said).toEqual([
      "waiting for shop-sandbox-migrate, which an interrupted deployment left at work (since 2026-01-01T12:00:00Z)",
    ]);
  });

  it("is run when the earlier one has ended, which is told once", async () => {
    let asked = 0;
    const { engine } = await scene([], 0, (call) => {
      if (call === inspect) asked += 1;
      return { [inspect]: asked <= 3 ? running : NOT_FOUND };
    });
    const said: string[] = [];
    const alone = { ...RUN, aloneWithinSeconds: 60 };
    await expect(runOneShot(engine.docker, alone, (line) => said.push(line))).resolves.toMatchObject({ exitCode: 0 });
    expect(said).toHaveLength(1);
    expect(engine.calls().slice(0, 5)).toEqual([...Array<string>(4).fill(inspect), "POST /containers/create"]);
  });

  it("takes the place of one that has ended and was not removed", async () => {
    const ended = { status: 200, body: { State: { Running: false } } };
    const { engine } = await scene([], 0, { [inspect]: ended, [`DELETE /containers/${RUN.name}`]: { status: 204 } });
    await expect(runOneShot(engine.docker, RUN, () => undefined)).resolves.toMatchObject({ exitCode: 0 });
    expect(engine.calls().slice(0, 3)).toEqual([inspect, `DELETE /containers/${RUN.name}`, "POST /containers/create"]);
  });

  it("waits until the engine has removed the earlier one: its name is not free before", async () => {
    let asked = 0;
    const { engine } = await scene([], 0, (call) => {
      if (call === inspect) asked += 1;
      return {
        [inspect]: asked === 1 ? { status: 200, body: { State: { Running: false } } } : NOT_FOUND,
        [`DELETE /containers/${RUN.name}`]: { status: 409, body: { message: "removal is already in progress" } },
      };
    });
    const alone = { ...RUN, aloneWithinSeconds: 60 };
    await expect(runOneShot(engine.docker, alone, () => undefined)).resolves.toMatchObject({ exitCode: 0 });
    expect(engine.calls().filter((call) => call === inspect)).toHaveLength(2);
  });

  it("is an error where the engine cannot say", async () => {
    const { engine } = await scene([], 0, { [inspect]: { status: 500, body: { message: "database is locked" } } });
    await expect(runOneShot(engine.docker, RUN, () => undefined)).rejects.toThrow("database is locked");
  });
});

describe("a command of which any number may be at work", () => {
  it("runs under a name of its own each time, and asks for no other", async () => {
    const { name, image, command, environment, networks, memoryBytes } = RUN;
    const many = { name, image, command, environment, networks, memoryBytes };
    const { engine } = await scene([], 0);
    await runOneShot(engine.docker, many, () => undefined);
    const other = await scene([], 0);
    await runOneShot(other.engine.docker, many, () => undefined);
    const names = [engine, other.engine].map(({ requests }) => requests[0]?.query.get("name") ?? "");
    for (const found of names) expect(found).toMatch(/^shop-sandbox-migrate-[0-9a-f]{8}$/);
    expect(new Set(names).size).toBe(2);
  });
});

describe("a container that cannot start", () => {
  it("is removed, and the engine's error is the error", async () => {
    const refused = { status: 400, body: { message: "exec: no such file" } };
    const { engine } = await scene([], 0, { "POST /containers/c1/start": refused });
    await expect(runOneShot(engine.docker, RUN, () => undefined)).rejects.toThrow("exec: no such file");
    const removal = engine.requests.find(({ call }) => call === "DELETE /containers/c1");
    expect(removal?.query.get("force")).toBe("true");
  });

  it("is removed when one of its networks is gone", async () => {
    const { engine } = await scene([], 0, { "POST /networks/second/connect": NOT_FOUND });
    await expect(
      runOneShot(engine.docker, { ...RUN, networks: ["first", "second"] }, () => undefined),
    ).rejects.toThrow();
    expect(engine.calls()).toContain("DELETE /containers/c1");
    expect(engine.calls()).not.toContain("POST /containers/c1/start");
  });
});
