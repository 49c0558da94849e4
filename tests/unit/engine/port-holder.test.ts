import { type AddressInfo, createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { portPublisher, portTaken } from "../../../engine/port-holder.ts";
import { fakeEngine } from "./fake-engine.ts";

const GATEWAY = {
  Spec: { Name: "shop-production-gateway", Labels: { "rehearsal.environment": "shop-production" } },
  Endpoint: { Ports: [{ PublishedPort: 443 }] },
};
const CONTAINERS = [
  { Id: "1", Names: ["/shop-database"], Labels: { "rehearsal.environment": "shop" }, Ports: [{ PublicPort: 15_432 }] },
  { Id: "2", Names: ["/somebody"], Labels: {}, Ports: [{ PrivatePort: 80 }, { PublicPort: 8080 }] },
];

describe("what has a port", () => {
  it("is a service or a container, of an environment or of nobody", async () => {
    const { docker } = await fakeEngine(({ call }) => {
      if (call === "GET /services") return { status: 200, body: [{ Spec: { Name: "app" }, Endpoint: {} }, GATEWAY] };
      return call === "GET /containers/json" ? { status: 200, body: CONTAINERS } : undefined;
    });
    expect(await portPublisher(docker, 443)).toEqual({
      what: "service shop-production-gateway",
      environment: "shop-production",
    });
    expect(await portPublisher(docker, 15_432)).toEqual({ what: "container shop-database", environment: "shop" });
    expect(await portPublisher(docker, 8080)).toEqual({ what: "container somebody", environment: undefined });
    expect(await portPublisher(docker, 80), "a port inside of a container").toBeUndefined();
  });

  it("is a process of this machine, while it listens", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    expect([await portTaken("127.0.0.1", port), await portTaken("0.0.0.0", port)]).toEqual([true, true]);
    await new Promise((resolve) => server.close(resolve));
    expect([await portTaken("127.0.0.1", port), await portTaken("0.0.0.0", port)]).toEqual([false, false]);
  });
});
