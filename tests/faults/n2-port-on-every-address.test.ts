import { connect } from "node:net";
import { expect } from "vitest";
import { eventually } from "../integration/environment/running-environment.ts";
import { docker } from "../integration/images/support.ts";
import { describeFault } from "./harness/fault.ts";
import type { Staged } from "./harness/staged.ts";
import { testFaults } from "./harness/whole-environment.ts";

describeFault({
  id: "N2",
  class: "engine and network",
  title: "the database's port is published on every address of the host",
  covers:
    "ports that reach past the gateway and the firewall: of the database, of services, of containers that somebody started in the environment's networks",
});

const FORWARD = `
import socket, sys, threading
def pump(one, other):
    while data := one.recv(65536):
        other.sendall(data)
    other.shutdown(socket.SHUT_WR)
listener = socket.create_server(("0.0.0.0", 5432))
while True:
    client, _ = listener.accept()
    server = socket.create_connection(("database", 5432))
    for pair in ((client, server), (server, client)):
        threading.Thread(target=pump, args=pair, daemon=True).start()
`;
/** PostgreSQL's first message: whether it speaks TLS is answered to anybody. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/** The first byte that a port of the host answers to a message; empty where nobody listens. */
async function answer(port: number, message: Buffer): Promise<string> {
  return await new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.setTimeout(5000, () => socket.destroy());
    socket.once("connect", () => socket.write(message));
    socket.once("data", (data) => {
      resolve(data.toString("latin1"));
      socket.destroy();
    });
    socket.once("error", () => {
      resolve("");
    });
    socket.once("close", () => {
      resolve("");
    });
  });
}

async function speaksPostgres(port: number): Promise<boolean> {
  return ["S", "N"].includes(await answer(port, SSL_REQUEST));
}

/** The port of the host that a container publishes another one at, on every address. */
async function published(name: string): Promise<number> {
  const { NetworkSettings } = await docker.getContainer(name).inspect();
  const [binding] = Object.values(NetworkSettings.Ports)
    .flat()
    // A port that the image exposes and nobody publishes has none.
    .filter((one: { HostIp: string; HostPort: string } | null) => one?.HostIp === "0.0.0.0");
  return Number(binding?.HostPort);
}

/** Starts the database's container anew, as by `docker run --publish 5432`. */
async function publishDatabase(place: Staged): Promise<void> {
  const name = `${place.name}-database`;
  const { Id, Config, HostConfig, NetworkSettings } = await docker.getContainer(name).inspect();
  // By its id: its name is about to be another one's.
  const declared = docker.getContainer(Id);
  await declared.stop();
  await declared.rename({ name: `${name}-before` });
  place.onReset(async () => {
    await docker
      .getContainer(name)
      .remove({ force: true })
      .catch(() => undefined);
    await declared.rename({ name });
    await declared.start();
    await healthy(name);
  });
  const open = await docker.createContainer({
    ...Config,
    name,
    HostConfig: { ...HostConfig, PortBindings: { "5432/tcp": [{ HostIp: "0.0.0.0", HostPort: "" }] } },
  });
  // The engine takes one network at a container's creation.
  for (const [network, { Aliases }] of Object.entries(NetworkSettings.Networks)) {
    if (network === HostConfig.NetworkMode) continue;
    await docker.getNetwork(network).connect({ Container: open.id, EndpointConfig: { Aliases: Aliases as string[] } });
  }
  await open.start();
  await healthy(name);
}

async function healthy(name: string): Promise<void> {
  await eventually(
    name,
    async () => (await docker.getContainer(name).inspect()).State.Health?.Status === "healthy",
    60,
  );
}

testFaults([
  {
    title: "the database's container was started anew by hand",
    byHand: publishDatabase,
    breaks: async (twin) => {
      expect(await speaksPostgres(await published(`${twin.name}-database`))).toBe(true);
    },
    steps: ["drift"],
    caught: { id: "drift.port", words: /container \S+-database, port/ },
  },
  {
    title: "a go-between in the data network publishes it",
    byHand: async (place) => {
      const container = await place.beside(
        {
          Image: place.image,
          Entrypoint: ["python3", "-c", FORWARD],
          User: "10001",
          ExposedPorts: { "5432/tcp": {} },
          HostConfig: { PortBindings: { "5432/tcp": [{ HostIp: "0.0.0.0", HostPort: "" }] } },
        },
        ["front", "data"],
      );
      place.notes["port"] = String(await published(container.id));
    },
    breaks: async (twin) => {
      await eventually("the go-between", () => speaksPostgres(Number(twin.notes["port"])), 20);
    },
    steps: ["drift"],
    caught: { id: "drift.port", words: /container \S+, port \d+ .*every address of the host/ },
  },
]);
