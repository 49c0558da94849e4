import { beforeAll, describe, expect, it } from "vitest";
import { type Deployment, deploy } from "./deployment.ts";
import { sandboxSettings } from "./settings.ts";

const SNAPSHOT = { id: "0123456789ab", image: "registry.example.com/snapshot:0123456789ab" };
const ADOPTED = "Stash <environment>-database-roles-snapshot-adopted";
const SERVER = "Container <environment>-database-server";
let from: Deployment;
let empty: Deployment;

beforeAll(async () => {
  from = await deploy("sandbox", sandboxSettings, SNAPSHOT);
  empty = await deploy("sandbox", sandboxSettings);
});

/** All that is in the server. */
function inServer({ nodes }: Deployment) {
  return nodes.filter(({ type }) => type.startsWith("postgresql:index/"));
}

describe("an environment from a snapshot", () => {
  it("differs from one with a volume by the volume and the step that takes the database over, and nothing else", () => {
    const [ids, others] = [from, empty].map(({ nodes }) => nodes.map(({ id }) => id));
    expect(others?.filter((id) => !ids?.includes(id))).toEqual(["Volume reference-sandbox-database-data"]);
    expect(ids?.filter((id) => !others?.includes(id))).toEqual([
      "SnapshotDatabase reference-sandbox-database-roles-snapshot",
      "Stash reference-sandbox-database-roles-snapshot-adopted",
    ]);
  });

  it("runs the snapshot's image with the data in the container's own layer, as restricted as ever", () => {
    const { image, volumes, readOnly, ...inputs } = from.get(SERVER).inputs;
    expect({ image, volumes, readOnly }).toEqual({ image: SNAPSHOT.image, volumes: undefined, readOnly: false });
    const { image: own, volumes: mounted, readOnly: sealed, ...others } = empty.get(SERVER).inputs;
    expect({ own, sealed, mounts: (mounted as unknown[]).length }).toMatchObject({ sealed: true, mounts: 1 });
    expect(inputs).toEqual(others);
    expect([from.get(SERVER).ignoreChanges, empty.get(SERVER).ignoreChanges]).toEqual([["labels"], []]);
  });

  it("makes what is in the server anew with each container, and drops nothing of it by name", () => {
    const provided = inServer(from).filter(({ type }) => !type.includes("providers"));
    expect(provided).toHaveLength(15);
    for (const { id, replacementTrigger, retainOnDelete, deletedWith } of provided) {
      expect({ replacementTrigger, retainOnDelete, deletedWith }, id).toEqual({
        replacementTrigger: "reference-sandbox-database-server-id",
        retainOnDelete: true,
        deletedWith: "Container reference-sandbox-database-server",
      });
    }
    for (const { id, replacementTrigger, retainOnDelete } of inServer(empty)) {
      expect({ replacementTrigger, retainOnDelete }, id).toEqual({
        replacementTrigger: undefined,
        retainOnDelete: false,
      });
    }
  });

  it("takes the snapshot's database over once for each container: after roles and database, before all else", () => {
    const { inputs, hooks } = from.get(ADOPTED);
    expect(inputs["input"]).toEqual({ snapshot: SNAPSHOT.id, server: "reference-sandbox-database-server-id" });
    expect(Object.keys(hooks).toSorted()).toEqual(["beforeCreate", "beforeUpdate"]);
    for (const type of ["Role", "Database"]) {
      for (const { id } of from.of(type)) expect(from.waitsFor(ADOPTED, id), id).toBe(true);
    }
    for (const type of ["Extension", "Grant", "DefaultPrivileges"]) {
      for (const { id } of from.of(type)) expect(from.waitsFor(id, ADOPTED), id).toBe(true);
    }
    expect(from.waitsFor("Stash <environment>-migration-applied", ADOPTED)).toBe(true);
  });
});
