import { spawn } from "node:child_process";
import os from "node:os";
import { describe, expect, it } from "vitest";
import { isAbandoned, removeAbandoned, temporaryLabels, thisMaker } from "../../../engine/temporary.ts";
import { fakeEngine } from "./fake-engine.ts";

const now = () => Date.now() / 1000;

describe("what a process makes and removes", () => {
  it("is not abandoned while the process lives", () => {
    expect(isAbandoned(thisMaker(), now())).toBe(false);
  });

  it("is abandoned when the process has ended, or another one has its number", async () => {
    const child = spawn("true");
    const { pid } = child;
    await new Promise((resolve) => child.once("close", resolve));
    const maker = JSON.parse(thisMaker()) as Record<string, unknown>;
    expect(isAbandoned(JSON.stringify({ ...maker, pid }), now())).toBe(true);
    expect(isAbandoned(JSON.stringify({ ...maker, started: "1" }), now())).toBe(true);
  });

  it("is left alone where it is another machine's, but for some hours", () => {
    const foreign = JSON.stringify({ host: `${os.hostname()}-other`, pid: 1, started: "1" });
    expect(isAbandoned(foreign, now() - 60)).toBe(false);
    expect(isAbandoned(foreign, now() - 7 * 3600)).toBe(true);
  });

  it("is never taken for abandoned without a note that can be read", () => {
    expect(isAbandoned("", 0)).toBe(false);
    expect(isAbandoned("{", 0)).toBe(false);
  });

  it("is removed from the engine where it is abandoned, and only there", async () => {
    const dead = { ...temporaryLabels() };
    for (const [label, note] of Object.entries(dead)) {
      dead[label] = JSON.stringify({ ...(JSON.parse(note) as object), started: "1" });
    }
    const containers = [
      { Id: "a", Names: ["/left"], Labels: dead, Created: now() },
      { Id: "b", Names: ["/used"], Labels: temporaryLabels(), Created: now() },
    ];
    const networks = [
      { Id: "c", Name: "left-network", Labels: dead, Created: new Date().toISOString() },
      { Id: "d", Name: "used-network", Labels: temporaryLabels(), Created: new Date().toISOString() },
    ];
    const engine = await fakeEngine(({ call }) => {
      if (call.startsWith("GET /containers/json")) return { status: 200, body: containers };
      if (call.startsWith("GET /networks")) return { status: 200, body: networks };
      return call.startsWith("DELETE") ? { status: 204 } : undefined;
    });
    expect(await removeAbandoned(engine.docker)).toEqual(["left", "left-network"]);
    const deleted = engine.requests.map(({ call }) => call).filter((call) => call.startsWith("DELETE"));
    expect(deleted.map((call) => call.split("?")[0])).toEqual(["DELETE /containers/a", "DELETE /networks/c"]);
  });
});
