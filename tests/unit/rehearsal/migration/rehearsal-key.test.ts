import { describe, expect, it } from "vitest";
import { type ReleaseRehearsal, rehearsalKey } from "../../../../rehearsal/migration/release-rehearsal.ts";

const RELEASE: ReleaseRehearsal = {
  environmentName: "shop-sandbox",
  projectName: "shop",
  appService: "shop-sandbox-app",
  form: "full",
  incoming: { image: "shop/application:2", environment: { A: "1" }, secrets: { KEY: "s" }, memoryBytes: 1 },
  database: undefined,
  databaseName: "app",
  databaseMemoryMiB: 1024,
  databaseParameters: ["max_connections=100"],
  paths: ["/"],
  longestWaitSeconds: 2,
  accepted: [],
  snapshot: "newest",
  startsFromSnapshot: false,
};

function key(
  changes: Partial<ReleaseRehearsal> = {},
  applied: string[] = ["a.1", "b.1"],
  outgoing = "shop/application:1",
) {
  return rehearsalKey({ ...RELEASE, ...changes }, "full", "0123456789ab", applied, outgoing);
}

describe("the key of a rehearsal", () => {
  it("is the same for the same release on the same data and state", () => {
    expect(key({}, ["b.1", "a.1"])).toBe(key());
    expect(key({ incoming: { ...RELEASE.incoming, secrets: { KEY: "another" } } })).toBe(key());
  });

  it.each([
    ["another release", key({ incoming: { ...RELEASE.incoming, image: "shop/application:3" } })],
    ["other variables", key({ incoming: { ...RELEASE.incoming, environment: { A: "2" } } })],
    ["another release that runs", key({}, undefined, "shop/application:0")],
    ["other migrations applied", key({}, ["a.1"])],
    ["another limit", key({ longestWaitSeconds: 1 })],
    ["another form", rehearsalKey(RELEASE, "fast", "0123456789ab", ["a.1", "b.1"], "shop/application:1")],
    ["another snapshot", rehearsalKey(RELEASE, "full", "ba9876543210", ["a.1", "b.1"], "shop/application:1")],
  ])("is another one for %s", (_what, other) => {
    expect(other).not.toBe(key());
  });
});
