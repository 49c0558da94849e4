import { createServer } from "node:net";
import { expect, it } from "vitest";
import { docker } from "../integration/images/support.ts";
import { describeFault, recordFindings, recordTwin } from "./harness/fault.ts";
import { place } from "./harness/whole-environment.ts";

describeFault({
  id: "N3",
  class: "engine and network",
  title: "a port of the host is taken: the deployment stops half-way",
  covers:
    "ports of the gateway and of the database that somebody else has, container, service or process, told before anything is made",
});

const STACK = "taken";

/** Asks for an environment at these ports, without deploying it; then the stack is gone again. */
async function preview(ports: { readonly gateway?: number; readonly admin?: number }) {
  const { checkout } = place();
  await checkout.succeed("stack", "init", STACK);
  try {
    checkout.configure(STACK, {
      ...(ports.gateway === undefined ? {} : { gateway: { port: ports.gateway } }),
      ...(ports.admin === undefined ? {} : { database: { adminPort: ports.admin } }),
    });
    return await checkout.pulumi("preview", "--stack", STACK);
  } finally {
    await checkout.succeed("stack", "rm", STACK, "--yes");
  }
}

it("the gateway's port belongs to another container: it breaks an unguarded twin, and is stopped with its cause", async () => {
  const environment = place();
  recordTwin(false);
  const holder = await environment.beside(
    {
      Image: environment.image,
      Entrypoint: ["sleep", "600"],
      ExposedPorts: { "80/tcp": {} },
      HostConfig: { PortBindings: { "80/tcp": [{ HostIp: "0.0.0.0", HostPort: "" }] } },
    },
    [],
  );
  try {
    const { Name, NetworkSettings } = await holder.inspect();
    const port = Number(NetworkSettings.Ports["80/tcp"]?.[0]?.HostPort);
    const second = await docker.createContainer({
      Image: environment.image,
      Entrypoint: ["sleep", "600"],
      ExposedPorts: { "443/tcp": {} },
      HostConfig: { PortBindings: { "443/tcp": [{ HostPort: String(port) }] } },
    });
    await expect(second.start()).rejects.toThrow(/port is already allocated|address already in use/);
    await second.remove({ force: true });
    recordTwin(true);
    const { exitCode, output } = await preview({ gateway: port });
    expect(exitCode).not.toBe(0);
    recordFindings(/nothing was changed/.test(output) ? ["preview.port"] : []);
    expect(output).toContain(`rehearsal:gateway.port must be a port that is free on the engine's host; found ${port}`);
    expect(output).toContain(Name.slice(1));
  } finally {
    await environment.reset();
  }
});

it.each([
  ["gateway", "rehearsal:gateway.port", "0.0.0.0"],
  ["admin", "rehearsal:database.adminPort", "127.0.0.1"],
] as const)("the port of %s belongs to a process: it is stopped with its cause", async (which, setting, address) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  try {
    const port = (server.address() as { port: number }).port;
    const container = await docker.createContainer({
      Image: place().image,
      Entrypoint: ["sleep", "600"],
      ExposedPorts: { "443/tcp": {} },
      HostConfig: { PortBindings: { "443/tcp": [{ HostIp: address, HostPort: String(port) }] } },
    });
    await expect(container.start()).rejects.toThrow(/address already in use|port is already allocated/);
    await container.remove({ force: true });
    recordTwin(true);
    const { exitCode, output } = await preview({ [which]: port });
    expect(exitCode).not.toBe(0);
    recordFindings(/nothing was changed/.test(output) ? ["preview.port"] : []);
    expect(output).toContain(
      `${setting} must be a port that is free on the engine's host; found ${port}, which another process has`,
    );
  } finally {
    server.close();
  }
});
