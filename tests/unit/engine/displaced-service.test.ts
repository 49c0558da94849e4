import { beforeEach, describe, expect, it } from "vitest";
import {
  declarationBefore,
  declarations,
  displace,
  displacement,
  putBack,
  putBackAbandoned,
} from "../../../engine/displaced-service.ts";
import { DECLARATION_LABEL, DISPLACED_LABEL } from "../../../engine/service-rollout.ts";
import { thisMaker } from "../../../engine/temporary.ts";
import { type FakeEngine, fakeEngine, NOT_FOUND } from "./fake-engine.ts";

interface Spec {
  Name: string;
  Labels: Record<string, string>;
  TaskTemplate: { ContainerSpec: Record<string, unknown> & { Image: string } };
}

function spec(declaration: string, image: string, changes: Record<string, unknown> = {}): Spec {
  const labels = { [DECLARATION_LABEL]: declaration };
  return {
    Name: "shop-app",
    Labels: labels,
    TaskTemplate: { ContainerSpec: { Image: image, Env: [`RELEASE=${image}`], Labels: labels, ...changes } },
  };
}

/** An engine with one service that keeps, as swarm does, the specification before the last update. */
let service: { ID: string; Version: { Index: number }; UpdatedAt: string; Spec: Spec; PreviousSpec?: Spec };
let engine: FakeEngine;
const images = new Set<string>();

beforeEach(async () => {
  images.clear();
  images.add("old").add("new");
  service = {
    ID: "s1",
    Version: { Index: 7 },
    UpdatedAt: new Date().toISOString(),
    Spec: spec("d2", "new"),
    PreviousSpec: spec("d1", "old"),
  };
  engine = await fakeEngine(({ call, query, body }) => {
    if (call === "GET /services") return { status: 200, body: [service] };
    if (call.startsWith("GET /services/")) return { status: 200, body: service };
    if (call.startsWith("GET /images/")) {
      return images.has(call.split("/")[2] ?? "") ? { status: 200, body: {} } : NOT_FOUND;
    }
    if (!call.endsWith("/update")) return undefined;
    if (query.get("version") !== String(service.Version.Index)) return { status: 500 };
    const { Name, Labels, TaskTemplate } = body as Spec;
    const given = { Name, Labels, TaskTemplate };
    const updated = query.get("rollback") === "previous" ? service.PreviousSpec : given;
    if (updated === undefined) return { status: 500 };
    service = { ...service, Version: { Index: service.Version.Index + 1 }, PreviousSpec: service.Spec, Spec: updated };
    return { status: 200, body: {} };
  });
});

describe("a displaced service", () => {
  it("goes to the declaration before, and back to exactly what it ran", async () => {
    const declared = structuredClone(service.Spec);
    const before = await declarationBefore(engine.docker, "shop-app");
    expect(before).toMatchObject({ release: "old" });
    const plan = await displacement(engine.docker, "shop-app", before);
    expect(declarations(plan)).toEqual({ declared: "d2", target: "d1" });
    await displace(engine.docker, plan);
    expect(service.Spec.TaskTemplate.ContainerSpec.Image).toBe("old");
    expect(service.Spec.Labels[DISPLACED_LABEL]).toBe(thisMaker());
    expect(await putBack(engine.docker, plan)).toBe(true);
    expect(service.Spec).toEqual(declared);
    // The release before is known as it was, so that this may be done again.
    expect(await declarationBefore(engine.docker, "shop-app")).toEqual(before);
  });

  it("gets new tasks of the same declaration where there is none before, and back to exactly what it ran", async () => {
    delete service.PreviousSpec;
    const declared = structuredClone(service.Spec);
    expect(await declarationBefore(engine.docker, "shop-app")).toBeUndefined();
    const plan = await displacement(engine.docker, "shop-app", undefined);
    await displace(engine.docker, plan);
    expect(service.Spec.TaskTemplate.ContainerSpec).toMatchObject({
      Image: "new",
      Labels: { [DECLARATION_LABEL]: "d2.again" },
    });
    expect(await putBack(engine.docker, plan)).toBe(true);
    expect(service.Spec).toEqual(declared);
    expect(await declarationBefore(engine.docker, "shop-app")).toBeUndefined();
  });

  it("does not go where what it needs is no longer on the engine", async () => {
    images.delete("old");
    expect(await declarationBefore(engine.docker, "shop-app")).toMatchObject({
      impossible: "image old is no longer on the engine",
    });
    images.add("old");
    service.PreviousSpec = spec("d1", "old", { Secrets: [{ SecretID: "k", SecretName: "shop-key" }] });
    expect(await declarationBefore(engine.docker, "shop-app")).toMatchObject({
      impossible: "secret shop-key is no longer on the engine",
    });
  });

  it("stays as it is where a deployment has changed it meanwhile", async () => {
    const plan = await displacement(engine.docker, "shop-app", undefined);
    await displace(engine.docker, plan);
    service.Spec = spec("d3", "newer");
    expect(await putBack(engine.docker, plan)).toBe(false);
    expect(service.Spec.TaskTemplate.ContainerSpec.Image).toBe("newer");
  });

  it("is put back by the next command where a killed one has left it, and only then", async () => {
    const declared = structuredClone(service.Spec);
    await displace(engine.docker, await displacement(engine.docker, "shop-app", undefined));
    expect(await putBackAbandoned(engine.docker)).toEqual([]);
    const dead = JSON.stringify({ ...(JSON.parse(thisMaker()) as object), started: "1" });
    service.Spec.Labels[DISPLACED_LABEL] = dead;
    expect(await putBackAbandoned(engine.docker)).toEqual(["shop-app"]);
    expect(service.Spec).toEqual(declared);
  });
});
