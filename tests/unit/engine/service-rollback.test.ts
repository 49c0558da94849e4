import { describe, expect, it } from "vitest";
import { rollBackUpdate } from "../../../engine/service-rollback.ts";
import { DECLARATION_LABEL } from "../../../engine/service-rollout.ts";
import { type EngineAnswer, fakeEngine } from "./fake-engine.ts";

const SINCE = Date.parse("2026-01-01T12:00:00Z");
const spec = (declaration: string) => ({ Labels: { [DECLARATION_LABEL]: declaration }, Mode: {} });
const UPDATED = {
  ID: "s1",
  Version: { Index: 42 },
  UpdatedAt: "2026-01-01T12:00:05Z",
  Spec: spec("new"),
  PreviousSpec: spec("old"),
};

async function engineWith(service: object, update: EngineAnswer = { status: 200, body: {} }) {
  return await fakeEngine(({ call }) => (call === "GET /services/shop-app" ? { status: 200, body: service } : update));
}

describe("putting a service back", () => {
  it("asks the engine for the specification before, of exactly the version that was looked at", async () => {
    const engine = await engineWith(UPDATED);
    expect(await rollBackUpdate(engine.docker, "shop-app", SINCE)).toBe("old");
    expect(engine.calls()).toEqual(["GET /services/shop-app", "POST /services/s1/update"]);
    const { query, body } = engine.requests[1] ?? expect.fail("no update was asked for");
    expect(Object.fromEntries(query)).toEqual({ version: "42", rollback: "previous" });
    expect(body).toEqual(UPDATED.Spec);
  });

  it.each<[what: string, service: object]>([
    ["has no release before", { ...UPDATED, PreviousSpec: undefined }],
    ["was updated before this deployment", { ...UPDATED, UpdatedAt: "2026-01-01T11:59:59Z" }],
    [
      "has the same declaration before, as after a change of its tasks' number",
      { ...UPDATED, PreviousSpec: spec("new") },
    ],
    ["had a specification that is not ours", { ...UPDATED, PreviousSpec: { Mode: {} } }],
  ])("leaves alone a service that %s", async (_, service) => {
    const engine = await engineWith(service);
    expect(await rollBackUpdate(engine.docker, "shop-app", SINCE)).toBeUndefined();
    expect(engine.calls()).toEqual(["GET /services/shop-app"]);
  });

  it("is an error where the engine refuses", async () => {
    const engine = await engineWith(UPDATED, { status: 500, body: { message: "update out of sequence" } });
    await expect(rollBackUpdate(engine.docker, "shop-app", SINCE)).rejects.toThrow("update out of sequence");
  });
});
