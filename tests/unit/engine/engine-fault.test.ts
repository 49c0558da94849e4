import { expect, it } from "vitest";
import { dockerClient } from "../../../engine/docker-client.ts";
import { engineFault } from "../../../engine/engine-fault.ts";
import { fakeEngine } from "./fake-engine.ts";

it("finds no fault in an engine that manages a swarm", async () => {
  const { docker } = await fakeEngine(() => ({ status: 200, body: { Swarm: { ControlAvailable: true } } }));
  expect(await engineFault(docker)).toBeUndefined();
});

it.each([{}, { Swarm: {} }, { Swarm: { ControlAvailable: false } }])(
  "finds an engine that manages none, as a worker does not: %j",
  async (body) => {
    const { docker } = await fakeEngine(() => ({ status: 200, body }));
    expect(await engineFault(docker)).toBe("an engine that manages no swarm");
  },
);

it("finds where none answers, or one that fails", async () => {
  expect(await engineFault(dockerClient("unix:///no/such/engine.sock"))).toMatch(/^no answer \(.*ENOENT.*\)$/);
  const { docker } = await fakeEngine(() => ({ status: 500, body: { message: "is starting" } }));
  expect(await engineFault(docker)).toMatch(/^no answer \(.*is starting.*\)$/);
});
