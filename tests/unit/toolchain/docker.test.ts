import fs from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { askEngine, type Engine, readInfo } from "../../../toolchain/engine.mjs";
import { dockerEngine } from "../../../toolchain/steps/docker-engine.mjs";
import { swarmMode, whyNot } from "../../../toolchain/steps/swarm-mode.mjs";
import { emptyContext, recorder, script } from "./temporary.ts";

const manager: Engine = { state: "reachable", version: "20.10.24", swarm: "active", manager: true, problem: "" };

test("reads version and swarm state from what the client prints", () => {
  const info = { ServerVersion: "20.10.24+dfsg1", Swarm: { LocalNodeState: "active", ControlAvailable: true } };
  expect(readInfo(JSON.stringify(info), "")).toEqual({ ...manager, version: "20.10.24+dfsg1" });
});

test("tells a socket that is not allowed from one where nobody answers", () => {
  const answer = (problem: string) => readInfo(JSON.stringify({ ServerErrors: [problem] }), "").state;
  expect(answer("Got permission denied while trying to connect to the Docker daemon socket")).toBe("denied");
  expect(answer("Cannot connect to the Docker daemon. Is the docker daemon running?")).toBe("unreachable");
});

test("takes a client that prints no JSON for an engine that does not answer", () => {
  expect(readInfo("", "error during connect")).toMatchObject({ state: "unreachable", problem: "error during connect" });
});

test("asks the engine through the docker command on PATH", async () => {
  const context = emptyContext();
  expect((await askEngine(context.user)).state).toBe("no client");
  script(path.join(context.tools, "docker"), `echo '{"ServerVersion":"27.1.0","Swarm":{"LocalNodeState":"inactive"}}'`);
  expect(await askEngine(context.user)).toMatchObject({ version: "27.1.0", swarm: "inactive", manager: false });
});

const failures: [string, Engine, Record<string, string>, boolean, RegExp][] = [
  ["an engine that is too old", { ...manager, version: "19.03.1" }, {}, true, /version 19\.03\.1; 20\.10\.0 or newer/],
  ["a socket that this user may not use", { ...manager, state: "denied" }, {}, false, /may not use its socket/],
  [
    "an engine named by DOCKER_HOST that does not answer",
    { ...manager, state: "unreachable" },
    { DOCKER_HOST: "tcp://db:2375" },
    true,
    /DOCKER_HOST names \(tcp:\/\/db:2375\) does not answer/,
  ],
  ["no engine, and no right to install one", { ...manager, state: "no client" }, {}, false, /not installed/],
  ["no engine, and no package manager", { ...manager, state: "no client" }, {}, true, /has no apt-get/],
];
test.each(failures)("refuses %s, and says what to do", async (_case, engine, env, root, message) => {
  const context = emptyContext(env, { engine: () => Promise.resolve(engine), root });
  expect(await dockerEngine.present({ ...context, engine: () => Promise.resolve(engine) })).toBeUndefined();
  await expect(dockerEngine.install(context, recorder())).rejects.toThrow(message);
});

test("does not start an installed engine without being root", async () => {
  const context = emptyContext(
    {},
    { engine: () => Promise.resolve({ ...manager, state: "unreachable" }), root: false },
  );
  script(path.join(context.tools, "dockerd"), `touch ${context.tools}/started`);
  await expect(dockerEngine.install(context, recorder())).rejects.toThrow(/only root may start it/);
  expect(fs.existsSync(path.join(context.tools, "started"))).toBe(false);
});

test("switches swarm mode on only where the engine is in no swarm", () => {
  expect(whyNot({ ...manager, swarm: "inactive", manager: false })).toBeUndefined();
  expect(whyNot({ ...manager, manager: false })?.[0]).toContain("not a manager");
  expect(whyNot({ ...manager, swarm: "locked", manager: false })?.[1]).toContain("docker swarm unlock");
  expect(whyNot({ ...manager, swarm: "error", manager: false })?.[0]).toContain('"error"');
});

test("initialises the swarm on loopback and asks the engine anew", async () => {
  const context = emptyContext();
  const log = path.join(context.tools, "log");
  script(
    path.join(context.tools, "docker"),
    `echo "$@" >> ${log}
if [ "$1" = info ]; then
  if grep -q init ${log}; then state=active; else state=inactive; fi
  echo "{\\"ServerVersion\\":\\"27.1.0\\",\\"Swarm\\":{\\"LocalNodeState\\":\\"$state\\",\\"ControlAvailable\\":true}}"
fi`.replace("grep -q init", "/bin/grep -q init"),
  );
  expect(await swarmMode.present(context)).toBeUndefined();
  await swarmMode.install(context, recorder());
  expect(fs.readFileSync(log, "utf8")).toContain("swarm init --advertise-addr 127.0.0.1\n");
  expect(await swarmMode.present(context)).toContain("manager");
});
